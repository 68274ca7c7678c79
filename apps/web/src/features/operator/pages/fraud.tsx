import type { FraudWeek } from '@purser/api';
import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { t } from '../../../words/translate.ts';
import { fraudQuery } from '../api/operator.ts';
import { useNow } from '../../../browser/now.ts';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { monthStart } from '../../../words/calendar.ts';
import { dayWords, momentWords } from '../../../words/time.ts';
import { FileLink } from '../../../ui/file-link.tsx';
import { FraudQueue } from '../parts/fraud-queue.tsx';

/** What looks dishonest and waits for a person to look at it, and what was flagged week by week. */
export function FraudPage() {
  return (
    <>
      <PageHead title={t('Fraud')}>
        {t(
          'A workspace that spends more credits in an hour than the fraud threshold of its plan is flagged, not stopped. Check it, then acknowledge it.',
        )}
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <Panel title={t('To check')}>
          <FraudQueue />
        </Panel>
        <Weeks />
      </div>
    </>
  );
}

const MONTHS_BACK = -2;

function Weeks() {
  const from = monthStart(useNow(3_600_000), MONTHS_BACK);
  const weeks = useQuery(fraudQuery(from));
  return (
    <Panel
      title={t('Week by week')}
      aside={
        <FileLink
          href={`/api/admin/reports/fraud?format=csv&from=${from}`}
          className="flex min-h-11 items-center gap-1.5 font-semibold text-store underline underline-offset-3"
        >
          <Download size={16} aria-hidden="true" /> {t('CSV')}
        </FileLink>
      }
    >
      {weeks.isPending ? <Loading what={t('the weeks')} /> : null}
      {weeks.isError ? <Failed error={weeks.error} retry={() => void weeks.refetch()} /> : null}
      {weeks.data === undefined ? null : <WeekList weeks={weeks.data} />}
    </Panel>
  );
}

function WeekList({ weeks }: { readonly weeks: readonly FraudWeek[] }) {
  const now_ms = useNow(3_600_000);
  if (weeks.length === 0)
    return (
      <Empty title={t('No flags in three months')}>{t('Each week with a flag stays here, also when it was acknowledged.')}</Empty>
    );
  return (
    <ul className="grid gap-5">
      {weeks.map(({ week, workspaces, users, flags }) => (
        <li key={week}>
          <h3 className="narrow text-xl font-semibold">
            {t('Week of {day}', { day: dayWords(week, now_ms, 'UTC') })}
            <span className="ml-2 text-base font-medium text-ink-soft">
              {t(
                '{flags, plural, one {# flag} other {# flags}}, {workspaces, plural, one {# workspace} other {# workspaces}}, {users, plural, one {# user} other {# users}} above the threshold alone',
                { flags: flags.length, workspaces, users },
              )}
            </span>
          </h3>
          <ul className="mt-1 divide-y divide-rule border-y border-rule">
            {flags.map((flag) => (
              <li key={flag.id} className="py-2">
                <p>
                  <WorkspaceLink id={flag.workspace_id} />
                  <span className="ml-2 text-sm text-ink-faint">{momentWords(flag.at)}</span>
                </p>
                <p className="text-[0.9375rem] text-ink-soft">{flag.text}</p>
                {flag.users === null || flag.users.length === 0 ? null : (
                  <p className="text-[0.9375rem] wrap-anywhere text-ink-soft">
                    {t('Above the threshold alone: {users}', {
                      users: flag.users.map(({ actor, user }) => user ?? actor).join(', '),
                    })}
                  </p>
                )}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}
