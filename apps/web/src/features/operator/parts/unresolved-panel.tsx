import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { type Resolution, resolveCalls, type UnresolvedCall, unresolvedQuery } from '../api/unresolved.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { OlderButton } from '../../../ui/older-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, Panel } from '../../../ui/states.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { formatMoney } from '../../../words/amount.ts';
import { momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

/** What is kept in the books at its worst case until a provider's bill or the operator says what it was. */
export function UnresolvedPanel() {
  const pages = useInfiniteQuery(unresolvedQuery);
  return (
    <Panel title={t('Unresolved calls')}>
      <p className="mb-4 max-w-prose text-ink-soft">
        {t(
          'The provider may have billed these calls, and has not said so. The ledger counts them at their maximum cost; no customer was charged. Resolve them by a provider’s export, or one by one.',
        )}
      </p>
      {pages.isPending ? <Loading what={t('unresolved calls')} lines={3} /> : null}
      {pages.isError ? <Failed error={pages.error} retry={() => void pages.refetch()} /> : null}
      {pages.data === undefined ? null : <Calls calls={pages.data.pages.flatMap((page) => page.unresolved)} />}
      <OlderButton what="calls" pages={pages} />
    </Panel>
  );
}

function Calls({ calls }: { readonly calls: readonly UnresolvedCall[] }) {
  if (calls.length === 0)
    return (
      <Empty title={t('Nothing unresolved')}>
        {t('The cost of every call is known. Calls of an outage would be listed here.')}
      </Empty>
    );
  return (
    <ul className="divide-y divide-rule border-y border-rule">
      {calls.map((call) => (
        <Call key={call.transaction_id} call={call} />
      ))}
    </ul>
  );
}

function Call({ call }: { readonly call: UnresolvedCall }) {
  const client = useQueryClient();
  const resolve = useMutation({
    mutationFn: (verdict: Resolution['verdict']) =>
      resolveCalls({ transaction_ids: [call.transaction_id], verdict, reason: 'resolved on the page' }),
    onSuccess: () => client.invalidateQueries({ queryKey: unresolvedQuery.queryKey }),
  });
  const cost = formatMoney(call.cost);
  return (
    <li className="grid gap-x-4 gap-y-2 py-2.5 md:grid-cols-[minmax(0,1fr)_auto] md:items-center">
      <div className="min-w-0">
        <p className="figures font-semibold [overflow-wrap:anywhere]">
          {t('Up to {cost} · {model}', { cost, model: call.model ?? call.provider })}
        </p>
        <p className="text-sm [overflow-wrap:anywhere] text-ink-soft">
          {CAUSES[call.cause] ?? call.cause} · {momentWords(call.since)} · <WorkspaceLink id={call.workspace_id} />
          {call.counted ? t(' · counts against its cost ceiling') : t(' · does not count against its cost ceiling')}
        </p>
        {resolve.isError ? <Refused problem={problemOf(resolve.error)} /> : null}
      </div>
      <div className="flex flex-wrap gap-2">
        <ConfirmButton
          label={<Named label={t('Not billed')} call={call} />}
          kind="plain"
          busy={resolve.isPending}
          title={t('The provider did not bill this call')}
          confirm={t('Take it out of the ledger’s cost')}
          warning={t('The provider did not bill this call: {cost} leaves the cost in the ledger. This cannot be undone.', {
            cost,
          })}
          act={() => resolve.mutate('not_billed')}
        />
        <ConfirmButton
          label={<Named label={t('Billed')} call={call} />}
          kind="plain"
          busy={resolve.isPending}
          title={t('The provider billed this call')}
          confirm={t('Book it as cost')}
          warning={t(
            'The provider billed this call: {cost} is booked as cost. The customer is not charged. This cannot be undone.',
            { cost },
          )}
          act={() => resolve.mutate('billed')}
        />
      </div>
    </li>
  );
}

/** The same two words stand on every row: a screen reader hears of which call. */
function Named({ label, call }: { readonly label: string; readonly call: UnresolvedCall }) {
  return (
    <>
      {label}
      <span className="sr-only">
        {' '}
        {t('{model}, {moment}', { model: call.model ?? call.provider, moment: momentWords(call.since) })}
      </span>
    </>
  );
}

/** Why nobody knows, in plain words. */
const CAUSES: Readonly<Record<string, string>> = {
  unavailable: 'The provider failed or broke the connection',
  timeout: 'No answer in time',
  garbage: 'The answer made no sense',
  fault: 'An error of ours',
  stopped: 'The caller left',
  expired: 'A server stopped during the call',
  lost: 'The database had lost the reservation',
};
