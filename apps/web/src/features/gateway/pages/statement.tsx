import type { StatementLine } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { useNow } from '../../../browser/now.ts';
import { PageHead, Panel } from '../../../ui/states.tsx';
import { type TableState, useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { compare, decimalOf, formatCount, formatMoney } from '../../../words/amount.ts';
import { changeWords } from '../../../words/meter.ts';
import { monthStart } from '../../../words/calendar.ts';
import { dayWords, momentWords } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { invoiceLinesQuery, STATEMENT_PAGE, statementCsv, statementQuery } from '../api/statement.ts';
import { movementWords } from '../words/movement.ts';

/** Where the credits came from and went, to the last one. */
export function StatementPage() {
  const state = useTableState('');
  const since = state.value('since') || 'month';
  const month = monthStart(useNow(3_600_000), since === 'last' ? -1 : 0);
  return (
    <>
      <PageHead title={t('Statement')}>
        {t('Every movement of your credits, newest first, with the balance after it. It is counted from the ledger.')}
      </PageHead>
      <div className="grid grid-cols-1 gap-4 sm:gap-6">
        <PaidAsYouGo />
        <Panel title={t('Movements')}>
          <Lines state={state} from={since === 'all' ? undefined : month} />
        </Panel>
      </div>
    </>
  );
}

function Lines({ state, from }: { readonly state: TableState; readonly from: string | undefined }) {
  const now_ms = useNow(60_000);
  const query = useQuery({
    ...statementQuery(from, state.after),
    select: ({ lines, next_cursor }) => ({ rows: lines, next_cursor }),
  });
  return (
    <Table
      label={t('Movements')}
      columns={columnsFor(now_ms)}
      state={state}
      query={query}
      keyOf={({ transaction_id, kind, credits, balance }) =>
        `${transaction_id} ${kind} ${decimalOf(credits)} ${decimalOf(balance)}`
      }
      filters={[{ name: 'since', label: t('Since'), options: SINCE, standard: 'month' }]}
      csv={statementCsv(from)}
      page_size={STATEMENT_PAGE}
      empty={{
        title: t('No movements'),
        text: t('Monthly credits, gifts and packs are added here; what each call spent is taken off.'),
      }}
    />
  );
}

const SINCE = [
  { value: 'month', label: t('this month') },
  { value: 'last', label: t('last month') },
  { value: 'all', label: t('the beginning') },
];

function columnsFor(now_ms: number): readonly Column<StatementLine>[] {
  return [
    { key: 'what', label: t('Movement'), head: true, cell: (line) => <Movement line={line} /> },
    { key: 'at', label: t('Time'), cell: ({ at }) => momentWords(at, { now_ms }) },
    {
      key: 'transaction',
      label: t('Transaction'),
      wide: true,
      cell: ({ transaction_id }) => <span className="text-sm">{transaction_id}</span>,
    },
    {
      key: 'credits',
      label: t('Credits'),
      align: 'right',
      cell: ({ credits }) => (
        <strong className={compare(decimalOf(credits), '0') > 0 ? 'text-fair' : ''}>{changeWords('0', credits) ?? '0'}</strong>
      ),
    },
    { key: 'balance', label: t('Balance'), align: 'right', cell: ({ balance }) => formatCount(balance) },
  ];
}

function Movement({ line }: { readonly line: StatementLine }) {
  return (
    <>
      <span>{movementWords(line)}</span>
      {line.reason === null || line.reason === '' ? null : (
        <span className="block text-sm font-normal text-ink-soft">{line.reason}</span>
      )}
    </>
  );
}

/** Credits beyond the granted ones, sold one by one: what the next invoice will ask for. Nothing when there are none. */
function PaidAsYouGo() {
  const now_ms = useNow(3_600_000);
  const invoice = useQuery(invoiceLinesQuery);
  if (invoice.data === undefined || invoice.data.lines.length === 0) return null;
  return (
    <Panel title={t('On the next invoice')}>
      <ul className="figures divide-y divide-rule border-y border-rule">
        {invoice.data.lines.map((line) => (
          <li key={line.price.amount} className="flex flex-wrap items-baseline justify-between gap-x-4 py-2.5">
            <p>
              {t('{count} credits, pay as you go, {price} each', {
                count: formatCount(line.credits),
                price: formatMoney(line.price),
              })}
              {line.final ? (
                ''
              ) : (
                <span className="text-ink-soft">
                  {' '}
                  {t('so far, until {day}', { day: dayWords(invoice.data.period.end, now_ms) })}
                </span>
              )}
            </p>
            <p className="font-semibold">{formatMoney(line.amount)}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
