import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Check, CircleAlert, Info, OctagonAlert, type LucideIcon } from 'lucide-react';
import { problemOf } from '../../../api/client.ts';
import { alertsQuery, markSeen, type AlertScope } from '../api/alerts.ts';
import type { Alert } from '../../../api/wire.ts';
import { useNow } from '../../../browser/now.ts';
import { agoWords, momentWords } from '../../../words/time.ts';
import { Button } from '../../../ui/button.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Empty, Failed, Loading } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../operator/parts/workspace-link.tsx';

interface Props {
  readonly scope: AlertScope;
  /** What is said when there is nothing: a title, and what would show here. */
  readonly empty: { readonly title: string; readonly text: string };
}

/** Alerts, newest first, each to be ticked off. */
export function AlertList({ scope, empty }: Props) {
  const now_ms = useNow(30_000);
  const pages = useInfiniteQuery(alertsQuery(scope));
  if (pages.isPending) return <Loading what="the alerts" lines={4} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const alerts = pages.data.pages.flatMap((page) => page.alerts);
  if (alerts.length === 0) return <Empty title={empty.title}>{empty.text}</Empty>;
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule" data-testid="alerts">
        {alerts.map((alert) => (
          <Row key={alert.id} alert={alert} scope={scope} now_ms={now_ms} />
        ))}
      </ul>
      <OlderButton what="alerts" pages={pages} />
    </>
  );
}

const SEVERITY: Record<Alert['severity'], { readonly words: string; readonly paint: string; readonly icon: LucideIcon }> = {
  info: { words: 'For your information', paint: 'text-store', icon: Info },
  warning: { words: 'Warning', paint: 'text-held', icon: CircleAlert },
  critical: { words: 'Critical', paint: 'text-oxide', icon: OctagonAlert },
};

function Row({ alert, scope, now_ms }: { readonly alert: Alert; readonly scope: AlertScope; readonly now_ms: number }) {
  const client = useQueryClient();
  const seen = useMutation({
    mutationFn: () => markSeen(scope, alert.id),
    onSuccess: () => client.invalidateQueries({ queryKey: scope.operator ? ['admin', 'alerts'] : ['alerts'] }),
  });
  const { words, paint, icon: Icon } = SEVERITY[alert.severity];
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 py-3.5 sm:grid-cols-[auto_1fr_auto]">
      <span className={`mt-0.5 ${paint}`}>
        <Icon size={20} aria-hidden="true" />
        <span className="sr-only">{words}</span>
      </span>
      <div className="min-w-0">
        <h3 className={alert.seen_at === null ? 'font-semibold' : 'font-medium text-ink-soft'}>{alert.title}</h3>
        <p className="max-w-prose text-[0.9375rem] [overflow-wrap:anywhere] text-ink-soft">{alert.text}</p>
        <p className="mt-0.5 text-sm text-ink-faint" title={momentWords(alert.raised_at)}>
          {agoWords(alert.raised_at, now_ms)}
          {scope.operator && scope.workspace_id === undefined ? (
            <>
              {' · '}
              <WorkspaceLink id={alert.workspace_id} />
            </>
          ) : null}
        </p>
        {seen.isError ? <Refused problem={problemOf(seen.error)} /> : null}
      </div>
      <div className="col-start-2 sm:col-start-3">
        {alert.seen_at === null ? (
          <Button disabled={seen.isPending} onClick={() => seen.mutate()}>
            {seen.isPending ? 'Marking…' : 'Seen'}
            <span className="sr-only">: {alert.title}</span>
          </Button>
        ) : (
          <span className="flex items-center gap-1 text-sm text-ink-faint">
            <Check size={16} aria-hidden="true" /> seen
          </span>
        )}
      </div>
    </li>
  );
}
