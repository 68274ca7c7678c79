import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { problemOf } from '../../../api/client.ts';
import { useNow } from '../../../browser/now.ts';
import { ConfirmButton } from '../../../ui/confirm-button.tsx';
import { Refused } from '../../../ui/refused.tsx';
import { Panel } from '../../../ui/states.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { formatMoney } from '../../../words/amount.ts';
import { momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { PAGE, unresolvedTable } from '../api/tables.ts';
import { type Resolution, resolveCalls, type UnresolvedCall } from '../api/unresolved.ts';

/** What the ledger counts at its maximum until a provider's bill or the operator says what it was. */
export function UnresolvedPanel() {
  const state = useTableState('');
  const now_ms = useNow(60_000);
  const query = useQuery({
    ...unresolvedTable({ cursor: state.after }),
    select: ({ unresolved, next_cursor }) => ({ rows: unresolved, next_cursor }),
  });
  return (
    <Panel title={t('Unresolved calls')}>
      <p className="mb-4 max-w-prose text-ink-soft">
        {t(
          'The provider may have billed these calls, and has not said so. The ledger counts them at their maximum cost; no customer was charged. Resolve them by a provider’s export, or one by one.',
        )}
      </p>
      <Table
        label={t('Unresolved calls')}
        columns={callColumns(now_ms)}
        state={state}
        query={query}
        keyOf={({ transaction_id }) => transaction_id}
        open={({ transaction_id }) => `/admin/transactions/${transaction_id}`}
        page_size={PAGE}
        empty={{
          title: t('Nothing unresolved'),
          text: t('The cost of every call is known. Calls of an outage would be listed here.'),
        }}
      />
    </Panel>
  );
}

function callColumns(now_ms: number): readonly Column<UnresolvedCall>[] {
  return [
    {
      key: 'since',
      label: t('Since'),
      head: true,
      cell: ({ since }) => <span className="font-normal whitespace-nowrap">{momentWords(since, { now_ms })}</span>,
    },
    { key: 'model', label: t('Model'), cell: ({ model, provider }) => <strong>{model ?? provider}</strong> },
    { key: 'cause', label: t('Why'), cell: ({ cause }) => CAUSES[cause] ?? cause },
    { key: 'workspace', label: t('Workspace'), cell: ({ workspace_id }) => <WorkspaceLink id={workspace_id} /> },
    { key: 'cost', label: t('Maximum cost'), align: 'right', cell: (call) => <Cost call={call} /> },
    { key: 'resolve', label: t('What was billed'), cell: (call) => <Resolve call={call} /> },
  ];
}

function Cost({ call: { cost, counted } }: { readonly call: UnresolvedCall }) {
  return (
    <>
      <strong>{formatMoney(cost)}</strong>
      <span className="block text-sm text-ink-soft">
        {counted ? t('counts against its cost ceiling') : t('does not count against its cost ceiling')}
      </span>
    </>
  );
}

function Resolve({ call }: { readonly call: UnresolvedCall }) {
  const client = useQueryClient();
  const resolve = useMutation({
    mutationFn: (verdict: Resolution['verdict']) =>
      resolveCalls({ transaction_ids: [call.transaction_id], verdict, reason: 'resolved on the page' }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin', 'unresolved'] }),
  });
  const cost = formatMoney(call.cost);
  return (
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
      {resolve.isError ? <Refused problem={problemOf(resolve.error)} /> : null}
    </div>
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
  unavailable: t('The provider failed or broke the connection'),
  timeout: t('No answer in time'),
  garbage: t('The answer made no sense'),
  fault: t('An error of ours'),
  stopped: t('The caller left'),
  expired: t('A server stopped during the call'),
  lost: t('The database had lost the reservation'),
};
