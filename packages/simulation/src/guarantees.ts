import type { Catalog, Plan } from '@purser/catalog';
import type { MarginLine } from '@purser/ledger';
import {
  add,
  convertPlain,
  type Currency,
  formatMoney,
  type Money,
  multiply,
  type Ratio,
  smaller,
  subtract,
  zero,
} from '@purser/money';

import type { Engine } from './engine.ts';

/** A customer as far as a guarantee is about it. */
export interface Guaranteed {
  readonly workspace: string;
  readonly plan: string;
  readonly anchored_at: Temporal.Instant;
  /** By code, how many it bought. */
  readonly packs: ReadonlyMap<string, number>;
}

/** What was earned and spent of one key, in one currency. */
interface Sum {
  readonly revenue: Money;
  readonly cost: Money;
  readonly margin: Money;
}

/**
 * F1 and F4, from the books: from the beginning to the end of each billing period, no customer on a paid plan cost more than its ceilings
 * and what its packs raised them by, and neither it nor its plan kept less than the margin that was promised. Then the books and the trail.
 * Until a later period could pay for an earlier one: what a pack is not used up for goes on to the next period. One sentence for each that is broken.
 */
export async function brokenGuarantees(
  engine: Engine,
  customers: readonly Guaranteed[],
  { from, to }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<string[]> {
  const { catalog } = engine;
  const plans = new Map(catalog.plans.filter(({ price }) => price.nanos > 0n).map((plan) => [plan.code, plan]));
  const broken: string[] = [];
  for (const [end, due] of periodEnds(
    customers.filter(({ plan }) => plans.has(plan)),
    to,
  )) {
    const sums = sumUp(catalog, await engine.margins(from, Temporal.Instant.from(end), 'workspace'), (key) =>
      plans.get(due.get(key)?.customer.plan ?? ''),
    );
    for (const [workspace, { customer, periods }] of due) {
      const plan = plans.get(customer.plan);
      const sum = sums.get(workspace);
      if (plan === undefined || sum === undefined) continue;
      const who = `${workspace} on ${plan.code} until ${end.slice(0, 10)}`;
      broken.push(...tooThin(who, sum, plan.margin), ...tooDear(who, sum, allowed(catalog, plan, periods, customer.packs)));
    }
  }
  const byPlan = sumUp(catalog, await engine.margins(from, to, 'plan'), (key) => plans.get(key));
  for (const [code, sum] of byPlan) broken.push(...tooThin(`plan ${code}`, sum, plans.get(code)?.margin));
  return [...broken, ...(await engine.verify())];
}

interface Due {
  readonly customer: Guaranteed;
  readonly periods: number;
}

/** By the instant, who of the customers ends its so-manieth billing period then; at `to` all of them are in one. */
function periodEnds(customers: readonly Guaranteed[], to: Temporal.Instant): Map<string, Map<string, Due>> {
  const ends = new Map<string, Map<string, Due>>();
  for (const customer of customers) {
    for (let periods = 1; ; periods++) {
      const end = periodEnd(customer.anchored_at, periods);
      const over = Temporal.Instant.compare(end, to) < 0;
      const at = (over ? end : to).toString();
      const due = ends.get(at) ?? new Map<string, Due>();
      ends.set(at, due.set(customer.workspace, { customer, periods }));
      if (!over) break;
    }
  }
  return ends;
}

/** Billing periods are counted in UTC from the anchor. */
export function periodEnd(anchored_at: Temporal.Instant, periods: number): Temporal.Instant {
  return anchored_at.toZonedDateTimeISO('UTC').add({ months: periods }).toInstant();
}

/** Lines stand once a currency; a customer who buys in another is one all the same. At the stated rate, in the currency of its plan. */
function sumUp(catalog: Catalog, lines: readonly MarginLine[], planOf: (key: string) => Plan | undefined): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const line of lines) {
    const to = planOf(line.key)?.price.currency;
    if (to === undefined) continue;
    const known = sums.get(line.key) ?? { revenue: zero(to), cost: zero(to), margin: zero(to) };
    sums.set(line.key, {
      revenue: add(known.revenue, plain(catalog, line.revenue, to)),
      cost: add(known.cost, plain(catalog, line.cost, to)),
      margin: add(known.margin, plain(catalog, line.margin, to)),
    });
  }
  return sums;
}

/** The most that so many periods of the plan, and packs, may cost us. */
function allowed(catalog: Catalog, plan: Plan, periods: number, packs: ReadonlyMap<string, number>): Money {
  const { currency } = plan.price;
  const { monthlyUsd, hardStop } = plan.cost_caps;
  const ceiling = monthlyUsd && hardStop ? smaller(plan.ceiling, plain(catalog, monthlyUsd, currency)) : plan.ceiling;
  let most = multiply(ceiling, BigInt(periods));
  for (const pack of catalog.packs) {
    const raise = plain(catalog, pack.ceiling_raise, currency);
    most = add(most, multiply(raise, BigInt(packs.get(pack.code) ?? 0)));
  }
  return most;
}

function plain({ fx }: Catalog, amount: Money, to: Currency): Money {
  return convertPlain(amount, to, fx);
}

function tooThin(who: string, { revenue, margin }: Sum, wanted: Ratio | undefined): string[] {
  if (wanted === undefined) return [];
  // margin ÷ revenue ≥ wanted, in whole units.
  if (margin.nanos * wanted.denominator >= revenue.nanos * wanted.numerator) return [];
  return [`${who} kept ${formatMoney(margin)} of ${formatMoney(revenue)}: less than its plan promises`];
}

function tooDear(who: string, { cost }: Sum, most: Money): string[] {
  if (cost.nanos <= most.nanos) return [];
  return [`${who} cost ${formatMoney(cost)}: ${formatMoney(subtract(cost, most))} above its ceiling`];
}
