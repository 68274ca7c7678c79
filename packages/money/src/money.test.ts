import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  add,
  compare,
  currency,
  formatAmount,
  type Money,
  money,
  multiply,
  NANOS_PER_UNIT,
  parseMoney,
  parseRatio,
  ratio,
  scale,
  smaller,
  subtract,
  toWire,
  zero,
} from './index.ts';

const EUR = currency('EUR');
const USD = currency('USD');
const nanos = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
const euros = nanos.map((amount): Money => money(amount, EUR));

describe('money', () => {
  test('parse and format are inverse, for every amount', () => {
    fc.assert(
      fc.property(euros, (amount) => {
        expect(parseMoney(formatAmount(amount), 'EUR')).toEqual(amount);
      }),
    );
  });

  test('is written as plain decimal text, never in exponent form', () => {
    expect(formatAmount(parseMoney('15.99', 'EUR'))).toBe('15.99');
    expect(formatAmount(money(315_000n, USD))).toBe('0.000315');
    expect(formatAmount(money(-1n, USD))).toBe('-0.000000001');
    expect(toWire(parseMoney('1000', 'USD'))).toEqual({ amount: '1000', currency: 'USD' });
    fc.assert(
      fc.property(euros, (amount) => {
        expect(formatAmount(amount)).toMatch(/^-?\d+(\.\d{0,8}[1-9])?$/);
      }),
    );
  });

  test('an amount finer than a nano, too large, or not a decimal is refused, never rounded', () => {
    for (const text of [
      '0.0000000001',
      '1e-10',
      '99999999999',
      '',
      '1,5',
      '0x10',
      'NaN',
      'Infinity',
      '1.',
      '.5',
      '--1',
      '1e99999',
      ' 1',
    ]) {
      expect(() => parseMoney(text, 'EUR')).toThrow(RangeError);
    }
    for (const code of ['eur', 'EURO', '', 'E R']) expect(() => parseMoney('1', code)).toThrow(RangeError);
  });

  test('the exponent form that JSON prints is read exactly', () => {
    expect(parseMoney('7.5e-08', 'USD').nanos).toBe(75n);
    expect(parseMoney('1E3', 'USD').nanos).toBe(1_000_000_000_000n);
  });

  test('adding and subtracting are exact and inverse', () => {
    fc.assert(
      fc.property(euros, euros, (a, b) => {
        expect(subtract(add(a, b), b)).toEqual(a);
        expect(add(a, b)).toEqual(add(b, a));
        expect(compare(a, b)).toBe(-compare(b, a) + 0);
      }),
    );
  });

  test('currencies do not mix', () => {
    expect(() => add(money(1n, EUR), money(1n, USD))).toThrow('EUR and USD');
    expect(() => compare(money(1n, EUR), money(1n, USD))).toThrow('EUR and USD');
  });

  test('is frozen, and never larger than a database integer', () => {
    expect(Object.isFrozen(money(1n, EUR))).toBe(true);
    expect(() => multiply(money(10n ** 18n, EUR), 10n)).toThrow('64 bits');
  });

  test('is as large as a database integer and no larger, whether counted or written', () => {
    const most = 2n ** 63n - 1n;
    for (const nanos of [most, -most]) {
      expect(money(nanos, EUR).nanos).toBe(nanos);
      expect(parseMoney(formatAmount(money(nanos, EUR)), 'EUR').nanos).toBe(nanos);
    }
    expect(() => money(most + 1n, EUR)).toThrow('64 bits');
    expect(() => money(-most - 1n, EUR)).toThrow('64 bits');
    for (const text of ['9223372036.854775808', '-9223372036.854775808']) {
      expect(() => parseMoney(text, 'EUR')).toThrow(`${text} is too large`);
    }
  });

  test('has an order, a zero, and a smaller of two', () => {
    const [one, two] = [money(1n, EUR), money(2n, EUR)];
    expect([compare(one, two), compare(two, one), compare(one, money(1n, EUR))]).toEqual([-1, 1, 0]);
    expect([smaller(one, two), smaller(two, one)]).toEqual([one, one]);
    expect([zero(EUR).nanos, NANOS_PER_UNIT]).toEqual([0n, parseMoney('1', 'EUR').nanos]);
  });

  test('scaling up never gives less than the exact product, scaling down never more, and they differ by at most one nano', () => {
    const fraction = fc.tuple(fc.bigInt({ min: -9_999n, max: 9_999n }), fc.bigInt({ min: 1n, max: 9_999n }));
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }), fraction, (amount, [numerator, denominator]) => {
        const by = ratio(numerator, denominator);
        const up = scale(money(amount, EUR), by, 'up').nanos;
        const down = scale(money(amount, EUR), by, 'down').nanos;
        expect(up * denominator >= amount * numerator).toBe(true);
        expect(down * denominator <= amount * numerator).toBe(true);
        expect(up - down <= 1n).toBe(true);
      }),
    );
  });

  test('F1: €15.99 at a margin of 15 % leaves exactly €13.5915', () => {
    expect(formatAmount(scale(parseMoney('15.99', 'EUR'), parseRatio('0.85'), 'down'))).toBe('13.5915');
  });
});
