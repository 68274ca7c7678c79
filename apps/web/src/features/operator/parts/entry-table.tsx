import type { Posting } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { useNow } from '../../../browser/now.ts';
import { Link } from '../../../ui/link.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { decimalOf } from '../../../words/amount.ts';
import { quantityWords } from '../../../words/meter.ts';
import { momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { entryTable, PAGE } from '../api/tables.ts';

/** The entries of the ledger, newest first: of all workspaces, or of one. */
export function EntryTable({ workspace_id }: { readonly workspace_id?: string }) {
  const state = useTableState('');
  const now_ms = useNow(60_000);
  const query = useQuery({
    ...entryTable({ workspace_id, cursor: state.after }),
    select: ({ postings, next_cursor }) => ({ rows: postings, next_cursor }),
  });
  return (
    <Table
      label={t('Entries')}
      columns={[...entryColumns(now_ms), ...(workspace_id === undefined ? [OF_WORKSPACE] : []), TRANSACTION]}
      state={state}
      query={query}
      keyOf={({ id }) => decimalOf(id)}
      open={({ transaction_id }) => (transaction_id === null ? undefined : `/admin/transactions/${transaction_id}`)}
      page_size={PAGE}
      empty={{ title: t('No entries'), text: t('Nothing was granted, spent or paid here yet.') }}
    />
  );
}

export function entryWords({ amount, unit }: Posting): string {
  const words = quantityWords(amount, unit);
  return unit === 'credit' ? t('{count} cr', { count: words }) : words;
}

function entryColumns(now_ms: number): readonly Column<Posting>[] {
  return [
    {
      key: 'at',
      label: t('Time'),
      head: true,
      cell: ({ at }) => <span className="font-normal whitespace-nowrap">{momentWords(at, { now_ms })}</span>,
    },
    { key: 'debit', label: t('Debit'), cell: ({ debit }) => debit },
    { key: 'credit', label: t('Credit'), cell: ({ credit }) => credit },
    { key: 'amount', label: t('Amount'), align: 'right', cell: (entry) => <strong>{entryWords(entry)}</strong> },
    { key: 'memo', label: t('Reason'), wide: true, cell: ({ memo }) => memo ?? '' },
  ];
}

const OF_WORKSPACE: Column<Posting> = {
  key: 'workspace',
  label: t('Workspace'),
  cell: ({ workspace_id }) => <WorkspaceLink id={workspace_id} />,
};

const TRANSACTION: Column<Posting> = {
  key: 'transaction',
  label: t('Transaction'),
  wide: true,
  cell: ({ transaction_id }) =>
    transaction_id === null ? '' : <Link to={`/admin/transactions/${transaction_id}`}>{transaction_id.slice(-12)}</Link>,
};
