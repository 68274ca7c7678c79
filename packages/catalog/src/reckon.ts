import { convertCost, type Currency, type ExchangeRates, findRate, type Money, money, compareRatios, ratio } from '@purser/money';

/**
 * Above a billion units an amount binds nothing and sells nothing, and multiplied on it would no longer fit an amount of money:
 * what a catalog multiplies out is reckoned here, and stops there.
 */
const NANOS_MAX = 1_000_000_000n * 1_000_000_000n;

/** An amount of any size as money, cut at a billion units. */
export function reckon(nanos: bigint, currency: Currency): Money {
  return money(nanos < NANOS_MAX ? nanos : NANOS_MAX, currency);
}

/** `convertCost`, cut at a billion units. Asserts that the rate is stated. */
export function reckonIn(cost: Money, to: Currency, fx: ExchangeRates): Money {
  const rate = findRate(fx, cost.currency, to);
  // Half the bound leaves room for any buffer below one.
  if (rate && compareRatios(ratio(cost.nanos * rate.numerator, rate.denominator), ratio(NANOS_MAX / 2n, 1n)) > 0)
    return reckon(NANOS_MAX, to);
  return convertCost(cost, to, fx);
}
