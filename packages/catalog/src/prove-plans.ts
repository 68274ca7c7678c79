import {
  add,
  compare,
  divide,
  formatAmount,
  type Money,
  money,
  ONE,
  addRatios,
  type Ratio,
  ratio,
  scale,
  subtract,
  zero,
} from '@purser/money';

import type { Catalogue, Pack, Plan } from './catalogue.ts';
import { costAllowance, paymentFees } from './ceiling.ts';
import { type Constraint, constraintsOf } from './constraints.ts';

/** What is left of a price in the worst month, and why it cannot be less. All amounts in the currency of the price. */
export interface Proof {
  readonly kind: 'plan' | 'pack';
  readonly code: string;
  readonly price: Money;
  readonly fees: Money;
  readonly ceiling: Money;
  readonly reserve: Money;
  /** The most that can be admitted: the least of the constraints, exchange buffer included. */
  readonly worst_case: Money;
  /** How much of the worst case is exchange buffer. */
  readonly exchange_buffer: Money;
  readonly binding: Constraint;
  readonly constraints: readonly Constraint[];
  /** price − fees − worst case − reserve. Below zero only where nothing was paid. */
  readonly remains: Money;
  /** Of the price; absent where the price is zero. */
  readonly remains_ratio?: Ratio;
  readonly wanted: Money;
  /** What a free plan is allowed to lose. */
  readonly marketing_budget?: Money;
  readonly holds: boolean;
  /** Why it does not hold, in a few words. */
  readonly failure?: string;
}

/** Proves every plan and pack; see `provePlan` and `provePack`. */
export function provePlans(catalogue: Catalogue, at: Temporal.Instant = catalogue.fx.as_of): Proof[] {
  return [
    ...catalogue.plans.map((plan) => provePlan(catalogue, plan, at)),
    ...catalogue.packs.flatMap((pack) => [
      provePack(catalogue, pack),
      ...pack.tiers.map((tier) => proveTier(catalogue, pack, tier)),
    ]),
  ];
}

/**
 * price − payment fees − worst case (exchange buffer included) − overrun reserve ≥ margin × price, at the prices of `at` and those announced for later.
 * A free plan holds when its worst case is zero or within the marketing budget it states. A stated ceiling above what the price allows fails
 * even where credits bind today: gifts and packs add credits, and then only the ceiling stands.
 */
export function provePlan(catalogue: Catalogue, plan: Plan, at: Temporal.Instant): Proof {
  const constraints = constraintsOf(catalogue, plan, at);
  const fees = paymentFees(plan.price, plan.payment_fees);
  const question = {
    kind: 'plan' as const,
    code: plan.code,
    price: plan.price,
    fees,
    ceiling: plan.ceiling,
    reserve: plan.overrun_reserve,
    margin: plan.margin,
    constraints,
  };
  if (plan.price.nanos > 0n) return prove(catalogue, question, costAllowance(plan.price, plan.margin, plan.payment_fees));
  const marketing_budget = plan.marketing_budget ?? zero(plan.price.currency);
  return { ...prove(catalogue, question, marketing_budget), marketing_budget };
}

/**
 * What the pack's credits stand for fits into what its sale allows: price × (1 − margin) − fees. A pack whose credits stand for more
 * would sell what the raised ceiling then refuses.
 */
export function provePack(catalogue: Catalogue, pack: Pack): Proof {
  const question = {
    kind: 'pack' as const,
    code: pack.code,
    price: pack.price,
    fees: paymentFees(pack.price, pack.payment_fees),
    ceiling: pack.ceiling_raise,
    reserve: zero(pack.price.currency),
    margin: pack.margin,
    constraints: [{ name: 'credits', limit: pack.cost, because: `${pack.credits} credits at what each stands for` }],
  };
  return prove(catalogue, question, pack.ceiling_raise);
}

/** A pack at the price of one of its tiers, as if each paid its fees alone. */
function proveTier(catalogue: Catalogue, pack: Pack, { from, price }: Pack['tiers'][number]): Proof {
  const ceiling_raise = costAllowance(price, pack.margin, pack.payment_fees);
  return provePack(catalogue, { ...pack, code: `${pack.code} from ${from}`, price, ceiling_raise });
}

interface Question {
  readonly kind: Proof['kind'];
  readonly code: string;
  readonly price: Money;
  readonly fees: Money;
  readonly ceiling: Money;
  readonly reserve: Money;
  readonly margin: Ratio;
  readonly constraints: readonly Constraint[];
}

/** `allowance`: what may be spent of the price, or the marketing budget where there is none. */
function prove(catalogue: Catalogue, { margin, ...question }: Question, allowance: Money): Proof {
  const { price, fees, reserve, constraints, ceiling } = question;
  const binding = constraints.reduce((least, next) => (compare(next.limit, least.limit) < 0 ? next : least));
  const worst_case = binding.limit;
  const remains = subtract(subtract(subtract(price, fees), worst_case), reserve);
  const wanted = scale(price, margin, 'up');
  const excess = compare(add(worst_case, reserve), allowance) > 0;
  const failure = excess
    ? `may cost ${formatAmount(add(worst_case, reserve))} of ${formatAmount(allowance)}`
    : compare(ceiling, allowance) > 0
      ? `ceiling above ${formatAmount(allowance)}`
      : undefined;
  return {
    ...question,
    worst_case,
    exchange_buffer: bufferIn(catalogue, worst_case),
    binding,
    remains,
    ...(price.nanos > 0n && { remains_ratio: ratio(remains.nanos, price.nanos) }),
    wanted,
    holds: failure === undefined,
    ...(failure !== undefined && { failure }),
  };
}

/** The part of a converted cost that is buffer: what remains in our hands while rates hold still. Zero where costs are in the currency of the price. */
function bufferIn(catalogue: Catalogue, worst: Money): Money {
  if (worst.currency === catalogue.credit.cost.currency) return zero(worst.currency);
  const buffered = addRatios(ONE, catalogue.fx.buffer);
  return subtract(worst, money(divide(worst.nanos * buffered.denominator, buffered.numerator, 'up'), worst.currency));
}
