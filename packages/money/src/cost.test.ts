import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  actualCost,
  currency,
  formatAmount,
  isUnpriced,
  type ModelPrice,
  type Money,
  NO_USAGE,
  parseUnitPrice,
  type Unpriced,
  type Usage,
  worstCaseCost,
} from './index.ts';

const USD = currency('USD');
const FROM = Temporal.Instant.from('2026-01-01T00:00Z');

function price(more: Partial<ModelPrice>): ModelPrice {
  return { provider: 'p', model: 'm', currency: USD, from: FROM, units: {}, images: [], tiers: [], source: 'test', ...more };
}

function perMillion(text: string): bigint {
  return parseUnitPrice(text, 'per_million');
}

function amountOf(cost: Money | Unpriced): string {
  return isUnpriced(cost) ? `unpriced ${cost.unpriced}` : formatAmount(cost);
}

const flash = price({
  units: { input_token: perMillion('0.30'), cached_input_token: perMillion('0.03'), output_token: perMillion('2.50') },
});
const pro = price({
  units: { input_token: perMillion('1.25'), cached_input_token: perMillion('0.125'), output_token: perMillion('10') },
  tiers: [
    {
      above_input_tokens: 200_000,
      prices: { input_token: perMillion('2.50'), cached_input_token: perMillion('0.25'), output_token: perMillion('15') },
    },
  ],
});
const claude = price({
  units: {
    input_token: perMillion('3'),
    cached_input_token: perMillion('0.30'),
    cache_write_token: perMillion('3.75'),
    output_token: perMillion('15'),
  },
});

describe('what a call costs', () => {
  test('input and output by the token', () => {
    expect(amountOf(actualCost(flash, { input_tokens: 1000, output_tokens: 6 }))).toBe('0.000315');
    expect(amountOf(actualCost(flash, NO_USAGE))).toBe('0');
  });

  test('a price of $0.075 per million is exact, and a cost is rounded up once, at the end', () => {
    const cheap = price({ units: { input_token: perMillion('0.075'), output_token: perMillion('0.0375') } });
    expect(amountOf(actualCost(cheap, { input_tokens: 1, output_tokens: 0 }))).toBe('0.000000075');
    expect(amountOf(actualCost(cheap, { input_tokens: 0, output_tokens: 1 }))).toBe('0.000000038');
    expect(amountOf(actualCost(cheap, { input_tokens: 0, output_tokens: 2 }))).toBe('0.000000075');
  });

  test('cached tokens are part of the input and cost their own price, or the full one where none is known', () => {
    expect(amountOf(actualCost(flash, { input_tokens: 1000, output_tokens: 0, cached_input_tokens: 900 }))).toBe('0.000057');
    const plain = price({ units: { input_token: perMillion('1'), output_token: perMillion('1') } });
    expect(amountOf(actualCost(plain, { input_tokens: 1000, output_tokens: 0, cached_input_tokens: 900 }))).toBe('0.001');
  });

  test('tokens written to the cache cost their own price', () => {
    expect(amountOf(actualCost(claude, { input_tokens: 1000, output_tokens: 0, cache_write_tokens: 1000 }))).toBe('0.00375');
  });

  test('reasoning is part of the output and costs its own price where there is one', () => {
    const thinking = price({ units: { input_token: 0n, output_token: perMillion('1'), reasoning_token: perMillion('3.50') } });
    expect(amountOf(actualCost(thinking, { input_tokens: 0, output_tokens: 1000, reasoning_tokens: 400 }))).toBe('0.002');
    expect(amountOf(actualCost(flash, { input_tokens: 0, output_tokens: 1000, reasoning_tokens: 400 }))).toBe('0.0025');
  });

  test('above a context size the whole request costs the tier’s price', () => {
    expect(amountOf(actualCost(pro, { input_tokens: 200_000, output_tokens: 1000 }))).toBe('0.26');
    expect(amountOf(actualCost(pro, { input_tokens: 200_001, output_tokens: 1000 }))).toBe('0.5150025');
  });

  test('F3: 9,000 e-mails at $0.10 per 1,000 cost exactly $0.90', () => {
    const ses = price({ units: { email: parseUnitPrice('0.10', 'per_thousand') } });
    expect(amountOf(actualCost(ses, { ...NO_USAGE, emails: 9000 }))).toBe('0.9');
  });

  test('images by size and quality, seconds, characters, minutes and a fee per request', () => {
    const image = price({
      units: { request: parseUnitPrice('0.001', 'each') },
      images: [
        { size: '1024x1024', quality: 'low', yoctos: parseUnitPrice('0.011', 'each') },
        { size: '*', quality: 'high', yoctos: parseUnitPrice('0.167', 'each') },
        { size: '*', quality: '*', yoctos: parseUnitPrice('0.25', 'each') },
      ],
    });
    const cost = (size: string, quality: string, count: number) =>
      amountOf(actualCost(image, { ...NO_USAGE, images: [{ size, quality, count }] }));
    expect(cost('1024x1024', 'low', 20)).toBe('0.221');
    expect(cost('1536x1024', 'high', 9)).toBe('1.504');
    expect(cost('1536x1024', 'ultra', 1)).toBe('0.251');
    const voice = price({
      units: { second: parseUnitPrice('0.0001', 'each'), character: perMillion('15'), minute: parseUnitPrice('0.006', 'each') },
    });
    expect(amountOf(actualCost(voice, { ...NO_USAGE, seconds: 60, characters: 1000, minutes: 2 }))).toBe('0.033');
  });

  test('a unit without a price is unknown, not free', () => {
    const inputOnly = price({ units: { input_token: perMillion('1') } });
    expect(actualCost(inputOnly, { input_tokens: 1, output_tokens: 1 })).toEqual({ unpriced: 'output_token' });
    expect(worstCaseCost(inputOnly, { input_tokens: 1, output_tokens: 1 })).toEqual({ unpriced: 'output_token' });
    expect(amountOf(worstCaseCost(inputOnly, { input_tokens: 1_000_000, output_tokens: 0 }))).toBe('1');
    expect(actualCost(inputOnly, { ...NO_USAGE, emails: 1 })).toEqual({ unpriced: 'email' });
    expect(actualCost(flash, { ...NO_USAGE, images: [{ size: '1x1', quality: 'low', count: 1 }] })).toEqual({
      unpriced: 'image 1x1 low',
    });
    const cacheOnly = price({ units: { cached_input_token: 1n, output_token: 1n } });
    expect(worstCaseCost(cacheOnly, { input_tokens: 1, output_tokens: 0 })).toEqual({ unpriced: 'input_token' });
  });

  test('pieces of a module’s own units, and as many calls as are said, cost their prices; of several unknown units the first is named', () => {
    const carved = price({
      units: { ...flash.units, carving: parseUnitPrice('2', 'each'), request: parseUnitPrice('1', 'each') },
    });
    expect(amountOf(actualCost(carved, { ...NO_USAGE, units: { carving: 3 } }))).toBe('7');
    expect(amountOf(actualCost(carved, { ...NO_USAGE, requests: 4 }))).toBe('4');
    expect(amountOf(actualCost(carved, { ...NO_USAGE, requests: 0 }))).toBe('0');
    expect(actualCost(flash, { ...NO_USAGE, units: { carving: 1 } })).toEqual({ unpriced: 'carving' });
    expect(actualCost(flash, { ...NO_USAGE, seconds: 1, emails: 1 })).toEqual({ unpriced: 'second' });
    for (const wrong of [-1, 0.5])
      expect(() => actualCost(carved, { ...NO_USAGE, units: { carving: wrong } })).toThrow('carving');
    expect(() => actualCost(flash, { ...NO_USAGE, images: [{ size: '1x1', quality: 'low', count: -1 }] })).toThrow('image count');
  });

  test('nonsense from a provider counts as the larger total, never as a fault or a gift', () => {
    expect(amountOf(actualCost(flash, { input_tokens: 10, output_tokens: 0, cached_input_tokens: 1000 }))).toBe('0.00003');
    expect(amountOf(actualCost(flash, { input_tokens: 0, output_tokens: 10, reasoning_tokens: 1000 }))).toBe('0.0025');
  });

  test('fractions, negatives and NaN are broken invariants', () => {
    for (const input_tokens of [-1, 0.5, Number.NaN, 2 ** 60]) {
      expect(() => actualCost(flash, { input_tokens, output_tokens: 0 })).toThrow('input_tokens');
    }
  });
});

describe('the worst case of a call', () => {
  test('ignores the cache discount, and pays the cache write where that is dearer', () => {
    expect(amountOf(worstCaseCost(flash, { input_tokens: 1_000_000, output_tokens: 0, cached_input_tokens: 1_000_000 }))).toBe(
      '0.3',
    );
    expect(amountOf(worstCaseCost(claude, { input_tokens: 1_000_000, output_tokens: 0 }))).toBe('3.75');
  });

  test('reaches into the dearest tier that the bound allows, and no further', () => {
    expect(amountOf(worstCaseCost(pro, { input_tokens: 200_000, output_tokens: 1000 }))).toBe('0.26');
    expect(amountOf(worstCaseCost(pro, { input_tokens: 200_001, output_tokens: 1000 }))).toBe('0.5150025');
    const bulk = price({
      units: { input_token: perMillion('10'), output_token: 0n },
      tiers: [{ above_input_tokens: 1000, prices: { input_token: perMillion('1') } }],
    });
    expect(
      amountOf(worstCaseCost(bulk, { input_tokens: 2000, output_tokens: 0 })),
      'a cheaper high tier leaves the low one the worst',
    ).toBe('0.01');
  });

  test('no usage within the bounds ever costs more, whatever the prices', () => {
    const yoctos = fc.bigInt({ min: 0n, max: 10n ** 20n });
    const optional = fc.option(yoctos, { nil: undefined });
    const tokens = fc.record(
      {
        input_token: yoctos,
        output_token: yoctos,
        cached_input_token: yoctos,
        cache_write_token: yoctos,
        reasoning_token: yoctos,
      },
      { requiredKeys: [] },
    );
    const prices = fc
      .record({
        base: tokens,
        input_token: yoctos,
        output_token: yoctos,
        request: optional,
        email: yoctos,
        tiers: fc.array(tokens, { maxLength: 3 }),
      })
      .map(({ base, tiers, request, ...plain }) =>
        price({
          units: { ...base, ...plain, ...(request !== undefined && { request }) },
          tiers: tiers.map((tier, index) => ({ above_input_tokens: (index + 1) * 100, prices: tier })),
        }),
      );
    const count = fc.nat({ max: 400 });
    const bounds = fc.record({ input_tokens: count, output_tokens: count, emails: count });
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(prices, bounds, fc.array(part, { minLength: 6, maxLength: 6 }), (of, bound, parts) => {
        const share = (index: number, whole: number) => Math.floor((parts[index] ?? 0) * whole);
        const input_tokens = share(0, bound.input_tokens);
        const output_tokens = share(1, bound.output_tokens);
        const cached_input_tokens = share(2, input_tokens);
        const usage: Usage = {
          input_tokens,
          output_tokens,
          cached_input_tokens,
          cache_write_tokens: share(3, input_tokens - cached_input_tokens),
          reasoning_tokens: share(4, output_tokens),
          emails: share(5, bound.emails),
        };
        const actual = actualCost(of, usage);
        const worst = worstCaseCost(of, bound);
        if (isUnpriced(actual) || isUnpriced(worst)) throw new Error('every unit here is priced');
        expect(actual.nanos <= worst.nanos).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('priced as it was answered', () => {
  const model = price({
    units: {
      input_token: perMillion('3'),
      cached_input_token: perMillion('0.3'),
      cache_write_token: perMillion('3.75'),
      cache_write_1h_token: perMillion('6'),
      audio_input_token: perMillion('10'),
      output_token: perMillion('15'),
      audio_output_token: perMillion('40'),
      web_search: parseUnitPrice('10', 'per_thousand'),
    },
    tiers: [{ above_input_tokens: 200_000, prices: { input_token: perMillion('6'), cache_write_1h_token: perMillion('12') } }],
    service_tiers: [
      { name: 'priority', units: { input_token: perMillion('6'), output_token: perMillion('30') }, tiers: [] },
      { name: 'flex', units: { input_token: perMillion('1.5'), output_token: perMillion('7.5') }, tiers: [] },
    ],
  });
  const used = { input_tokens: 1_000, output_tokens: 100 };
  test.each<[string, Usage, string]>([
    ['the standard tier', used, '0.0045'],
    ['a dearer service tier', { ...used, service_tier: 'priority' }, '0.009'],
    ['a cheaper service tier', { ...used, service_tier: 'flex' }, '0.00225'],
    [
      'a service tier without a price for cached tokens: those of its input',
      { ...used, cached_input_tokens: 500, service_tier: 'priority' },
      '0.009',
    ],
    ['a service tier that nobody has priced', { ...used, service_tier: 'scale' }, 'unpriced service tier scale'],
    [
      'cache writes for an hour, beside those for five minutes',
      { ...used, cache_write_tokens: 300, cache_write_1h_tokens: 200 },
      '0.005175',
    ],
    [
      'cache writes for an hour in a long context',
      { ...used, input_tokens: 300_000, cache_write_tokens: 300, cache_write_1h_tokens: 300 },
      '1.8033',
    ],
    [
      'a service tier that does not price a long context',
      { ...used, input_tokens: 300_000, service_tier: 'priority' },
      'unpriced service tier priority above 200000 input tokens',
    ],
    ['sound in and out', { ...used, audio_input_tokens: 400, audio_output_tokens: 50 }, '0.00855'],
    [
      'cached sound without a price of its own: that of sound',
      { ...used, cached_input_tokens: 100, audio_input_tokens: 100, cached_audio_input_tokens: 100 },
      '0.0052',
    ],
    ['pictures that nobody has priced', { ...used, image_output_tokens: 10 }, 'unpriced image_output_token'],
    ['searches', { ...used, web_searches: 3 }, '0.0345'],
  ])('%s', (_, usage, cost) => {
    expect(amountOf(actualCost(model, usage))).toBe(cost);
  });
});
