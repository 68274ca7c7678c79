import { assert, BrokenInvariant } from '@purser/core';

import { formatDecimal, parseDecimal, scaledInteger } from './decimal.ts';
import { divide, type Ratio, type Rounding } from './ratio.ts';

declare const brand: unique symbol;

/** An ISO 4217 code: three capital letters. */
export type Currency = string & { readonly [brand]: 'currency' };

/** An amount as an integer of nano-units (10⁻⁹) of its currency. Frozen. It never meets a JS number. */
export interface Money {
  readonly currency: Currency;
  readonly nanos: bigint;
}

/** Money as it travels: a plain decimal string and its currency. */
export interface WireMoney {
  readonly amount: string;
  readonly currency: string;
}

const NANO_DECIMALS = 9;
export const NANOS_PER_UNIT = 1_000_000_000n;

/** What a Postgres bigint can hold; an amount beyond it is a broken invariant, not money. */
const NANOS_MAX = 2n ** 63n - 1n;

const ISO = /^[A-Z]{3}$/;

/** @throws RangeError when `code` is not three capital letters. */
export function currency(code: string): Currency {
  if (!ISO.test(code)) throw new RangeError(`'${code}' is not a currency; want three capital letters such as EUR`);
  return code as Currency;
}

/** Asserts that the amount fits a 64-bit integer. */
export function money(nanos: bigint, of: Currency): Money {
  assert(nanos <= NANOS_MAX && nanos >= -NANOS_MAX, 'an amount of money exceeds 64 bits');
  return Object.freeze({ currency: of, nanos });
}

export function zero(of: Currency): Money {
  return money(0n, of);
}

/**
 * `parseMoney('15.99', 'EUR')`, exactly.
 * @throws RangeError when the amount is not a decimal, has more than nine decimals or exceeds 64 bits, or the currency is not a code.
 */
export function parseMoney(amount: string, of: string): Money {
  const nanos = scaledInteger(parseDecimal(amount), NANO_DECIMALS);
  if (nanos > NANOS_MAX || nanos < -NANOS_MAX) throw new RangeError(`${amount} is too large for an amount of money`);
  return money(nanos, currency(of));
}

/** `15.99`, `0.000315`: plain decimal text with the digits needed and no more. */
export function formatAmount({ nanos }: Money): string {
  return formatDecimal(nanos, NANO_DECIMALS);
}

/** `15.99 EUR`: for people and logs. */
export function formatMoney(amount: Money): string {
  return `${formatAmount(amount)} ${amount.currency}`;
}

export function toWire(amount: Money): WireMoney {
  return { amount: formatAmount(amount), currency: amount.currency };
}

export function add(a: Money, b: Money): Money {
  assertSameCurrency(a, b);
  return money(a.nanos + b.nanos, a.currency);
}

export function subtract(a: Money, b: Money): Money {
  assertSameCurrency(a, b);
  return money(a.nanos - b.nanos, a.currency);
}

/** -1, 0 or 1. */
export function compare(a: Money, b: Money): number {
  assertSameCurrency(a, b);
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

export function smaller(a: Money, b: Money): Money {
  return compare(a, b) <= 0 ? a : b;
}

/** `count` times an amount, exactly. */
export function multiply(amount: Money, count: bigint): Money {
  return money(amount.nanos * count, amount.currency);
}

/** An amount times a ratio. Costs round up, allowances round down: whoever calls says which. */
export function scale(amount: Money, by: Ratio, rounding: Rounding): Money {
  return money(divide(amount.nanos * by.numerator, by.denominator, rounding), amount.currency);
}

function assertSameCurrency(a: Money, b: Money): void {
  if (a.currency !== b.currency) throw new BrokenInvariant(`${a.currency} and ${b.currency} do not mix without an exchange rate`);
}
