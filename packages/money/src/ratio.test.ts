import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  addRatios,
  compareRatios,
  divide,
  formatRatio,
  formatUnitPrice,
  invertRatio,
  multiplyRatios,
  ONE,
  parseRatio,
  parseUnitPrice,
  ratio,
  scaledInteger,
  subtractRatios,
  ZERO_RATIO,
} from './index.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';

const ratios = fc
  .tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.bigInt({ min: 1n, max: 1000n }))
  .map(([numerator, denominator]) => ratio(numerator, denominator));

describe('a ratio', () => {
  test('adds, subtracts, multiplies and compares as fractions do, exactly', () => {
    expect(compareRatios(addRatios(ratio(1n, 2n), ratio(1n, 3n)), ratio(5n, 6n))).toBe(0);
    expect(compareRatios(subtractRatios(ratio(1n, 2n), ratio(1n, 3n)), ratio(1n, 6n))).toBe(0);
    expect(multiplyRatios(ratio(2n, 3n), ratio(5n, 7n))).toEqual({ numerator: 10n, denominator: 21n });
    expect([compareRatios(ratio(1n, 3n), ratio(1n, 2n)), compareRatios(ratio(1n, 2n), ratio(1n, 3n))]).toEqual([-1, 1]);
    fc.assert(
      fc.property(ratios, ratios, (a, b) => {
        expect(compareRatios(subtractRatios(addRatios(a, b), b), a)).toBe(0);
        expect(compareRatios(addRatios(a, ZERO_RATIO), a)).toBe(0);
        expect(compareRatios(multiplyRatios(a, ONE), a)).toBe(0);
        expect(Math.sign(Number(a.numerator * b.denominator - b.numerator * a.denominator))).toBe(compareRatios(a, b));
      }),
    );
  });

  test('is read and written as decimal text; what has no end is cut after twelve digits', () => {
    expect(parseRatio('0.15')).toEqual({ numerator: 15n, denominator: 100n });
    expect(parseRatio('2')).toEqual({ numerator: 2n, denominator: 1n });
    expect([formatRatio(ratio(15n, 100n)), formatRatio(ratio(2n, 3n)), formatRatio(ratio(-1n, 4n))]).toEqual([
      '0.15',
      '0.666666666666',
      '-0.25',
    ]);
  });

  test('has a positive denominator, and an inverse where it is positive itself', () => {
    expect(invertRatio(ratio(2n, 3n))).toEqual({ numerator: 3n, denominator: 2n });
    expect(invertRatio(ratio(1n, 3n))).toEqual({ numerator: 3n, denominator: 1n });
    expect(() => ratio(1n, 0n)).toThrow('positive denominator');
    expect(() => ratio(1n, -1n)).toThrow('positive denominator');
    expect(() => invertRatio(ZERO_RATIO)).toThrow('positive ratio');
    expect(() => invertRatio(ratio(-1n, 2n))).toThrow('positive ratio');
  });
});

describe('a division of integers', () => {
  test.each([
    [7n, 2n, 4n, 3n],
    [6n, 2n, 3n, 3n],
    [-7n, 2n, -3n, -4n],
    [-6n, 2n, -3n, -3n],
    [1n, 3n, 1n, 0n],
    [-1n, 3n, 0n, -1n],
    [0n, 3n, 0n, 0n],
    [5n, 1n, 5n, 5n],
  ])('%d ÷ %d is %d rounded up and %d rounded down', (dividend, divisor, up, down) => {
    expect([divide(dividend, divisor, 'up'), divide(dividend, divisor, 'down')]).toEqual([up, down]);
  });

  test('by nothing, or by less, is a broken invariant', () => {
    expect(() => divide(1n, 0n, 'up')).toThrow('positive');
    expect(() => divide(1n, -1n, 'up')).toThrow('positive');
  });
});

describe('decimal text', () => {
  test.each([
    ['15.99', 1599n, 2],
    ['-3', -3n, 0],
    ['7.5e-08', 75n, 9],
    ['1.2E3', 1200n, 0],
    ['1.25e1', 125n, 1],
    ['1.50', 15n, 1],
    ['100', 100n, 0],
    ['0.000', 0n, 0],
    ['5e+2', 500n, 0],
  ])('%s is %d × 10^-%d', (text, digits, decimals) => {
    expect(parseDecimal(text)).toEqual({ digits, decimals });
  });

  test('of up to eighty characters is read; longer or other text is refused and quoted no further', () => {
    expect(parseDecimal('1'.repeat(80)).decimals).toBe(0);
    expect(() => parseDecimal('1'.repeat(81))).toThrow(`'${'1'.repeat(80)}' is not a decimal`);
    for (const wrong of ['', '.5', '1.', '+1', '1e1000', 'NaN', '0x10', '1 2'])
      expect(() => parseDecimal(wrong)).toThrow(RangeError);
  });

  test('is written without an exponent and without zeros at its end', () => {
    expect([
      formatDecimal(1599n, 2),
      formatDecimal(-5n, 3),
      formatDecimal(1500n, 3),
      formatDecimal(0n, 4),
      formatDecimal(7n, 0),
    ]).toEqual(['15.99', '-0.005', '1.5', '0', '7']);
    expect(formatDecimal(1n, 3)).toBe('0.001');
  });

  test('as an integer of a unit it has no more decimals than the unit', () => {
    expect([scaledInteger({ digits: 15n, decimals: 1 }, 3), scaledInteger({ digits: 15n, decimals: 1 }, 1)]).toEqual([
      1500n,
      15n,
    ]);
    expect(() => scaledInteger({ digits: 15n, decimals: 2 }, 1)).toThrow('0.15 has 2 decimals; want at most 1');
  });

  test('a price for a thousand or a million pieces is exact for one, and never negative', () => {
    expect([parseUnitPrice('0.075', 'per_million'), parseUnitPrice('0.10', 'per_thousand'), parseUnitPrice('2', 'each')]).toEqual(
      [75n * 10n ** 15n, 10n ** 20n, 2n * 10n ** 24n],
    );
    expect([parseUnitPrice('0', 'per_million'), parseUnitPrice('0.0000000000000000000000000', 'each')]).toEqual([0n, 0n]);
    expect(parseUnitPrice('0.000000000000000000000001', 'each')).toBe(1n);
    expect(() => parseUnitPrice('0.0000000000000000000000001', 'each')).toThrow(RangeError);
    expect(() => parseUnitPrice('-0.1', 'each')).toThrow('-0.1 is negative');
    expect([formatUnitPrice(75n * 10n ** 15n), formatUnitPrice(1n)]).toEqual(['0.000000075', '0.000000000000000000000001']);
  });
});
