import { type Money, ONE, type Ratio, scale, subtract, subtractRatios, add } from '@purser/money';

import type { Plan } from './catalogue.ts';

export interface PaymentFees {
  readonly percent: Ratio;
  readonly fixed: Money;
}

/** What the payment service keeps of one payment, rounded up. A price of zero is not paid, so it carries no fee. */
export function paymentFees(price: Money, fees: PaymentFees): Money {
  if (price.nanos === 0n) return price;
  return add(scale(price, fees.percent, 'up'), fees.fixed);
}

/**
 * The most that may be spent for what was sold at `price`: price × (1 − margin) − fees, rounded down.
 * €15.99 at 15 % without fees: €13.5915. Negative when the fees alone eat the price; the proof then fails.
 */
export function costAllowance(price: Money, margin: Ratio, fees: PaymentFees): Money {
  return subtract(scale(price, subtractRatios(ONE, margin), 'down'), paymentFees(price, fees));
}

/** What the cost meter admits: the ceiling less the reserve that overruns are booked against. */
export function admissionCapOf(plan: Plan): Money {
  return subtract(plan.ceiling, plan.overrun_reserve);
}
