import { paymentFees, type Plan, saleOf } from '@purser/catalog';
import {
  add,
  convertAllowance,
  convertCost,
  type Currency,
  divide,
  type ExchangeRates,
  findRate,
  type Money,
  money,
  ONE,
  scale,
  subtractRatios,
  zero,
} from '@purser/money';

import type { InvoiceFact } from './facts.ts';

/** What an invoice brought in, in its own currency, of what has not gone back. */
export interface Collected {
  readonly net: bigint;
  readonly tax: bigint;
  /** As the plan expects them of what was paid, what reversals cost included. */
  readonly fees: bigint;
}

/** What a plan may spend for it, in the plan's currency. Either may be less than nothing, where fees eat the money. */
export interface Proceeds {
  readonly unit: Currency;
  /** Of what the plan promises, the part that was paid for. */
  readonly ceiling: bigint;
  /** What margin and fees leave of the money, whatever the plan promises. */
  readonly proven: bigint;
  /** What was paid for the plan itself. */
  readonly net: bigint;
}

type Money_ = Pick<InvoiceFact, 'currency' | 'gross' | 'tax' | 'reversed' | 'reversal_fees'>;

/** Tax is what was paid less its net, rounded up, so that rounding is against us; a part that went back takes its share of both. */
export function collectedOf(fact: Money_, plan: Pick<Plan, 'payment_fees'> | undefined, fx: ExchangeRates): Collected {
  const { gross, tax, reversed, currency, reversal_fees } = fact;
  const kept = gross - reversed;
  const tax_kept = gross === 0n ? 0n : divide(tax * kept, gross, 'up');
  return { net: kept - tax_kept, tax: tax_kept, fees: feesIn(money(gross, currency), plan, fx) + reversal_fees };
}

/** In the currency of the payment; a fixed part whose rate nobody states is left out, and then nothing may be spent either. */
function feesIn(gross: Money, plan: Pick<Plan, 'payment_fees'> | undefined, fx: ExchangeRates): bigint {
  if (plan === undefined || gross.nanos === 0n) return 0n;
  const { percent, fixed } = plan.payment_fees;
  const known = fixed.currency === gross.currency || findRate(fx, fixed.currency, gross.currency) !== undefined;
  const converted = known ? convertCost(fixed, gross.currency, fx) : zero(gross.currency);
  return paymentFees(gross, { percent, fixed: converted }).nanos;
}

/**
 * What may be spent for an invoice: the plan's ceiling in the proportion of what was collected, and never more than margin and fees leave of it.
 * `of_plan` is the share of the money that is the plan's. Money in a currency without a stated rate pays for nothing.
 */
export function proceedsOf(
  collected: Collected,
  currency: Currency,
  of_plan: { readonly numerator: bigint; readonly denominator: bigint },
  plan: Plan,
  fx: ExchangeRates,
): Proceeds {
  const unit = plan.price.currency;
  if (currency !== unit && findRate(fx, currency, unit) === undefined) return { unit, ceiling: 0n, proven: 0n, net: 0n };
  const own = divide(collected.net * of_plan.numerator, of_plan.denominator, 'down');
  const { nanos: net } = convertAllowance(money(own, currency), unit, fx);
  const { nanos: fees } = convertCost(money(collected.fees, currency), unit, fx);
  const allowed = scale(money(net, unit), subtractRatios(ONE, plan.margin), 'down').nanos - fees;
  const sold = saleOf(plan.price, plan).net.nanos;
  const promised = sold === 0n ? 0n : divide(plan.ceiling.nanos * net, sold, 'down');
  return { unit, ceiling: promised < allowed ? promised : allowed, proven: allowed, net };
}

export interface Credits {
  readonly credits: bigint;
  /** How many of them may roll over. */
  readonly rolling: bigint;
}

/** The plan's monthly credits in the proportion of what was paid for a month, rounded down. */
export function creditsOf(net: bigint, plan: Plan): Credits {
  const { credits_monthly, rollover } = plan;
  const sold = saleOf(plan.price, plan).net.nanos;
  if (net <= 0n || sold === 0n) return { credits: 0n, rolling: 0n };
  const credits = divide(credits_monthly * net, sold, 'down');
  const rolling = rollover ? divide(rollover.credits_max * net, sold, 'down') : 0n;
  return { credits, rolling: rolling < credits ? rolling : credits };
}

export function sumIn(
  unit: Currency,
  amounts: readonly { readonly unit: Currency; readonly nanos: bigint }[],
  fx: ExchangeRates,
): bigint {
  return amounts.reduce((sum, one) => add(sum, inUnit(one, unit, fx)), zero(unit)).nanos;
}

/** Cautiously: what may be spent counts less in another currency, and what is missing more. */
function inUnit({ unit, nanos }: { readonly unit: Currency; readonly nanos: bigint }, to: Currency, fx: ExchangeRates): Money {
  if (unit === to) return money(nanos, to);
  if (findRate(fx, unit, to) === undefined) return zero(to);
  if (nanos >= 0n) return convertAllowance(money(nanos, unit), to, fx);
  return money(-convertCost(money(-nanos, unit), to, fx).nanos, to);
}
