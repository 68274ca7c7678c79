import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { markSeen } from '../../alerts/api/alerts.ts';
import { problemOf } from '../../../api/client.ts';
import { fraudQueueQuery } from '../api/operator.ts';
import type { FraudFlag } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Empty, Failed, Loading } from '../../../ui/states.tsx';
import { WorkspaceLink } from './workspace-link.tsx';
import { formatCount } from '../../../words/amount.ts';
import { agoWords, momentWords } from '../../../words/time.ts';

/** Who spent more in an hour than is taken for honest, and who in that workspace did. */
export function FraudQueue({ unseen }: { readonly unseen: boolean }) {
  const now_ms = useNow(30_000);
  const pages = useInfiniteQuery(fraudQueueQuery(unseen));
  if (pages.isPending) return <Loading what="the flags" lines={4} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const flags = pages.data.pages.flatMap((page) => page.flags);
  if (flags.length === 0)
    return (
      <Empty title={unseen ? 'Nothing to look at' : 'No flag so far'}>
        Who fails too often in a row is kept out for a while by itself; that needs nobody.
      </Empty>
    );
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule" data-testid="flags">
        {flags.map((flag) => (
          <Flag key={flag.id} flag={flag} now_ms={now_ms} />
        ))}
      </ul>
      <OlderButton what="flags" pages={pages} />
    </>
  );
}

function Flag({ flag, now_ms }: { readonly flag: FraudFlag; readonly now_ms: number }) {
  const client = useQueryClient();
  const seen = useMutation({
    mutationFn: () => markSeen({ operator: true, unseen: true }, flag.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
  return (
    <li className="grid gap-x-4 gap-y-2 py-3.5 sm:grid-cols-[1fr_auto]">
      <div className="min-w-0">
        <h3 className="text-lg">
          <WorkspaceLink id={flag.workspace_id} />
        </h3>
        <p className="figures">
          <strong className="text-oxide">{formatCount(flag.credits)} credits</strong> in an hour; the plan takes{' '}
          {formatCount(flag.credits_max)} for honest.
        </p>
        <p className="text-sm text-ink-faint" title={`${momentWords(flag.from)} to ${momentWords(flag.to)}`}>
          {agoWords(flag.to, now_ms)}
          {flag.seen_at === null ? '' : ` · seen by ${flag.seen_by ?? 'somebody'}`}
        </p>
        <ul className="figures mt-1.5 text-[0.9375rem]">
          {flag.spenders.map(({ actor, user, credits }) => (
            <li key={`${actor} ${user ?? ''}`} className="[overflow-wrap:anywhere]">
              <strong>{formatCount(credits)}</strong> by {user === null ? actor : `user ${user}`}
              {user === null ? null : <span className="text-ink-faint"> through {actor}</span>}
            </li>
          ))}
        </ul>
        {seen.isError ? <Refused problem={problemOf(seen.error)} /> : null}
      </div>
      {flag.seen_at === null ? (
        <div>
          <Button disabled={seen.isPending} onClick={() => seen.mutate()}>
            {seen.isPending ? 'Marking…' : 'Seen'}
          </Button>
        </div>
      ) : null}
    </li>
  );
}
