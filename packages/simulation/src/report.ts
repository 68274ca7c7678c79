import { currency, formatDecimal, formatMoney, money } from '@purser/money';

import type { MonthlyMargin } from './monthly-margins.ts';
import { describePopulation } from './population.ts';
import type { Simulated } from './simulate.ts';
import type { Count, Tally, Times } from './tally.ts';

/** Rows under a head; the first and the last column are words. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const BAR = 40;
export const HELD =
  'Every guarantee held: no paid plan and no customer on one below its margin or above its ceiling, nobody with an open payment served, ledger and audit log intact.';

/** What a simulation came to, for a terminal. */
export function describeSimulation(simulated: Simulated): string {
  const { population, margins, broken } = simulated;
  return [
    ...describePopulation(population),
    '',
    headline(simulated),
    '',
    ...tablesOf(simulated).flatMap((table) => (table.rows.length === 0 ? [] : [columns(table), ''])),
    ...margins.flatMap(describeMonth),
    broken.length === 0 ? HELD : `BROKEN:\n${broken.map((sentence) => `  ${sentence}`).join('\n')}`,
  ].join('\n');
}

export function headline({ calls, from, to, tally: { payments } }: Simulated): string {
  const { paid, failed, restored } = payments;
  const span = `${from.toString().slice(0, 10)} to ${to.toString().slice(0, 10)}`;
  return `${calls} calls from ${span}; ${paid + failed} renewals, ${failed} failed, ${restored} of them made good`;
}

export function tablesOf({ tally, margins }: Simulated): Table[] {
  const months = margins.map(({ month }) => month);
  return [
    counts('plan', tally.plans),
    counts('customers', tally.kinds),
    refusals(tally, months),
    offers(tally),
    occasions('degraded', tally.degradations),
  ];
}

function counts(name: string, all: ReadonlyMap<string, Count>): Table {
  const met = (of: Count, code: string): number => of.met.get(code)?.size ?? 0;
  return {
    head: [name, 'customers', 'calls', 'served', 'degraded', 'refused', 'out of credits', 'at the ceiling', 'packs bought', ''],
    rows: [...all]
      .toSorted(byName)
      .map(([key, of]) => [
        key,
        ...[of.customers, of.calls, of.served, of.degraded, of.refused].map(String),
        ...[met(of, 'credits_exhausted'), met(of, 'cost_ceiling_reached'), of.packs].map(String),
        '',
      ]),
  };
}

function refusals(tally: Tally, months: readonly string[]): Table {
  const sum = (times: readonly number[]): number => times.reduce((all, one) => all + (one ?? 0), 0);
  return {
    head: ['refused', ...months, 'customers', 'all', ''],
    rows: [...tally.refusals]
      .toSorted(([, one], [, other]) => sum(other) - sum(one))
      .map(([code, times]) => [
        code,
        ...months.map((_, month) => String(times[month] ?? 0)),
        String(customersOf(tally, code)),
        String(sum(times)),
        '',
      ]),
  };
}

function customersOf({ plans }: Tally, code: string): number {
  return [...plans.values()].reduce((sum, { met }) => sum + (met.get(code)?.size ?? 0), 0);
}

function offers(tally: Tally): Table {
  const upgrades = [...tally.offers].filter(([key]) => key.includes('→'));
  return occasions('upgrade offered', new Map(upgrades));
}

function occasions(name: string, all: ReadonlyMap<string, Times>): Table {
  return {
    head: [name, 'times', 'customers', ''],
    rows: [...all].toSorted(byName).map(([key, of]) => [key, String(of.times), String(of.customers.size), '']),
  };
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

export function monthTable({ month, lines }: MonthlyMargin, bar: (ratio: string | null) => string): Table {
  return {
    head: [month, 'revenue', 'fees', 'cost', 'margin', ''],
    rows: lines
      .toSorted((one, other) => (one.key < other.key ? -1 : 1))
      .map((line) => [
        line.key,
        ...[line.revenue, line.fees, line.cost, line.margin].map((amount) => formatMoney(cents(amount))),
        bar(line.margin_ratio),
      ]),
  };
}

function describeMonth(month: MonthlyMargin): string[] {
  return [columns(monthTable(month, drawn)), ''];
}

/** Cut to cents, for the eye alone. */
function cents(amount: { nanos: bigint; currency: string }) {
  const CENT = 10_000_000n;
  return money(amount.nanos - (amount.nanos % CENT), currency(amount.currency));
}

/** The share of the revenue that was kept, drawn to scale. */
function drawn(ratio: string | null): string {
  if (ratio === null) return '';
  const kept = Math.max(0, Math.min(1, Number(ratio)));
  return `${'█'.repeat(Math.round(kept * BAR)).padEnd(BAR, '·')} ${percentOf(ratio)}`;
}

export function percentOf(ratio: string): string {
  return `${formatDecimal(BigInt(Math.round(Number(ratio) * 1000)), 1)} %`;
}

function columns({ head, rows }: Table): string {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at === 0 || at === head.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
