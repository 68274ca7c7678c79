import type { AlertGroup } from '@purser/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Check, CircleAlert, Info, OctagonAlert, type LucideIcon } from 'lucide-react';

import { problemOf } from '../../../api/client.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { agoWords, localTimes, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { acknowledge, alertGroupsQuery, type AlertScope, type AlertSearch, marksOf } from '../api/alerts.ts';
import { alertsKey } from '../api/count.ts';

interface Props {
  readonly scope: AlertScope;
  readonly search: AlertSearch;
  /** What is said when there is nothing: a title, and what would show here. */
  readonly empty: { readonly title: string; readonly text: string };
}

/** Alerts by what they are about, newest first, each group to be acknowledged. */
export function AlertList({ scope, search, empty }: Props) {
  const page = useQuery(alertGroupsQuery(scope, search));
  if (page.isPending) return <Loading what={t('the alerts')} lines={4} />;
  if (page.isError) return <Failed error={page.error} retry={() => void page.refetch()} />;
  if (page.data.groups.length === 0) return <Empty title={empty.title}>{empty.text}</Empty>;
  return (
    <ul className="divide-y divide-rule border-y border-rule" data-testid="alerts">
      {page.data.groups.map((group) => (
        <Group key={group.newest} group={group} scope={scope} />
      ))}
    </ul>
  );
}

const SEVERITY: Record<AlertGroup['severity'], { readonly words: string; readonly paint: string; readonly icon: LucideIcon }> = {
  info: { words: t('For your information'), paint: 'text-store', icon: Info },
  warning: { words: t('Warning'), paint: 'text-held', icon: CircleAlert },
  critical: { words: t('Critical'), paint: 'text-oxide', icon: OctagonAlert },
};

function Group({ group, scope }: { readonly group: AlertGroup; readonly scope: AlertScope }) {
  const now_ms = useNow(30_000);
  const { words, paint, icon: Icon } = SEVERITY[group.severity];
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 py-3.5 sm:grid-cols-[auto_1fr_auto]">
      <span className={`mt-0.5 ${paint}`}>
        <Icon size={20} aria-hidden="true" />
        <span className="sr-only">{words}</span>
      </span>
      <div className="min-w-0">
        <h3 className={group.seen_at === null ? 'font-semibold' : 'font-medium text-ink-soft'}>{group.title}</h3>
        <p className="max-w-prose text-[0.9375rem] [overflow-wrap:anywhere] text-ink-soft">{localTimes(group.text)}</p>
        <p className="mt-0.5 text-sm text-ink-faint" title={momentWords(group.raised_at, { now_ms })}>
          {agoWords(group.raised_at, now_ms)}
          {group.alerts > 1
            ? ` · ${t('{count} alerts since {moment}', { count: group.alerts, moment: momentWords(group.first_raised_at, { now_ms }) })}`
            : ''}
          {scope.operator && scope.workspace_id === undefined ? (
            <>
              {' · '}
              <WorkspaceLink id={group.workspace_id} />
            </>
          ) : null}
        </p>
      </div>
      <Acknowledge group={group} scope={scope} />
    </li>
  );
}

function Acknowledge({ group, scope }: { readonly group: AlertGroup; readonly scope: AlertScope }) {
  const client = useQueryClient();
  const seen = useMutation({
    mutationFn: () => acknowledge(scope.operator, marksOf(scope.operator, group)),
    onSuccess: () => client.invalidateQueries({ queryKey: alertsKey(scope.operator) }),
  });
  return (
    <div className="col-start-2 sm:col-start-3">
      {group.seen_at === null ? (
        <Button disabled={seen.isPending} onClick={() => seen.mutate()}>
          {seen.isPending ? t('Acknowledging…') : t('Acknowledge')}
          <span className="sr-only">: {group.title}</span>
        </Button>
      ) : (
        <span className="flex items-center gap-1 text-sm text-ink-faint">
          <Check size={16} aria-hidden="true" /> {t('acknowledged')}
        </span>
      )}
      {seen.isError ? <Refused problem={problemOf(seen.error)} /> : null}
    </div>
  );
}
