import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { marginCsv, marginQuery, type MarginBy } from '../../../api/queries.ts';
import type { MarginRow } from '../../../api/wire-operator.ts';
import { useNow } from '../../../browser/now.ts';
import { FileLink } from '../../../ui/file-link.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { Link } from '../../../ui/link.tsx';
import { Empty, Failed, Loading, PageHead, Panel } from '../../../ui/states.tsx';
import { compare, formatMoney, formatMoneyShort, type Money } from '../../../words/amount.ts';
import { marginBar, ratioWords, type MarginBar } from '../words/margin.ts';
import { monthStart } from '../../../words/time.ts';

/** Before anything was ever booked: without a start the books answer for this month alone. */
const FIRST_DAY = '2020-01-01';

type Period = 'month' | 'last' | 'all';

function bounds(period: Period, now_ms: number): { from?: string; to?: string } {
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

/** What each plan, customer or pack kept, from the postings. */
export function MarginPage() {
  const now_ms = useNow(60_000);
  const [by, setBy] = useState<MarginBy>('plan');
  const [period, setPeriod] = useState<Period>('month');
  const { from, to } = bounds(period, now_ms);
  const margin = useQuery({ ...marginQuery(by, from, to), placeholderData: keepPreviousData });
  return (
    <>
      <PageHead title="Margin">
        Revenue, what serving customers cost, and the gross margin. Every figure comes from the ledger, at the exchange rate of
        its moment.
      </PageHead>
      <Panel title="Gross margin" aside={<Legend />}>
        <div className="mb-5 flex flex-wrap gap-x-6 gap-y-3">
          <Choice
            legend="Group by"
            hide_legend
            name="by"
            value={by}
            onChange={setBy}
            options={[
              { value: 'plan', label: 'Plan' },
              { value: 'workspace', label: 'Workspace' },
              { value: 'pack', label: 'Pack' },
              { value: 'model', label: 'Model' },
              { value: 'month', label: 'Month' },
            ]}
          />
          <Choice
            legend="Period"
            hide_legend
            name="period"
            value={period}
            onChange={setPeriod}
            options={[
              { value: 'month', label: 'This month' },
              { value: 'last', label: 'Last month' },
              { value: 'all', label: 'All time' },
            ]}
          />
          <FileLink
            href={marginCsv(by, from, to)}
            className="ml-auto flex min-h-10 items-center gap-1.5 font-semibold text-store underline underline-offset-3"
          >
            <Download size={16} aria-hidden="true" /> CSV
          </FileLink>
        </div>
        {margin.isPending ? <Loading what="the margins" lines={5} /> : null}
        {margin.isError ? <Failed error={margin.error} retry={() => void margin.refetch()} /> : null}
        {margin.data === undefined ? null : <Rows rows={margin.data} by={by} />}
      </Panel>
    </>
  );
}

const NOTHING_YET: Record<MarginBy, string> = {
  plan: 'A row appears with the first payment or the first call that costs something.',
  workspace: 'A row appears with the first payment or the first call that costs something.',
  pack: 'Packs show here once one is sold.',
  model: 'Each model shows here with the part of the revenue that its calls earned.',
  month: 'Each month shows here with its first payment or cost.',
};

function Rows({ rows, by }: { readonly rows: readonly MarginRow[]; readonly by: MarginBy }) {
  if (rows.length === 0) {
    return <Empty title="Nothing booked in this period">{NOTHING_YET[by]}</Empty>;
  }
  return (
    <ul className="divide-y divide-rule border-y border-rule" data-testid="margin">
      {rows.map((row) => (
        <Row key={`${row.key} ${row.revenue.currency}`} row={row} by={by} />
      ))}
    </ul>
  );
}

const VERDICT: Record<MarginBar['state'], { readonly words: string; readonly paint: string }> = {
  kept: { words: 'margin', paint: 'text-fair' },
  thin: { words: 'margin: below its minimum', paint: 'text-oxide' },
  lost: { words: 'margin: a loss', paint: 'text-oxide' },
  given: { words: 'cost without revenue', paint: 'text-ink-soft' },
  none: { words: 'nothing booked', paint: 'text-ink-soft' },
};

function Row({ row, by }: { readonly row: MarginRow; readonly by: MarginBy }) {
  const bar = marginBar(row);
  const verdict = VERDICT[bar.state];
  return (
    <li className="py-4">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <h3 className="narrow text-xl font-semibold [overflow-wrap:anywhere]">
          {by === 'workspace' ? <Link to={`/admin/workspaces/${row.key}`}>{row.name ?? row.key}</Link> : row.key}
        </h3>
        <p className={`narrow figures text-xl font-semibold ${verdict.paint}`}>
          {row.margin_ratio === null ? (bar.state === 'given' ? formatMoneyShort(row.cost) : '') : ratioWords(row.margin_ratio)}{' '}
          {verdict.words}
        </p>
      </div>
      {bar.state === 'given' || bar.state === 'none' ? null : <Bar bar={bar} />}
      <dl className="figures mt-2 grid grid-cols-2 gap-x-6 gap-y-1 sm:grid-cols-4">
        <Sum name={row.collected === undefined ? 'Revenue (booked)' : 'Revenue'} money={row.revenue} />
        <Sum name="Cost" money={row.cost} />
        <Sum name="Fees" money={row.fees} />
        <Sum name="Margin" money={row.margin} strong />
      </dl>
      <Sources row={row} />
    </li>
  );
}

/** What the revenue is made of, once the books tell what was collected, and the least that is promised. */
function Sources({ row: { collected, agreed, margin_min } }: { readonly row: MarginRow }) {
  const parts = [
    collected === undefined ? [] : [`${formatMoneyShort(collected)} collected`],
    agreed === undefined || compare(agreed.amount, '0') === 0
      ? []
      : [`${formatMoneyShort(agreed)} agreed, not collected by Purser`],
    margin_min === null ? [] : [`minimum margin ${ratioWords(margin_min)}`],
  ].flat();
  return parts.length === 0 ? null : <p className="figures mt-1 text-sm text-ink-soft">{parts.join(' · ')}</p>;
}

/** Revenue as a bar; the yellow line is where cost and fees must stop. */
function Bar({ bar }: { readonly bar: MarginBar }) {
  const width = (part: number) => ({ width: `${(part * 100).toFixed(2)}%` });
  return (
    <div aria-hidden="true" className="relative mt-2 h-5">
      <div className="flex h-full overflow-hidden rounded-[3px] border border-edge bg-well">
        <div className={bar.state === 'lost' ? 'bg-oxide-paint' : 'bg-store'} style={width(bar.cost_share)} />
        <div className="bg-edge" style={width(bar.fees_share)} />
      </div>
      {bar.minimum === undefined ? null : (
        <div
          className="absolute -inset-y-1 w-1 rounded-full bg-signal ring-1 ring-hull"
          style={{ left: `${(1 - bar.minimum) * 100}%` }}
        />
      )}
    </div>
  );
}

function Sum({ name, money, strong = false }: { readonly name: string; readonly money: Money; readonly strong?: boolean }) {
  return (
    <div className="flex items-baseline justify-between gap-2 sm:block">
      <dt className="label text-ink-faint">{name}</dt>
      <dd className={strong ? 'font-bold' : ''} title={formatMoney(money)}>
        {formatMoneyShort(money)}
      </dd>
    </div>
  );
}

function Legend() {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm text-ink-soft">
      <li className="flex items-center gap-1.5">
        <span aria-hidden="true" className="size-3 rounded-[2px] bg-store" /> cost
      </li>
      <li className="flex items-center gap-1.5">
        <span aria-hidden="true" className="size-3 rounded-[2px] bg-edge" /> fees
      </li>
      <li className="flex items-center gap-1.5">
        <span aria-hidden="true" className="h-4 w-1 rounded-full bg-signal ring-1 ring-hull" /> minimum margin of the plan
      </li>
    </ul>
  );
}
