import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  convertAllowance,
  convertCost,
  convertPlain,
  currency,
  type ExchangeRates,
  findRate,
  formatAmount,
  money,
  parseMoney,
  parseRatio,
  ratio,
} from './index.ts';

const EUR = currency('EUR');
const USD = currency('USD');
const amounts = fc.bigInt({ min: 0n, max: 10n ** 13n }).map((nanos) => money(nanos, USD));
const exchanges = fc
  .record({
    numerator: fc.bigInt({ min: 1n, max: 100_000n }),
    denominator: fc.bigInt({ min: 1n, max: 100_000n }),
    buffer: fc.bigInt({ min: 0n, max: 50n }),
  })
  .map(({ numerator, denominator, buffer }): ExchangeRates => ({
    as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
    buffer: ratio(buffer, 100n),
    rates: new Map([['USD/EUR', ratio(numerator, denominator)]]),
  }));

describe('exchange (F2)', () => {
  test('a cost is counted at the rate and the buffer, rounded up: $0.90 at 0.94 and 2 % is €0.86292', () => {
    const rates: ExchangeRates = {
      as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
      buffer: parseRatio('0.02'),
      rates: new Map([['USD/EUR', parseRatio('0.94')]]),
    };
    expect(formatAmount(convertCost(parseMoney('0.90', 'USD'), EUR, rates))).toBe('0.86292');
    expect(formatAmount(convertPlain(parseMoney('0.90', 'USD'), EUR, rates))).toBe('0.846');
  });

  test('dearer amounts never convert to less', () => {
    fc.assert(
      fc.property(exchanges, amounts, amounts, (rates, a, b) => {
        const [low, high] = a.nanos <= b.nanos ? [a, b] : [b, a];
        expect(convertCost(low, EUR, rates).nanos <= convertCost(high, EUR, rates).nanos).toBe(true);
      }),
    );
  });

  test('a counted cost is never below the plain one, an allowance never above it', () => {
    fc.assert(
      fc.property(exchanges, amounts, (rates, amount) => {
        const plain = convertPlain(amount, EUR, rates).nanos;
        expect(convertCost(amount, EUR, rates).nanos >= plain).toBe(true);
        expect(convertAllowance(amount, EUR, rates).nanos <= plain).toBe(true);
      }),
    );
  });

  test('a counted cost still covers the bill when the rate moves against us by as much as the buffer', () => {
    fc.assert(
      fc.property(exchanges, amounts, fc.bigInt({ min: 0n, max: 100n }), (rates, amount, moved) => {
        const rate = findRate(rates, USD, EUR)!;
        const factor = ratio(100n * 100n + rates.buffer.numerator * moved, 100n * 100n);
        const billed = {
          ...rates,
          rates: new Map([['USD/EUR', ratio(rate.numerator * factor.numerator, rate.denominator * factor.denominator)]]),
        };
        expect(convertCost(amount, EUR, rates).nanos >= convertPlain(amount, EUR, billed).nanos).toBe(true);
      }),
    );
  });

  test('the opposite direction is derived exactly; the same currency passes unchanged and without a buffer', () => {
    fc.assert(
      fc.property(exchanges, amounts, (rates, amount) => {
        const there = findRate(rates, USD, EUR)!;
        const back = findRate(rates, EUR, USD)!;
        expect(there.numerator * back.numerator).toBe(there.denominator * back.denominator);
        expect(convertCost(amount, USD, rates)).toBe(amount);
        expect(findRate({ ...rates, rates: new Map() }, USD, USD)).toEqual(ratio(1n, 1n));
      }),
    );
  });

  test('each pair of currencies has a rate of its own, however often and in whatever order it is asked', () => {
    const GBP = currency('GBP');
    const rates: ExchangeRates = {
      as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
      buffer: parseRatio('0.02'),
      rates: new Map([
        ['USD/EUR', parseRatio('0.94')],
        ['GBP/EUR', parseRatio('1.15')],
      ]),
    };
    for (let asked = 0; asked < 2; asked++) {
      expect(formatAmount(convertCost(money(1_000_000_000n, USD), EUR, rates))).toBe('0.9588');
      expect(formatAmount(convertCost(money(1_000_000_000n, GBP), EUR, rates))).toBe('1.173');
    }
  });

  test('an allowance is divided by the buffer and rounded down; what needs no exchange passes unchanged', () => {
    const rates: ExchangeRates = {
      as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
      buffer: parseRatio('0.02'),
      rates: new Map([['USD/EUR', parseRatio('0.94')]]),
    };
    // 0.94 ÷ 1.02 = 0.921568627450…
    expect(convertAllowance(money(1_000_000_000n, USD), EUR, rates).nanos).toBe(921_568_627n);
    const none: ExchangeRates = { ...rates, rates: new Map() };
    expect(convertAllowance(money(7n, USD), USD, none)).toEqual(money(7n, USD));
    expect(convertPlain(money(7n, USD), USD, none)).toEqual(money(7n, USD));
    // Without a buffer, to whole nano-units: up, unless less is wanted.
    expect([convertPlain(money(1n, USD), EUR, rates).nanos, convertPlain(money(1n, USD), EUR, rates, 'down').nanos]).toEqual([
      1n,
      0n,
    ]);
  });

  test('an unstated rate is a broken invariant: a catalog that needs it does not load', () => {
    const rates: ExchangeRates = { as_of: Temporal.Instant.from('2026-11-01T00:00Z'), buffer: parseRatio('0'), rates: new Map() };
    expect(findRate(rates, USD, EUR)).toBeUndefined();
    expect(() => convertCost(money(1n, USD), EUR, rates)).toThrow('USD to EUR');
  });
});
