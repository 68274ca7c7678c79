import { currency, formatDecimal, formatMoney, money } from '@purser/money';

import type { MonthlyMargin } from './monthly-margins.ts';
import type { Simulated } from './simulate.ts';

const BAR = 40;

/** What a simulation came to, for a terminal. */
export function describeSimulation({ tally, margins, broken, calls, from, to }: Simulated): string {
  const plans = [...tally.plans].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const refusals = [...tally.refusals].toSorted(([, a], [, b]) => b - a);
  return [
    `${calls} calls from ${from.toString().slice(0, 10)} to ${to.toString().slice(0, 10)}`,
    '',
    columns(
      ['plan', 'customers', 'calls', 'served', 'degraded', 'refused', 'with an offer', 'packs bought'],
      plans.map(([plan, of]) => [
        plan,
        ...[of.customers, of.calls, of.served, of.degraded, of.refused, of.offers, of.packs].map(String),
      ]),
    ),
    '',
    columns(
      ['refused', 'times'],
      refusals.map(([code, times]) => [code, String(times)]),
    ),
    '',
    ...margins.flatMap(describeMonth),
    broken.length === 0
      ? 'Every guarantee held: no paid plan and no customer on one below its margin, nobody served who owed, books and trail whole.'
      : `BROKEN:\n${broken.map((sentence) => `  ${sentence}`).join('\n')}`,
  ].join('\n');
}

function describeMonth({ month, lines }: MonthlyMargin): string[] {
  return [
    columns(
      [month, 'revenue', 'fees', 'cost', 'margin', ''],
      lines.map((line) => [
        line.key,
        ...[line.revenue, line.fees, line.cost, line.margin].map((amount) => formatMoney(cents(amount))),
        bar(line.margin_ratio),
      ]),
    ),
    '',
  ];
}

/** Cut to cents, for the eye alone. */
function cents(amount: { nanos: bigint; currency: string }) {
  const CENT = 10_000_000n;
  return money(amount.nanos - (amount.nanos % CENT), currency(amount.currency));
}

/** The share of the revenue that was kept, drawn to scale. */
function bar(ratio: string | null): string {
  if (ratio === null) return '';
  const kept = Math.max(0, Math.min(1, Number(ratio)));
  return `${'█'.repeat(Math.round(kept * BAR)).padEnd(BAR, '·')} ${formatDecimal(BigInt(Math.round(Number(ratio) * 1000)), 1)} %`;
}

function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 || at === head.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
