import { describe, expect, test } from 'vitest';

import { currency, findImagePrice, formatUnitPrice, type ModelPrice, parseUnitPrice, PriceBook } from './index.ts';

function entry(key: string, from: string, input_token: bigint): ModelPrice {
  const slash = key.indexOf('/');
  return {
    provider: key.slice(0, slash),
    model: key.slice(slash + 1),
    currency: currency('USD'),
    from: Temporal.Instant.from(from),
    units: { input_token },
    images: [],
    tiers: [],
    source: 'test',
  };
}

const at = (text: string) => Temporal.Instant.from(text);

describe('the price book', () => {
  const book = new PriceBook([
    entry('gemini/flash', '2027-01-01T00:00Z', 3n),
    entry('gemini/flash', '2026-01-01T00:00Z', 1n),
    entry('openrouter/google/flash', '2026-01-01T00:00Z', 7n),
  ]);

  test('an announced price holds from its instant on, and not a moment earlier', () => {
    expect(book.find('gemini', 'flash', at('2026-12-31T23:59:59.999Z'))?.units.input_token).toBe(1n);
    expect(book.find('gemini', 'flash', at('2027-01-01T00:00Z'))?.units.input_token).toBe(3n);
  });

  test('before its first date, and under any other name, a price is unknown', () => {
    expect(book.find('gemini', 'flash', at('2025-12-31T00:00Z'))).toBeUndefined();
    expect(book.find('gemini', 'flash-8b', at('2026-06-01T00:00Z'))).toBeUndefined();
    expect(book.find('openai', 'flash', at('2026-06-01T00:00Z'))).toBeUndefined();
  });

  test('model names may contain slashes', () => {
    expect(book.findByKey('openrouter/google/flash', at('2026-06-01T00:00Z'))?.units.input_token).toBe(7n);
  });

  test('of two entries of one date the later in the list holds', () => {
    const twice = new PriceBook([entry('a/b', '2026-01-01T00:00Z', 1n), entry('a/b', '2026-01-01T00:00Z', 2n)]);
    expect(twice.find('a', 'b', at('2026-06-01T00:00Z'))?.units.input_token).toBe(2n);
    expect(twice.history('a/b')).toHaveLength(2);
    expect(twice.history('a/c')).toEqual([]);
  });
});

test('an image has the price of its size and quality, else of its quality, else of its size, else of any; of two the first', () => {
  const images = [
    ['1x1', 'low', 1n],
    ['2x2', 'low', 2n],
    ['1x1', 'low', 9n],
    ['*', 'high', 3n],
    ['2x2', '*', 4n],
  ] as const;
  const price = {
    ...entry('a/b', '2026-01-01T00:00Z', 0n),
    images: images.map(([size, quality, yoctos]) => ({ size, quality, yoctos })),
  };
  const of = (size: string, quality: string) => findImagePrice(price, { size, quality });
  expect([of('1x1', 'low'), of('2x2', 'low'), of('1x1', 'high'), of('2x2', 'high'), of('2x2', 'other')]).toEqual([
    1n,
    2n,
    3n,
    3n,
    4n,
  ]);
  expect([of('3x3', 'low'), of('1x1', 'other')]).toEqual([undefined, undefined]);
});

describe('unit prices', () => {
  test('are exact in every basis', () => {
    expect(parseUnitPrice('0.075', 'per_million')).toBe(75n * 10n ** 15n);
    expect(parseUnitPrice('0.10', 'per_thousand')).toBe(10n ** 20n);
    expect(parseUnitPrice('7.5e-08', 'each')).toBe(75n * 10n ** 15n);
    expect(formatUnitPrice(parseUnitPrice('0.075', 'per_million'))).toBe('0.000000075');
    expect(parseUnitPrice('0', 'per_million')).toBe(0n);
  });

  test('negative ones, and ones finer than a yocto, are refused', () => {
    expect(() => parseUnitPrice('-1', 'each')).toThrow(RangeError);
    expect(() => parseUnitPrice('0.0000000000000000001', 'per_million')).toThrow(RangeError);
  });
});
