import type { Receipt } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { RECEIPTS_PAGE, receiptsQuery } from '../../../api/sale.ts';
import { useNow } from '../../../browser/now.ts';
import { Panel } from '../../../ui/states.tsx';
import { useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { compare, decimalOf, formatCount, formatMoney } from '../../../words/amount.ts';
import { dayWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';

/** What was paid, newest first, and what of it was spent and paid back. */
export function ReceiptsPanel() {
  const state = useTableState('');
  const now_ms = useNow(60_000);
  const pages = receiptsQuery(state.after);
  const { data } = useQuery(pages);
  const query = useQuery({
    ...pages,
    select: ({ receipts, next_cursor }) => ({ rows: receipts, next_cursor }),
  });
  const owed = data?.credits_owed ?? 0;
  return (
    <Panel title={t('Receipts')}>
      {compare(decimalOf(owed), '0') > 0 ? (
        <p className="mb-3 rounded-md bg-signal-wash px-3.5 py-2.5">
          {t('{count} credits were spent and their payment was returned. Your next purchase pays for them first.', {
            count: formatCount(owed),
          })}
        </p>
      ) : null}
      <Table
        label={t('Receipts')}
        columns={receiptColumns(now_ms)}
        state={state}
        query={query}
        keyOf={({ id }) => id}
        page_size={RECEIPTS_PAGE}
        empty={{ title: t('Nothing bought yet'), text: t('The receipt of each pack shows here, with its tax.') }}
      />
    </Panel>
  );
}

function receiptColumns(now_ms: number): readonly Column<Receipt>[] {
  return [
    {
      key: 'name',
      label: t('Bought'),
      head: true,
      cell: ({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`),
    },
    { key: 'day', label: t('Day'), cell: ({ paid_at }) => dayWords(paid_at, now_ms) },
    { key: 'credits', label: t('Credits'), align: 'right', cell: ({ credits }) => formatCount(credits) },
    { key: 'tax', label: t('Tax'), align: 'right', cell: ({ tax }) => formatMoney(tax) },
    { key: 'total', label: t('Paid'), align: 'right', cell: (receipt) => <Paid receipt={receipt} /> },
    { key: 'receipt', label: t('Receipt'), cell: ({ url, name }) => (url === null ? '' : <ReceiptLink url={url} of={name} />) },
  ];
}

function Paid({ receipt: { total, reversed } }: { readonly receipt: Receipt }) {
  return (
    <>
      <strong>{formatMoney(total)}</strong>
      {compare(reversed.amount, '0') > 0 ? (
        <span className="block font-semibold text-oxide">{t('{amount} refunded', { amount: formatMoney(reversed) })}</span>
      ) : null}
    </>
  );
}

function ReceiptLink({ url, of }: { readonly url: string; readonly of: string }) {
  return (
    <a href={url} className="font-semibold text-store underline underline-offset-3" rel="noreferrer" target="_blank">
      {t('Open')}
      <span className="sr-only"> {of}</span>
    </a>
  );
}
