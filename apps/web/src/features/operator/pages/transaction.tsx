import type { Transaction } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { useNow } from '../../../browser/now.ts';
import type { PageProps } from '../../../feature.ts';
import { CopyButton } from '../../../ui/copy.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { FewRows } from '../../../ui/table/few-rows.tsx';
import type { Column } from '../../../ui/table/table.tsx';
import { WorkspaceLink } from '../../../ui/workspace-link.tsx';
import { decimalOf, formatCount, formatMoney, type Quantity } from '../../../words/amount.ts';
import { momentWords, tookWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { operationLabel } from '../../gateway/words/operation.ts';
import { outcomeWords } from '../../gateway/words/outcome.ts';
import { transactionQuery } from '../api/tables.ts';
import { entryWords } from '../parts/entry-table.tsx';
import { actionWords, changesOf } from '../words/audit.ts';

/** Everything that is known of one charge: to answer a dispute with. */
export function TransactionPage({ parameters }: PageProps) {
  const id = parameters['id'] ?? '';
  const found = useQuery(transactionQuery(id));
  return (
    <>
      <PageHead title={t('Transaction')} aside={<CopyButton text={id} label={t('Copy the id')} />}>
        <span className="[overflow-wrap:anywhere]">{id}</span>
      </PageHead>
      {found.isPending ? <Loading what={t('the transaction')} lines={6} /> : null}
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      {found.data === undefined ? null : <Found transaction={found.data} />}
    </>
  );
}

function Found({ transaction: { postings, calls, entries } }: { readonly transaction: Transaction }) {
  const workspace_id = postings[0]?.workspace_id;
  return (
    <div className="grid grid-cols-1 gap-4 sm:gap-6">
      {workspace_id === undefined ? null : (
        <p className="px-1">
          {t('Workspace')}: <WorkspaceLink id={workspace_id} />
        </p>
      )}
      <Panel title={t('Provider calls')}>
        <Rows label={t('Provider calls')} columns={useCallColumns()} rows={calls} empty={t('No provider was called for it.')} />
      </Panel>
      <Panel title={t('Ledger entries')}>
        <Rows label={t('Ledger entries')} columns={useEntryColumns()} rows={postings} empty={t('Nothing was booked for it.')} />
      </Panel>
      <Panel title={t('Audit events')}>
        <Rows label={t('Audit events')} columns={useEventColumns()} rows={entries} empty={t('Nobody acted on it by hand.')} />
      </Panel>
    </div>
  );
}

type Of<Name extends keyof Transaction> = Transaction[Name][number];

function useTimeColumn<Row extends { readonly at: string }>(): Column<Row> {
  const now_ms = useNow(60_000);
  return {
    key: 'at',
    label: t('Time'),
    head: true,
    cell: ({ at }) => <span className="font-normal whitespace-nowrap">{momentWords(at, { now_ms })}</span>,
  };
}

function useCallColumns(): readonly Column<Of<'calls'>>[] {
  return [
    useTimeColumn(),
    { key: 'operation', label: t('Operation'), cell: ({ operation }) => operationLabel(operation) },
    { key: 'model', label: t('Model'), cell: ({ provider, model }) => `${provider} / ${model}` },
    {
      key: 'outcome',
      label: t('Outcome'),
      cell: ({ outcome, duration_ms }) => `${outcomeWords(outcome).words} · ${tookWords(duration_ms)}`,
    },
    { key: 'tokens', label: t('Tokens'), cell: ({ usage }) => tokenWords(usage) },
    {
      key: 'cost',
      label: t('Cost'),
      align: 'right',
      cell: ({ cost }) => (cost === null || cost === undefined ? t('unresolved') : formatMoney(cost)),
    },
    { key: 'actor', label: t('Who'), cell: ({ actor }) => actor },
    { key: 'request', label: t('Provider’s id'), cell: ({ request_id }) => request_id ?? '' },
    SEALED,
  ];
}

function useEntryColumns(): readonly Column<Of<'postings'>>[] {
  return [
    useTimeColumn(),
    { key: 'debit', label: t('Debit'), cell: ({ debit }) => debit },
    { key: 'credit', label: t('Credit'), cell: ({ credit }) => credit },
    { key: 'amount', label: t('Amount'), align: 'right', cell: entryWords },
    { key: 'reason', label: t('Reason'), cell: ({ memo }) => memo ?? '' },
    SEALED,
  ];
}

function useEventColumns(): readonly Column<Of<'entries'>>[] {
  return [
    useTimeColumn(),
    { key: 'actor', label: t('Who'), cell: ({ actor }) => actor },
    { key: 'action', label: t('What'), cell: ({ action }) => <strong>{actionWords(action)}</strong> },
    { key: 'detail', label: t('Details'), cell: ({ detail }) => changesOf(detail).join(' · ') },
    SEALED,
  ];
}

const SEALED: Column<{ readonly sealed_in: Quantity | null }> = {
  key: 'sealed',
  label: t('Sealed in'),
  cell: ({ sealed_in }) => (sealed_in === null ? t('not yet') : t('block {number}', { number: decimalOf(sealed_in) })),
};

function tokenWords(usage: Of<'calls'>['usage']): string {
  return usage === null
    ? t('not reported')
    : t('{in} in, {out} out', { in: formatCount(usage.input_tokens), out: formatCount(usage.output_tokens) });
}

interface RowsProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly empty: string;
}

function Rows<Row>({ label, columns, rows, empty }: RowsProps<Row>) {
  if (rows.length === 0) return <Empty title={t('None')}>{empty}</Empty>;
  return <FewRows label={label} columns={columns} rows={rows} keyOf={(row) => String(rows.indexOf(row))} />;
}
