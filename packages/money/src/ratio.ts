import { assert } from '@purser/core';

import { formatDecimal, parseDecimal } from './decimal.ts';

/** An exact fraction, such as a margin, a fee, an exchange rate; `denominator` is positive. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export type Rounding = 'up' | 'down';

export function ratio(numerator: bigint, denominator: bigint): Ratio {
  assert(denominator > 0n, `a ratio wants a positive denominator, got ${denominator}`);
  return Object.freeze({ numerator, denominator });
}

export const ZERO_RATIO: Ratio = ratio(0n, 1n);
export const ONE: Ratio = ratio(1n, 1n);

/**
 * `'0.15'` → 15/100, exactly.
 * @throws RangeError when the text is not a decimal.
 */
export function parseRatio(text: string): Ratio {
  const { digits, decimals } = parseDecimal(text);
  return ratio(digits, 10n ** BigInt(decimals));
}

/** Plain decimal text. A fraction without a finite decimal form (an inverted rate) is cut after 12 digits: for reading, not for arithmetic. */
export function formatRatio({ numerator, denominator }: Ratio): string {
  return formatDecimal((numerator * 10n ** 12n) / denominator, 12);
}

export function addRatios(a: Ratio, b: Ratio): Ratio {
  return ratio(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function subtractRatios(a: Ratio, b: Ratio): Ratio {
  return addRatios(a, ratio(-b.numerator, b.denominator));
}

export function multiplyRatios(a: Ratio, b: Ratio): Ratio {
  return ratio(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** 1 / `a`. Asserts that `a` is positive. */
export function invertRatio(a: Ratio): Ratio {
  assert(a.numerator > 0n, 'only a positive ratio has an inverse here');
  return ratio(a.denominator, a.numerator);
}

/** -1, 0 or 1. */
export function compareRatios(a: Ratio, b: Ratio): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Integer division towards +∞ (`up`) or −∞ (`down`). Asserts a positive divisor. */
export function divide(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  assert(divisor > 0n, 'a divisor is positive');
  const quotient = dividend / divisor;
  const remainder = dividend % divisor;
  if (rounding === 'up') return remainder > 0n ? quotient + 1n : quotient;
  return remainder < 0n ? quotient - 1n : quotient;
}
