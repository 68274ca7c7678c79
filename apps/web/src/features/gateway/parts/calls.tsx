import type { Call } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { CALLS_PAGE, callsQuery } from '../../../api/queries.ts';
import { useNow } from '../../../browser/now.ts';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { agoWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { operationLabel } from '../words/operation.ts';
import { Cost, Outcome, tokenWords } from './call-cells.tsx';

/** The calls of the reader’s workspace, or of one that an operator looks at: then each leads to its transaction. */
export function CallTable({ workspace_id }: { readonly workspace_id?: string }) {
  const state = useTableState('');
  const now_ms = useNow(15_000);
  const query = useQuery({
    ...callsQuery(state.after, CALLS_PAGE, workspace_id),
    select: ({ calls, next_cursor }) => ({ rows: calls, next_cursor }),
  });
  const with_cost = query.data?.rows.some(({ cost }) => cost !== undefined) ?? false;
  return (
    <Table
      label={t('Calls')}
      columns={columnsFor(now_ms, with_cost)}
      state={state}
      query={query}
      keyOf={({ id, attempt }) => `${id} ${attempt}`}
      open={({ id }) => (workspace_id === undefined ? undefined : `/admin/transactions/${id}`)}
      page_size={CALLS_PAGE}
      empty={{ title: t('No calls yet'), text: t('Each call shows here with its model and its tokens.') }}
    />
  );
}

function columnsFor(now_ms: number, with_cost: boolean): readonly Column<Call>[] {
  return [
    { key: 'operation', label: t('Operation'), head: true, cell: ({ operation }) => operationLabel(operation) },
    { key: 'model', label: t('Model'), cell: ({ provider, model }) => `${provider} / ${model}` },
    { key: 'outcome', label: t('Outcome'), cell: (call) => <Outcome call={call} /> },
    { key: 'tokens', label: t('Tokens'), align: 'right', cell: ({ usage }) => tokenWords(usage) },
    ...(with_cost
      ? [{ key: 'cost', label: t('Cost'), align: 'right' as const, cell: (call: Call) => <Cost call={call} /> }]
      : []),
    {
      key: 'at',
      label: t('Time'),
      align: 'right',
      cell: ({ at }) => <time title={momentWords(at, { now_ms })}>{agoWords(at, now_ms)}</time>,
    },
  ];
}
