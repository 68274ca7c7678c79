import type { FraudFlag } from '@purser/api';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { acknowledgeAlert, fraudQueueQuery } from '../api/operator.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { formatCount } from '../../../words/amount.ts';
import { agoWords, momentWords } from '../../../words/time.ts';
import { rich, t } from '../../../words/translate.ts';

/** Who spent more in an hour than is taken for honest, and who in that workspace did. */
export function FraudQueue({ unseen }: { readonly unseen: boolean }) {
  const now_ms = useNow(30_000);
  const pages = useInfiniteQuery(fraudQueueQuery(unseen));
  if (pages.isPending) return <Loading what={t('the flags')} lines={4} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const flags = pages.data.pages.flatMap((page) => page.flags);
  if (flags.length === 0)
    return (
      <Empty title={unseen ? t('Nothing to check') : t('No flag so far')}>
        {t('A user with too many failures in a row is blocked for a while automatically.')}
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
    mutationFn: () => acknowledgeAlert(flag.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin'] }),
  });
  return (
    <li className="grid gap-x-4 gap-y-2 py-3.5 sm:grid-cols-[1fr_auto]">
      <div className="min-w-0">
        <h3 className="text-lg">
          <WorkspaceLink id={flag.workspace_id} />
          {flag.user === null ? null : <span className="text-ink-soft"> · {t('user {user}', { user: flag.user })}</span>}
        </h3>
        <p className="figures">
          {rich(
            '<strong>{count} credits</strong> in an hour; the fraud threshold is {threshold}.',
            {
              strong: <strong className="text-oxide">{''}</strong>,
            },
            { count: formatCount(flag.credits), threshold: formatCount(flag.credits_max) },
          )}
        </p>
        <p className="text-sm text-ink-faint" title={`${momentWords(flag.from)} – ${momentWords(flag.to)}`}>
          {agoWords(flag.to, now_ms)}
          {flag.seen_at === null ? '' : t(' · acknowledged by {who}', { who: flag.seen_by ?? t('someone') })}
        </p>
        <ul className="figures mt-1.5 text-[0.9375rem]">
          {flag.spenders.map(({ actor, user, credits }) => (
            <li key={`${actor} ${user ?? ''}`} className="[overflow-wrap:anywhere]">
              {user === null
                ? t('{count} by {actor}', { count: formatCount(credits), actor })
                : t('{count} by user {user} through {actor}', { count: formatCount(credits), user, actor })}
            </li>
          ))}
        </ul>
        {seen.isError ? <Refused problem={problemOf(seen.error)} /> : null}
      </div>
      {flag.seen_at === null ? (
        <div>
          <Button disabled={seen.isPending} onClick={() => seen.mutate()}>
            {seen.isPending ? t('Acknowledging…') : t('Acknowledge')}
          </Button>
        </div>
      ) : null}
    </li>
  );
}
