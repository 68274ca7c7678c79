import { useInfiniteQuery } from '@tanstack/react-query';
import { callsQuery } from '../../../api/queries.ts';
import type { Call } from '../../../api/wire.ts';
import { useNow } from '../../../browser/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../../ui/states.tsx';
import { formatCount, formatMoney } from '../../../words/amount.ts';
import { operationLabel } from '../words/operation.ts';
import { outcomeWords } from '../words/outcome.ts';
import { agoWords, momentWords, tookWords } from '../../../words/time.ts';

/** The calls as a ruled list: rows on a desktop, entries on a phone. */
export function CallTable({ limit }: { readonly limit?: number }) {
  const now_ms = useNow(15_000);
  const pages = useInfiniteQuery(callsQuery);
  if (pages.isPending) return <Loading what="your calls" lines={4} />;
  if (pages.isError) return <Failed error={pages.error} retry={() => void pages.refetch()} />;
  const calls = pages.data.pages.flatMap((page) => page.calls);
  if (calls.length === 0) {
    return <Empty title="No calls yet">Run a task above. It appears here with its model and its tokens.</Empty>;
  }
  return (
    <>
      <ul className="divide-y divide-rule border-y border-rule" data-testid="calls">
        {calls.slice(0, limit).map((call) => (
          <CallRow key={`${call.id} ${call.attempt}`} call={call} now_ms={now_ms} />
        ))}
      </ul>
      {limit === undefined && pages.hasNextPage ? (
        <Button className="mt-4" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {pages.isFetchingNextPage ? 'Reading older calls…' : 'Older calls'}
        </Button>
      ) : null}
    </>
  );
}

function CallRow({ call, now_ms }: { readonly call: Call; readonly now_ms: number }) {
  const outcome = outcomeWords(call.outcome);
  const tokens =
    call.usage === null ? '' : `${formatCount(call.usage.input_tokens)} in, ${formatCount(call.usage.output_tokens)} out`;
  const model = `${call.provider} / ${call.model}`;
  return (
    <li className="grid grid-cols-[1fr_auto] items-baseline gap-x-4 gap-y-0.5 py-2.5 lg:grid-cols-[7rem_minmax(0,1fr)_9rem_8rem_8.5rem_8rem]">
      <p className="font-semibold">{operationLabel(call.operation)}</p>
      <p className="truncate text-sm text-ink-soft max-lg:order-3" title={model}>
        {model}
      </p>
      <p className={`text-sm max-lg:order-5 ${outcome.good ? 'text-fair' : 'text-oxide'}`}>
        {outcome.words}
        <span className="text-ink-faint"> · {tookWords(call.duration_ms)}</span>
      </p>
      <p className="figures text-right text-sm text-ink-soft max-lg:order-4">{tokens}</p>
      <p className="text-right text-sm text-ink-faint max-lg:order-6" title={momentWords(call.at)}>
        {agoWords(call.at, now_ms)}
      </p>
      <p className="figures text-right font-semibold max-lg:order-2">
        {call.cost === undefined ? null : call.cost === null ? (
          <span className="font-normal text-ink-faint">not known yet</span>
        ) : (
          formatMoney(call.cost)
        )}
      </p>
    </li>
  );
}
