import { describe, expect, test } from 'vitest';

import {
  actualCost,
  currency,
  dearestCost,
  formatAmount,
  isUnpriced,
  type ModelPrice,
  type Money,
  NO_USAGE,
  parseUnitPrice,
  type ServiceTier,
  type Unpriced,
  type UnitPrices,
  type Usage,
  worstCaseCost,
} from './index.ts';

const each = (prices: Record<string, number>): UnitPrices =>
  Object.fromEntries(Object.entries(prices).map(([unit, amount]) => [unit, parseUnitPrice(String(amount), 'each')]));
const price = (units: Record<string, number>, more: Partial<ModelPrice> = {}): ModelPrice => ({
  provider: 'p',
  model: 'm',
  currency: currency('USD'),
  from: Temporal.Instant.from('2026-01-01T00:00Z'),
  units: each(units),
  images: [],
  tiers: [],
  source: 'test',
  ...more,
});
const tier = (name: string, units: Record<string, number>, tiers: ServiceTier['tiers'] = []): ServiceTier => ({
  name,
  units: each(units),
  tiers,
});
const above = (above_input_tokens: number, prices: Record<string, number>) => ({ above_input_tokens, prices: each(prices) });
const said = (cost: Money | Unpriced): string => (isUnpriced(cost) ? `unpriced ${cost.unpriced}` : formatAmount(cost));

describe('each part of what was used costs its own price', () => {
  const parts = price({
    input_token: 1,
    image_input_token: 3,
    audio_input_token: 10,
    cached_audio_input_token: 5,
    cache_write_token: 20,
    cache_write_1h_token: 30,
    output_token: 100,
    reasoning_token: 200,
    audio_output_token: 1000,
    image_output_token: 5000,
  });
  test.each<[string, Partial<Usage>, string]>([
    ['pictures that are read, among the input', { input_tokens: 10, image_input_tokens: 4 }, '18'],
    ['pictures that are read, told beside no other input', { image_input_tokens: 4 }, '12'],
    ['pictures beside sound', { input_tokens: 10, image_input_tokens: 4, audio_input_tokens: 5 }, '63'],
    ['sound of which some was cached', { input_tokens: 10, audio_input_tokens: 6, cached_audio_input_tokens: 2 }, '54'],
    ['what is kept for an hour, though less is said to be written', { input_tokens: 10, cache_write_1h_tokens: 4 }, '126'],
    [
      'what is kept for an hour, among more that is written',
      { input_tokens: 10, cache_write_tokens: 7, cache_write_1h_tokens: 4 },
      '183',
    ],
    [
      'thoughts, sound and pictures among the output',
      { output_tokens: 10, reasoning_tokens: 1, audio_output_tokens: 2, image_output_tokens: 3 },
      '17600',
    ],
    ['more of them than there is output', { output_tokens: 1, audio_output_tokens: 2, image_output_tokens: 3 }, '17000'],
  ])('%s', (_, usage, cost) => {
    expect(said(actualCost(parts, { ...NO_USAGE, ...usage }))).toBe(cost);
  });

  test('or the plain one where it has none; sound and pictures that are made have one or are unpriced', () => {
    const plain = price({ input_token: 1, audio_input_token: 10, output_token: 100 });
    expect(said(actualCost(plain, { ...NO_USAGE, input_tokens: 10, image_input_tokens: 4 }))).toBe('10');
    expect(said(actualCost(plain, { ...NO_USAGE, input_tokens: 9, audio_input_tokens: 9, cached_audio_input_tokens: 9 }))).toBe(
      '90',
    );
    expect(said(actualCost(plain, { ...NO_USAGE, audio_output_tokens: 1 }))).toBe('unpriced audio_output_token');
    expect(said(actualCost(plain, { ...NO_USAGE, image_output_tokens: 1 }))).toBe('unpriced image_output_token');
  });

  test('the highest size of a context that is exceeded holds, in the standard tier and in a service tier', () => {
    const tiers = [above(10, { input_token: 2 }), above(20, { input_token: 3 })];
    const sized = price(
      { input_token: 1 },
      { tiers, service_tiers: [tier('flex', { input_token: 5 }, [above(10, { input_token: 6 })])] },
    );
    const at = (input_tokens: number, service_tier?: string): string =>
      said(actualCost(sized, { ...NO_USAGE, input_tokens, ...(service_tier && { service_tier }) }));
    expect([at(10), at(11), at(20), at(21)]).toEqual(['10', '22', '40', '63']);
    expect([at(10, 'flex'), at(11, 'flex')]).toEqual(['50', '66']);
  });
});

describe('a bound on a call counts each token at the dearest that it may turn out to be', () => {
  test('parts that are more than the whole are the whole', () => {
    const plain = price({ input_token: 1, output_token: 1 });
    const worst = (bounds: Partial<Usage>): string => said(worstCaseCost(plain, { ...NO_USAGE, ...bounds }));
    expect(worst({ input_tokens: 5, cached_input_tokens: 4, cache_write_tokens: 3 })).toBe('7');
    expect(worst({ cached_input_tokens: 4 })).toBe('4');
    expect(worst({ cache_write_tokens: 3 })).toBe('3');
    expect(worst({ output_tokens: 2, reasoning_tokens: 6 })).toBe('6');
  });

  test.each<[string, Record<string, number>, Partial<Usage>, string]>([
    ['sound, where it is dearer', { input_token: 1, audio_input_token: 5 }, { input_tokens: 10, audio_input_tokens: 4 }, '26'],
    ['sound, where it is cheaper', { input_token: 5, audio_input_token: 1 }, { input_tokens: 10, audio_input_tokens: 4 }, '50'],
    ['sound without a price', { input_token: 5 }, { input_tokens: 10, audio_input_tokens: 4 }, 'unpriced audio_input_token'],
    [
      'pictures, where they are dearer',
      { input_token: 1, image_input_token: 5 },
      { input_tokens: 10, image_input_tokens: 4 },
      '26',
    ],
    [
      'pictures, where they are cheaper',
      { input_token: 5, image_input_token: 1 },
      { input_tokens: 10, image_input_tokens: 4 },
      '50',
    ],
    [
      'more of both than there is input',
      { input_token: 1, audio_input_token: 2 },
      { input_tokens: 1, audio_input_tokens: 4, image_input_tokens: 3 },
      '11',
    ],
    ['sound that is made', { output_token: 1, audio_output_token: 5 }, { output_tokens: 10, audio_output_tokens: 4 }, '26'],
    [
      'sound that is made, where words are dearer',
      { output_token: 5, audio_output_token: 1 },
      { output_tokens: 10, audio_output_tokens: 4 },
      '50',
    ],
    ['pictures that are made', { output_token: 1, image_output_token: 5 }, { output_tokens: 10, image_output_tokens: 4 }, '26'],
    [
      'pictures that are made, where words are dearer',
      { output_token: 5, image_output_token: 1 },
      { output_tokens: 10, image_output_tokens: 4 },
      '50',
    ],
    [
      'more of both than there is output',
      { output_token: 1, audio_output_token: 2, image_output_token: 3 },
      { output_tokens: 1, audio_output_tokens: 4, image_output_tokens: 5 },
      '23',
    ],
  ])('%s', (_, units, bounds, cost) => {
    expect(said(worstCaseCost(price({ input_token: 0, output_token: 0, ...units }), { ...NO_USAGE, ...bounds }))).toBe(cost);
  });

  test('in whichever size of a context is dearest within it; one without a price for it makes it unpriced', () => {
    const cheaper = price({ input_token: 1 }, { tiers: [above(10, { input_token: 9 }), above(20, { input_token: 2 })] });
    expect([10, 11, 20, 21, 90].map((input_tokens) => said(worstCaseCost(cheaper, { ...NO_USAGE, input_tokens })))).toEqual([
      '10',
      '99',
      '180',
      '180',
      '180',
    ]);
    const partly = price({}, { tiers: [above(10, { input_token: 9 })] });
    expect(said(worstCaseCost(partly, { ...NO_USAGE, input_tokens: 20 }))).toBe('unpriced input_token');
    expect(
      said(
        worstCaseCost(price({ output_token: 1 }, { tiers: [above(10, { output_token: 2 })] }), {
          input_tokens: 11,
          output_tokens: 1,
        }),
      ),
    ).toBe('unpriced input_token');
  });
});

describe('the most that a provider can bill, whatever it was asked', () => {
  const dearest = (of: ModelPrice, bounds: Usage = { input_tokens: 10, output_tokens: 1 }): string =>
    said(dearestCost(of, bounds));

  test('is that of the dearest of its service tiers, the standard one among them', () => {
    const units = { input_token: 2, output_token: 3 };
    expect(dearest(price(units))).toBe('23');
    const [low, high] = [
      tier('flex', { input_token: 1, output_token: 1 }),
      tier('priority', { input_token: 4, output_token: 6 }),
    ];
    expect(dearest(price(units, { service_tiers: [low] }))).toBe('23');
    expect(dearest(price(units, { service_tiers: [low, high] }))).toBe('46');
    expect(dearest(price(units, { service_tiers: [high, low] }))).toBe('46');
  });

  test('counts all of the input as kept for an hour, where that is dearest', () => {
    expect(dearest(price({ input_token: 2, cache_write_token: 3, cache_write_1h_token: 5, output_token: 3 }))).toBe('53');
    expect(dearest(price({ input_token: 2, cached_input_token: 7, output_token: 3 }))).toBe('73');
    expect(dearest(price({ input_token: 2, cache_write_token: 6, output_token: 3 }))).toBe('63');
  });

  test('has the fee of the call and what else is billed by the piece in it', () => {
    expect(dearest(price({ input_token: 2, output_token: 3, request: 100 }))).toBe('123');
  });

  test('is unknown where one of the tiers has no price for it, wherever that one stands', () => {
    const known = { input_token: 2, output_token: 3 };
    const partly = tier('batch', { input_token: 1 });
    const dear = tier('priority', { input_token: 40, output_token: 60 });
    expect(dearest(price(known, { service_tiers: [partly] }))).toBe('unpriced output_token');
    expect(dearest(price(known, { service_tiers: [partly, dear] }))).toBe('unpriced output_token');
    expect(dearest(price({ input_token: 1 }, { service_tiers: [dear] }))).toBe('unpriced output_token');
  });
});
