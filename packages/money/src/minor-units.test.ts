import { describe, expect, test } from 'vitest';

import { currency, formatMoney, fromMinor, parseMoney, smallestPayment, toMinor } from './index.ts';

/** What is paid, and what a payment provider is told for it. */
const TOLD: readonly (readonly [amount: string, code: string, told: number])[] = [
  ['15.99', 'EUR', 1_599],
  ['1599', 'JPY', 1_599],
  ['1', 'KRW', 1],
  ['1.23', 'KWD', 1_230],
  ['0.01', 'BHD', 10],
  ['5', 'ISK', 500],
  ['7', 'UGX', 700],
  ['0', 'USD', 0],
];

describe('C6 amounts as payment providers count them', () => {
  test.each(TOLD)('%s %s is told as %d, and back', (amount, code, told) => {
    const paid = parseMoney(amount, code);
    expect(toMinor(paid)).toBe(told);
    expect(formatMoney(fromMinor(told, code.toLowerCase()))).toBe(formatMoney(paid));
  });

  test.each([
    ['1599.5', 'JPY', '1 JPY'],
    ['29.999', 'USD', '0.01 USD'],
    ['1.234', 'KWD', '0.01 KWD'],
    ['1.5', 'ISK', '1 ISK'],
    ['0.000000001', 'EUR', '0.01 EUR'],
  ])('%s %s cannot be paid: there is nothing below %3$s', (amount, code, least) => {
    expect(() => toMinor(parseMoney(amount, code))).toThrow(`cannot be paid: want an amount in whole ${least}`);
    expect(formatMoney(smallestPayment(currency(code)))).toBe(least);
  });
});
