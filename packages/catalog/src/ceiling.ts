import {
  add,
  addRatios,
  convertPlain,
  type ExchangeRates,
  invertRatio,
  type Money,
  ONE,
  type Ratio,
  scale,
  smaller,
  subtract,
  subtractRatios,
  zero,
} from '@purser/money';

import type { Plan, Tax } from './catalog.ts';

export interface PaymentFees {
  readonly percent: Ratio;
  readonly fixed: Money;
}

/** What a price is sold on: what must remain of it, and who takes of it before that. */
export interface SaleTerms {
  readonly margin: Ratio;
  readonly payment_fees: PaymentFees;
  readonly tax: Tax;
}

/** What a payment at a price brings at the highest tax rate it is sold under; a lower one only leaves more. */
export interface Sale {
  /** What the buyer pays, tax included. */
  readonly gross: Money;
  /** What is ours of it: revenue, and what the margin is a share of. */
  readonly net: Money;
  /** What the payment service keeps: a share of the gross, and a fixed part. */
  readonly fees: Money;
  /** The most that may be spent for it: net × (1 − margin) − fees, rounded down. Negative when the fees alone eat the price. */
  readonly allowance: Money;
}

/** What the payment service keeps of one payment of that amount, tax included, rounded up. Nothing is paid where the price is zero, and no fee. */
export function paymentFees(gross: Money, fees: PaymentFees): Money {
  if (gross.nanos === 0n) return gross;
  return add(scale(gross, fees.percent, 'up'), fees.fixed);
}

/** €15.99 at 15 % without fees: an allowance of €13.5915. With 2.9 % and 27 % of tax on top the fees are of €20.31. */
export function saleOf(price: Money, { margin, payment_fees, tax }: SaleTerms): Sale {
  const taxed = addRatios(ONE, tax.max);
  const gross = tax.behavior === 'inclusive' ? price : scale(price, taxed, 'up');
  const net = tax.behavior === 'inclusive' ? scale(price, invertRatio(taxed), 'down') : price;
  const fees = paymentFees(gross, payment_fees);
  return { gross, net, fees, allowance: subtract(scale(net, subtractRatios(ONE, margin), 'down'), fees) };
}

/** What a month of the plan may cost at most without breaking what was promised: by its price, or by the marketing budget of a free one. */
export function allowanceOf(plan: Pick<Plan, 'price' | 'marketing_budget'> & SaleTerms): Money {
  if (plan.price.nanos > 0n) return saleOf(plan.price, plan).allowance;
  return plan.marketing_budget ?? zero(plan.price.currency);
}

/**
 * The most that is spent where so much is admitted: the reserve is for calls under way that come to more than was held for them. Where nothing
 * is admitted, none is.
 */
export function spentAtMost(cap: Money, { overrun_reserve }: Pick<Plan, 'overrun_reserve'>): Money {
  return cap.nanos === 0n ? cap : add(cap, overrun_reserve);
}

/** What the cost meter admits of a ceiling: less the reserve that overruns are booked against, and no more than a hard cap; never below zero. */
export function admissionCapOf(plan: Plan, ceiling: Money, fx: ExchangeRates): { readonly cap: Money; readonly capped: boolean } {
  const admitted = subtract(ceiling, plan.overrun_reserve);
  const floored = admitted.nanos < 0n ? zero(admitted.currency) : admitted;
  const { monthlyUsd, hardStop } = plan.cost_caps;
  if (monthlyUsd === undefined || !hardStop) return { cap: floored, capped: false };
  // At the plain rate: costs are counted with the buffer, so the cap errs low.
  const hard = convertPlain(monthlyUsd, floored.currency, fx, 'down');
  return { cap: smaller(floored, hard), capped: hard.nanos < floored.nanos };
}
