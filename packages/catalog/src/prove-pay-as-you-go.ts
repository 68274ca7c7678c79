import { compare, type Money, zero } from '@purser/money';

import type { Catalogue, Plan } from './catalogue.ts';
import { costAllowance } from './ceiling.ts';
import { reckon, reckonIn } from './reckon.ts';

/**
 * A credit that is sold by itself pays for the cost it stands for (exchange buffer included), the margin and the share that the payment
 * service keeps; what it keeps of each payment besides belongs to the invoice, not to one credit. Undefined when it does. Asserts that
 * the rate is stated.
 */
export function payAsYouGoLoss(
  catalogue: Pick<Catalogue, 'credit' | 'fx'>,
  { margin, payment_fees, price: { currency } }: Pick<Plan, 'margin' | 'payment_fees' | 'price'>,
  price: Money,
): { readonly stands_for: Money; readonly allowed: Money } | undefined {
  const { cost } = catalogue.credit;
  const stands_for = reckonIn(reckon(cost.nanos, cost.currency), currency, catalogue.fx);
  const allowed = costAllowance(price, margin, { percent: payment_fees.percent, fixed: zero(currency) });
  return compare(stands_for, allowed) > 0 ? { stands_for, allowed } : undefined;
}
