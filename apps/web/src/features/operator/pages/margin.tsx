import type { MarginRow, MarginStep, MarginSums } from '@purser/api';
import { useQuery } from '@tanstack/react-query';

import { useNow } from '../../../browser/now.ts';
import { Chart, type Series } from '../../../ui/chart/chart.tsx';
import { Link } from '../../../ui/link.tsx';
import { Loading } from '../../../ui/loading.tsx';
import { Empty, Failed, PageHead, Panel } from '../../../ui/states.tsx';
import { type TableState, useTableState } from '../../../ui/table/state.ts';
import { type Column, Table } from '../../../ui/table/table.tsx';
import { add, formatMoney, formatMoneyShort, type Money } from '../../../words/amount.ts';
import { numberFormat } from '../../../words/locale.ts';
import { dateWords, dayAt, daysBetween, monthStart, monthWords } from '../../../words/calendar.ts';
import { instantMs } from '../../../words/time.ts';
import { t } from '../../../words/translate.ts';
import { type MarginBy, marginCsv, marginTable, marginTrendQuery, PAGE } from '../api/tables.ts';
import { marginState, ratioWords } from '../words/margin.ts';

/** Before anything was ever booked: without a start the ledger answers for this month alone. */
const FIRST_DAY = '2020-01-01';

type Period = 'month' | 'last' | 'all';

function bounds(period: Period, now_ms: number): { readonly from: string; readonly to?: string } {
  switch (period) {
    case 'month':
      return { from: monthStart(now_ms, 0) };
    case 'last':
      return { from: monthStart(now_ms, -1), to: monthStart(now_ms, 0) };
    case 'all':
      return { from: FIRST_DAY };
    default: {
      const never: never = period;
      return never;
    }
  }
}

const GROUPS: Readonly<Record<MarginBy, string>> = {
  plan: t('Plan'),
  workspace: t('Workspace'),
  pack: t('Pack'),
  model: t('Model'),
  month: t('Month'),
};

const PERIODS: Readonly<Record<Period, string>> = { month: t('This month'), last: t('Last month'), all: t('All time') };

function options<Value extends string>(of: Readonly<Record<Value, string>>): { readonly value: Value; readonly label: string }[] {
  return (Object.entries(of) as [Value, string][]).map(([value, label]) => ({ value, label }));
}

/** Gross margin by plan, customer, pack, model or month, with totals and its course. */
export function MarginPage() {
  const state = useTableState('margin');
  const now_ms = useNow(60_000);
  const period = (state.value('period') || 'month') as Period;
  const span = bounds(period in PERIODS ? period : 'month', now_ms);
  return (
    <>
      <PageHead title={t('Margin')}>
        {t(
          'Revenue, what serving customers cost, and the gross margin. Every figure comes from the ledger, at the exchange rate of its moment.',
        )}
      </PageHead>
      <div className="grid gap-4 sm:gap-6">
        <Panel title={t('Over time')}>
          <Trend from={span.from} to={span.to} step={period === 'all' ? 'month' : 'day'} />
        </Panel>
        <Panel title={t('Gross margin')}>
          <Rows state={state} span={span} />
        </Panel>
      </div>
    </>
  );
}

/** Every day has its place, also one on which nothing was booked. */
function filled(
  steps: readonly MarginStep[],
  currency: string,
  step: 'day' | 'month',
  from: string,
  last: string,
): readonly MarginStep[] {
  const own = steps.filter(({ revenue }) => revenue.currency === currency);
  if (step === 'month') return own;
  const zero = { amount: '0', currency };
  return daysBetween(from.slice(0, 10), last).map(
    (day) =>
      own.find(({ key }) => key === day) ?? { key: day, revenue: zero, fees: zero, cost: zero, margin: zero, margin_ratio: null },
  );
}

function Trend({ from, to, step }: { readonly from: string; readonly to: string | undefined; readonly step: 'day' | 'month' }) {
  const trend = useQuery(marginTrendQuery(from, to, step));
  const now_ms = useNow(3_600_000);
  const last = to === undefined ? dayAt(now_ms) : dayAt(instantMs(to) - 1);
  if (trend.isPending) return <Loading what={t('the margin over time')} lines={5} />;
  if (trend.isError) return <Failed error={trend.error} retry={() => void trend.refetch()} />;
  const currencies = [...new Set(trend.data.map(({ revenue }) => revenue.currency))].toSorted();
  if (currencies.length === 0)
    return (
      <Empty title={t('No entries in this period')}>
        {t('The first payment or the first call that costs something shows here.')}
      </Empty>
    );
  return (
    <div className="grid gap-6">
      {currencies.map((currency) => (
        <TrendOf key={currency} steps={filled(trend.data, currency, step, from, last)} currency={currency} step={step} />
      ))}
    </div>
  );
}

function TrendOf({
  steps,
  currency,
  step,
}: {
  readonly steps: readonly MarginStep[];
  readonly currency: string;
  readonly step: 'day' | 'month';
}) {
  const series = (label: string, kind: Series['kind'], paint: Series['paint'], of: (one: MarginStep) => Money): Series => ({
    label,
    kind,
    paint,
    values: steps.map((one) => Number(of(one).amount)),
    words: steps.map((one) => formatMoneyShort(of(one))),
  });
  return (
    <Chart
      label={t('Margin over time in {currency}', { currency })}
      point_label={step === 'day' ? t('Day') : t('Month')}
      points={steps.map(({ key }) => dateWords(key))}
      series={[
        series(t('Revenue'), 'bars', 'edge', ({ revenue }) => revenue),
        series(t('Cost and fees'), 'line', 'oxide-paint', ({ cost, fees }) => ({
          amount: add(cost.amount, fees.amount),
          currency,
        })),
        series(t('Margin'), 'line', 'fair', ({ margin }) => margin),
      ]}
      axis={(value) =>
        numberFormat({ style: 'currency', currency, notation: 'compact', currencyDisplay: 'narrowSymbol' }).format(value)
      }
    />
  );
}

function Rows({ state, span }: { readonly state: TableState; readonly span: { readonly from: string; readonly to?: string } }) {
  const by = (Object.hasOwn(GROUPS, state.value('by')) ? state.value('by') : 'plan') as MarginBy;
  const wanted = { by, ...span, search: state.value('q'), sort: state.sort };
  const query = useQuery(marginTable({ ...wanted, cursor: state.after }));
  return (
    <Table
      label={t('Gross margin')}
      columns={columnsFor(by, query.data?.totals ?? [])}
      state={state}
      query={query}
      keyOf={({ key, revenue }) => `${key} ${revenue.currency}`}
      open={({ key }) => (by === 'workspace' ? `/admin/workspaces/${key}` : undefined)}
      {...(by === 'workspace' ? { search: t('Name or id') } : {})}
      filters={[
        { name: 'by', label: t('By'), options: options(GROUPS), standard: 'plan' },
        { name: 'period', label: t('Period'), options: options(PERIODS), standard: 'month' },
      ]}
      csv={marginCsv(wanted)}
      page_size={PAGE}
      empty={{ title: t('No entries in this period'), text: NOTHING_YET[by] }}
    />
  );
}

const NOTHING_YET: Readonly<Record<MarginBy, string>> = {
  plan: t('A row appears with the first payment or the first call that costs something.'),
  workspace: t('A row appears with the first payment or the first call that costs something.'),
  pack: t('Packs show here once one is sold.'),
  model: t('Each model shows here with the part of the revenue that its calls earned.'),
  month: t('Each month shows here with its first payment or cost.'),
};

function Amount({ money }: { readonly money: Money | undefined }) {
  return money === undefined ? null : <span title={formatMoney(money)}>{formatMoneyShort(money)}</span>;
}

function columnsFor(by: MarginBy, totals: readonly MarginSums[]): readonly Column<MarginRow>[] {
  const total = (of: (sums: MarginSums) => Money) =>
    totals.map((sums) => (
      <span key={sums.revenue.currency} className="block">
        <Amount money={of(sums)} />
      </span>
    ));
  const amount = (key: string, label: string, of: (sums: MarginSums) => Money, sort?: string): Column<MarginRow> => ({
    key,
    label,
    align: 'right',
    ...(sort === undefined ? {} : { sort, first: 'down' as const }),
    cell: (row) => <Amount money={of(row)} />,
    total: total(of),
  });
  return [
    {
      key: 'name',
      label: GROUPS[by],
      sort: 'name',
      head: true,
      cell: ({ key, name }) =>
        by === 'workspace' ? <Link to={`/admin/workspaces/${key}`}>{name ?? key}</Link> : by === 'month' ? monthWords(key) : key,
    },
    amount('revenue', t('Revenue'), ({ revenue }) => revenue, 'revenue'),
    {
      key: 'collected',
      label: t('Collected'),
      align: 'right',
      wide: true,
      cell: ({ collected }) => <Amount money={collected} />,
    },
    amount('cost', t('Cost'), ({ cost }) => cost, 'cost'),
    amount('fees', t('Fees'), ({ fees }) => fees),
    amount('margin', t('Margin'), ({ margin }) => margin, 'margin'),
    {
      key: 'ratio',
      label: t('Ratio'),
      align: 'right',
      sort: 'ratio',
      cell: (row) => <Ratio row={row} />,
      total: totals.map(({ revenue, margin_ratio }) => (
        <span key={revenue.currency} className="block">
          {margin_ratio === null ? '–' : ratioWords(margin_ratio)}
        </span>
      )),
    },
    {
      key: 'minimum',
      label: t('Minimum'),
      align: 'right',
      wide: true,
      cell: ({ margin_min }) => (margin_min === null ? '' : ratioWords(margin_min)),
    },
  ];
}

/** In words beside the figure, for a color alone says nothing to some. */
function Ratio({ row }: { readonly row: MarginRow }) {
  const state = marginState(row);
  const words = { ok: '', below: t('below minimum'), loss: t('loss'), unpaid: t('cost without revenue'), none: '' }[state];
  return (
    <span
      className={
        state === 'below' || state === 'loss' ? 'font-semibold text-oxide' : state === 'ok' ? 'text-fair' : 'text-ink-soft'
      }
    >
      {row.margin_ratio === null ? '' : ratioWords(row.margin_ratio)}
      {words === '' ? null : <span className="block text-sm font-normal">{words}</span>}
    </span>
  );
}
