import { compare, type Money, zero } from '@purser/money';

import type { Catalog, Plan } from './catalog.ts';
import { type PaymentFees, saleOf, type SaleTerms } from './ceiling.ts';
import { costOfCredits } from './credits.ts';

/**
 * A credit that is sold by itself pays for the cost it stands for (exchange buffer included), the margin and what the payment service
 * keeps of it (`soldOneByOneFees`), even when it is the only one on its line. Undefined when it does. Asserts that the rate is stated.
 */
export function payAsYouGoLoss(
  catalog: Pick<Catalog, 'credit' | 'fx'>,
  plan: Pick<Plan, 'price'> & SaleTerms,
  price: Money,
): { readonly stands_for: Money; readonly allowed: Money } | undefined {
  const stands_for = costOfCredits(catalog, 1n, plan.price.currency);
  const allowed = saleOf(price, { ...plan, payment_fees: soldOneByOneFees(plan) }).allowance;
  return compare(stands_for, allowed) > 0 ? { stands_for, allowed } : undefined;
}

/**
 * What the payment service keeps of credits sold one by one. They go onto the invoice of the subscription, whose payment has borne the
 * fixed part already; a plan that costs nothing has no such invoice, so there the fixed part is the line's own.
 */
export function soldOneByOneFees({ payment_fees, price }: Pick<Plan, 'payment_fees' | 'price'>): PaymentFees {
  return price.nanos === 0n ? payment_fees : { percent: payment_fees.percent, fixed: zero(price.currency) };
}
