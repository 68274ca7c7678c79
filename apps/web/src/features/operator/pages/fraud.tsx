import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { fraudQuery } from '../api/operator.ts';
import type { FraudWeek } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { FileLink } from '../../../ui/file-link.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../parts/workspace-link.tsx';
import { dayWords, momentWords, monthStart } from '../../../words/time.ts';
import { SeenChoice } from '../../alerts/pages/alerts.tsx';
import { FraudQueue } from '../parts/fraud-queue.tsx';

/** What looks dishonest and waits for a person to look at it, and what was flagged week by week. */
export function FraudPage() {
  const [shown, setShown] = useState<'new' | 'all'>('new');
  return (
    <>
      <PageHead title="Fraud">
        A workspace that spends more credits in an hour than its plan takes for honest is flagged, not stopped. Look at it, then
        tick it off.
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <Panel title="To look at" aside={<SeenChoice value={shown} onChange={setShown} />}>
          <FraudQueue unseen={shown === 'new'} />
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
      title="Week by week"
      aside={
        <FileLink
          href={`/api/admin/reports/fraud?format=csv&from=${from}`}
          className="flex min-h-11 items-center gap-1.5 font-semibold text-store underline underline-offset-3"
        >
          <Download size={16} aria-hidden="true" /> CSV
        </FileLink>
      }
    >
      {weeks.isPending ? <Loading what="the weeks" /> : null}
      {weeks.isError ? <Failed error={weeks.error} retry={() => void weeks.refetch()} /> : null}
      {weeks.data === undefined ? null : <WeekList weeks={weeks.data} />}
    </Panel>
  );
}

function WeekList({ weeks }: { readonly weeks: readonly FraudWeek[] }) {
  const now_ms = useNow(3_600_000);
  if (weeks.length === 0)
    return <Empty title="No flags in three months">Each week with a flag is kept here, also when it was seen.</Empty>;
  return (
    <ul className="grid gap-5">
      {weeks.map(({ week, workspaces, users, flags }) => (
        <li key={week}>
          <h3 className="narrow text-xl font-semibold">
            Week of {dayWords(week, now_ms, 'UTC')}
            <span className="ml-2 text-base font-medium text-ink-soft">
              {flags.length} {flags.length === 1 ? 'flag' : 'flags'}, {workspaces} {workspaces === 1 ? 'workspace' : 'workspaces'}
              , {users} {users === 1 ? 'user' : 'users'} above the limit alone
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
                    Above the limit alone: {flag.users.map(({ actor, user }) => user ?? actor).join(', ')}
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
