import {
  add,
  addRatios,
  compare,
  convertCost,
  divide,
  formatAmount,
  formatMoney,
  isUnpriced,
  type Money,
  money,
  ONE,
  type Ratio,
  ratio,
  scale,
  smaller,
  subtract,
  zero,
} from '@purser/money';

import type { Catalog, Plan } from './catalog.ts';
import { allowanceOf, type Sale, saleOf, spentAtMost } from './ceiling.ts';
import { allotmentsOf, boundOf, type Constraint } from './constraints.ts';
import { dearestCall } from './exposure.ts';
import type { Loss } from './loss.ts';
import { reachable } from './reachable.ts';

/** What is left of a price in the worst billing period, and why it cannot be less. All amounts in the currency of the price. */
export interface Proof {
  readonly kind: 'plan' | 'pack';
  readonly code: string;
  readonly price: Money;
  readonly fees: Money;
  readonly ceiling: Money;
  readonly reserve: Money;
  /** The most that the engine admits, exchange buffer included. */
  readonly worst_case: Money;
  /** How much of the worst case is exchange buffer. */
  readonly exchange_buffer: Money;
  readonly binding: Constraint;
  /** What credits and quotas pay for where every call is charged as it should be. */
  readonly allotments: readonly Constraint[];
  /** Price without tax − fees − worst case − reserve. Below zero only where nothing was paid. */
  readonly remains: Money;
  /** Of the price without tax; absent where the price is zero. */
  readonly remains_ratio?: Ratio;
  /** The same when customers use up what they were granted, every call charged. */
  readonly granted_ratio?: Ratio;
  readonly wanted: Money;
  /** What a free plan is allowed to lose. */
  readonly marketing_budget?: Money;
  readonly holds: boolean;
  readonly loss?: Loss;
}

/**
 * price without tax − payment fees − worst case (exchange buffer included) − overrun reserve ≥ margin × price without tax, where the worst
 * case is what the engine admits at the prices of `at` and those announced for later, and the reserve what calls under way may come to
 * beyond it. A free plan holds when that is zero or within the marketing budget it states. A paid plan must be able to serve a call.
 */
export function provePlan(catalog: Catalog, plan: Plan, at: Temporal.Instant): Proof {
  const bound = boundOf(catalog, plan, at);
  const nothing = zero(plan.price.currency);
  const free = plan.price.nanos === 0n;
  const sale = free ? { gross: nothing, net: nothing, fees: nothing, allowance: allowanceOf(plan) } : saleOf(plan.price, plan);
  const proof = prove(catalog, {
    kind: 'plan',
    code: plan.code,
    price: plan.price,
    sale,
    margin: plan.margin,
    ceiling: plan.ceiling,
    reserve: subtract(spentAtMost(bound.limit, plan), bound.limit),
    bound,
    allotments: allotmentsOf(catalog, plan, at),
  });
  const loss = lossOfPlan(plan, sale, proof) ?? (free ? undefined : unusable(catalog, plan, sale, at));
  return {
    ...proof,
    ...(free && { marketing_budget: sale.allowance }),
    holds: loss === undefined,
    ...(loss && { loss }),
  };
}

function lossOfPlan({ code, price }: Plan, { gross, allowance }: Sale, { worst_case, reserve }: Proof): Loss | undefined {
  const spent = add(worst_case, reserve);
  if (compare(spent, allowance) <= 0) return undefined;
  const free = price.nanos === 0n;
  const change =
    allowance.nanos < 0n
      ? 'raise the price: margin and payment fees alone are more than it'
      : `set the ceiling to at most ${formatMoney(allowance)}, ${free ? 'or state a marketing_budget' : 'raise the price or set a smaller margin'}`;
  return {
    code,
    why: `may cost ${formatAmount(spent)} of ${formatAmount(allowance)}`,
    change,
    witness: { kind: 'spend', plan: code },
    bought: gross,
    allowed: allowance,
    spent,
  };
}

/** A plan sells calls to models; where none of them fits the whole ceiling, were it to write all it can, no call is ever admitted. */
function unusable(catalog: Catalog, plan: Plan, { gross }: Sale, at: Temporal.Instant): Loss | undefined {
  const { currency } = plan.price;
  const most = spentAtMost(boundOf(catalog, plan, at).limit, plan);
  let least: { readonly model: string; readonly tokens: number; readonly cost: Money } | undefined;
  for (const { model, price } of reachable(catalog, plan, 'text', at)) {
    const dearest = dearestCall(model, price, 1);
    if (dearest === undefined || isUnpriced(dearest)) continue;
    const cost = convertCost(dearest, currency, catalog.fx);
    if (!least || compare(cost, least.cost) < 0) least = { model: model.id, tokens: model.output_tokens_max, cost };
  }
  if (!least || compare(least.cost, most) <= 0) return undefined;
  return {
    code: plan.code,
    why: `no call fits: one to ${least.model} may cost ${formatAmount(least.cost)}, as its model may write ${least.tokens} tokens whatever the request asks for, and ${formatAmount(most)} is allowed`,
    change: `offer a model that costs less for its longest answer, or raise price and ceiling to at least ${formatMoney(least.cost)}`,
    witness: { kind: 'unusable', plan: plan.code },
    bought: gross,
    allowed: most,
    spent: least.cost,
  };
}

export interface Question {
  readonly kind: Proof['kind'];
  readonly code: string;
  readonly price: Money;
  readonly sale: Sale;
  readonly margin: Ratio;
  readonly ceiling: Money;
  readonly reserve: Money;
  readonly bound: Constraint;
  readonly allotments: readonly Constraint[];
}

/** The sums of a proof; whether they hold is for whoever asks. */
export function prove(catalog: Catalog, question: Question): Proof {
  const { kind, code, price, sale, margin, ceiling, reserve, bound, allotments } = question;
  const worst_case = bound.limit;
  const earned = subtract(sale.net, sale.fees);
  const remains = subtract(subtract(earned, worst_case), reserve);
  const granted = allotments.reduce((least, { limit }) => smaller(least, limit), add(worst_case, reserve));
  return {
    kind,
    code,
    price,
    fees: sale.fees,
    ceiling,
    reserve,
    worst_case,
    exchange_buffer: bufferIn(catalog, worst_case),
    binding: bound,
    allotments,
    remains,
    ...(sale.net.nanos > 0n && {
      remains_ratio: ratio(remains.nanos, sale.net.nanos),
      granted_ratio: ratio(earned.nanos - granted.nanos, sale.net.nanos),
    }),
    wanted: scale(sale.net, margin, 'up'),
    holds: true,
  };
}

/** The part of a converted cost that is buffer: what remains in our hands while rates hold still. Zero where costs are in the currency of the price. */
function bufferIn(catalog: Catalog, worst: Money): Money {
  if (worst.currency === catalog.credit.cost.currency) return zero(worst.currency);
  const buffered = addRatios(ONE, catalog.fx.buffer);
  return subtract(worst, money(divide(worst.nanos * buffered.denominator, buffered.numerator, 'up'), worst.currency));
}
