import { useQuery } from '@tanstack/react-query';

import { callsQuery } from '../../../api/queries.ts';
import { useNow } from '../../../browser/now.ts';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed } from '../../../ui/states.tsx';
import { agoWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { operationLabel } from '../words/operation.ts';
import { Cost, Outcome, tokenWords } from './call-cells.tsx';

const LAST = 6;

/** The last few, beside what made them. */
export function LastCalls() {
  const now_ms = useNow(15_000);
  const calls = useQuery(callsQuery(undefined, LAST));
  if (calls.isPending) return <Loading what={t('your calls')} lines={4} />;
  if (calls.isError) return <Failed error={calls.error} retry={() => void calls.refetch()} />;
  if (calls.data.calls.length === 0)
    return <Empty title={t('No calls yet')}>{t('Run a task above. It appears here with its model and its tokens.')}</Empty>;
  return (
    <ul className="divide-y divide-rule border-y border-rule" data-testid="calls">
      {calls.data.calls.map((call) => (
        <li
          key={`${call.id} ${call.attempt}`}
          className="grid grid-cols-[1fr_auto] items-baseline gap-x-4 gap-y-0.5 py-2.5 lg:grid-cols-[7rem_minmax(0,1fr)_9rem_8rem_8.5rem_8rem]"
        >
          <p className="font-semibold">{operationLabel(call.operation)}</p>
          <p className="truncate text-sm text-ink-soft max-lg:order-3">{`${call.provider} / ${call.model}`}</p>
          <p className="text-sm max-lg:order-5">
            <Outcome call={call} />
          </p>
          <p className="figures text-right text-sm text-ink-soft max-lg:order-4">{tokenWords(call.usage)}</p>
          <p className="text-right text-sm text-ink-faint max-lg:order-6" title={momentWords(call.at, { now_ms })}>
            {agoWords(call.at, now_ms)}
          </p>
          <p className="figures text-right max-lg:order-2">
            <Cost call={call} />
          </p>
        </li>
      ))}
    </ul>
  );
}
