import { isRefusal } from '@purser/core';
import { type Catalog, loadCatalog, type ModelEntry } from '@purser/catalog';
import { compare, convertCost, currency, isUnpriced, money, type Money, parseMoney, worstCaseCost } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { fitRequest, type FitQuestion, type Headroom } from './fit-request.ts';

const NOW = Temporal.Instant.from('2026-11-01T00:00:00Z');
let catalog: Catalog;
let flash: ModelEntry;
let lite: ModelEntry;
let pro: ModelEntry;

beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const find = (id: string) => catalog.models.find((model) => model.id === id)!;
  [pro, flash, lite] = [find('gemini/gemini-2.5-pro'), find('gemini/gemini-2.5-flash'), find('gemini/gemini-2.5-flash-lite')];
});

const priceOf = (model: ModelEntry) => catalog.prices.findByKey(model.priceKey, NOW);
const ceiling = (left: Money): Headroom => ({ remaining: left, code: 'cost_ceiling_reached', name: 'the plan’s cost ceiling' });
const usd = (amount: string) => parseMoney(amount, 'USD');
const fit = (question: Partial<FitQuestion>) =>
  fitRequest({
    candidates: [flash, lite],
    priceOf,
    input_tokens_max: 1_000,
    output_tokens_asked: 800,
    headrooms: [],
    fx: catalog.fx,
    ...question,
  });
const worst = (model: ModelEntry, input_tokens: number, output_tokens: number): Money => {
  const cost = worstCaseCost(priceOf(model)!, { input_tokens, output_tokens });
  if (isUnpriced(cost)) throw new Error(cost.unpriced);
  return cost;
};

describe('fitting a request', () => {
  test('what fits is left alone, on the first candidate', () => {
    expect(fit({ headrooms: [ceiling(worst(flash, 1_000, 800))] })).toMatchObject({
      model: flash,
      output_tokens_max: 800,
      worst_cost: worst(flash, 1_000, 800),
      degraded: [],
    });
  });

  test('S4 first the output is clamped, to the very last token that is paid for', () => {
    const headroom = { ...worst(flash, 1_000, 800), nanos: worst(flash, 1_000, 800).nanos - 1n };
    expect(fit({ headrooms: [ceiling(headroom)] })).toMatchObject({
      model: flash,
      output_tokens_max: 799,
      degraded: [{ what: 'output of 799 tokens instead of 800', why: 'the budget left pays for no more' }],
    });
  });

  test('then comes a cheaper model, with its full output if that fits', () => {
    const found = fit({ headrooms: [ceiling(worst(lite, 1_000, 800))] });
    expect(found).toMatchObject({ model: lite, output_tokens_max: 800 });
    expect(found).toMatchObject({
      degraded: [{ what: 'model gemini/gemini-2.5-flash-lite instead of gemini/gemini-2.5-flash' }],
    });
  });

  test('else it is refused with the code of what is too small, and the sums', () => {
    expect(fit({ headrooms: [ceiling(usd('0.00001'))] })).toMatchObject({
      code: 'cost_ceiling_reached',
      detail: expect.stringMatching(
        /^the plan’s cost ceiling does not leave enough for this call on gemini\/gemini-2\.5-flash-lite; it may cost 0\.\d+ USD, and 0\.00001 USD is left$/,
      ) as string,
    });
    expect(fit({ headrooms: [{ remaining: usd('0'), code: 'request_too_large', name: 'max_cost' }] })).toMatchObject({
      code: 'request_too_large',
    });
    expect(fit({ tokens_remaining: 900n })).toMatchObject({ code: 'quota_exceeded' });
  });

  test('an output too short to be of use is not offered; one asked to be short is', () => {
    const headroom = worst(flash, 1_000, 40);
    expect(fit({ candidates: [flash], headrooms: [ceiling(headroom)] })).toMatchObject({ code: 'cost_ceiling_reached' });
    expect(fit({ candidates: [flash], headrooms: [ceiling(headroom)], output_tokens_asked: 40 })).toMatchObject({
      output_tokens_max: 40,
    });
  });

  test('tokens that are left clamp like money does', () => {
    expect(fit({ tokens_remaining: 1_500n })).toMatchObject({ model: flash, output_tokens_max: 500 });
  });

  test('a model writes no more than it can, and is billed no more input than it can read', () => {
    const short = { ...flash, context_tokens: 500, output_tokens_max: 100 };
    expect(fit({ candidates: [short] })).toMatchObject({
      input_tokens_max: 500,
      output_tokens_max: 100,
      worst_cost: worst(flash, 500, 100),
    });
  });

  test('a prompt that cannot be read by any candidate is too large', () => {
    const short = { ...flash, context_tokens: 100 };
    expect(fit({ candidates: [short] })).toMatchObject({ code: 'request_too_large' });
    expect(fit({ candidates: [short, lite] })).toMatchObject({ model: lite });
  });

  test('a model whose price nobody knows is never called; when all are so, `price_unknown`', () => {
    expect(fit({ priceOf: (model) => (model === flash ? undefined : priceOf(model)) })).toMatchObject({ model: lite });
    expect(fit({ priceOf: () => undefined })).toMatchObject({ code: 'price_unknown' });
    const { output_token: _, ...units } = priceOf(flash)!.units;
    const half = { ...priceOf(flash)!, units };
    expect(fit({ candidates: [flash], priceOf: () => half })).toMatchObject({
      code: 'price_unknown',
      detail: 'no price of output_token is known for gemini/gemini-2.5-flash',
    });
  });
});

test('F1 whatever is asked and left, what is returned fits every headroom in its currency, and is the most that does on its model', () => {
  const amounts = fc.bigInt({ min: 0n, max: 50_000_000n });
  const headrooms = fc.array(
    fc.record({
      nanos: amounts,
      of: fc.constantFrom('USD', 'EUR'),
      code: fc.constantFrom('cost_ceiling_reached' as const, 'budget_exhausted' as const),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(
      fc.subarray([0, 1, 2], { minLength: 1 }),
      headrooms,
      fc.integer({ min: 0, max: 400_000 }),
      fc.integer({ min: 0, max: 20_000 }),
      fc.option(fc.bigInt({ min: 0n, max: 500_000n }), { nil: undefined }),
      (picks, left, input_tokens_max, output_tokens_asked, tokens_remaining) => {
        const candidates = picks.map((pick) => [pro, flash, lite][pick]!);
        const all = left.map(({ nanos, of, code }) => ({ remaining: money(nanos, currency(of)), code, name: 'what is left' }));
        const fits = (model: ModelEntry, output: number) =>
          all.every(
            (headroom) =>
              compare(
                convertCost(worst(model, input_tokens_max, output), headroom.remaining.currency, catalog.fx),
                headroom.remaining,
              ) <= 0,
          ) &&
          (tokens_remaining === undefined || BigInt(input_tokens_max + output) <= tokens_remaining);
        const found = fit({
          candidates,
          headrooms: all,
          input_tokens_max,
          output_tokens_asked,
          ...(tokens_remaining !== undefined && { tokens_remaining }),
        });
        const least = Math.min(64, output_tokens_asked);
        if (isRefusal(found)) {
          for (const model of candidates) expect(fits(model, least)).toBe(false);
          return;
        }
        expect(fits(found.model, found.output_tokens_max)).toBe(true);
        expect(found.worst_cost).toEqual(worst(found.model, input_tokens_max, found.output_tokens_max));
        expect(found.output_tokens_max).toBeGreaterThanOrEqual(least);
        if (found.output_tokens_max < output_tokens_asked) expect(fits(found.model, found.output_tokens_max + 1)).toBe(false);
        for (const dearer of candidates.slice(0, candidates.indexOf(found.model))) expect(fits(dearer, least)).toBe(false);
        expect(found.degraded.length > 0).toBe(found.model !== candidates[0] || found.output_tokens_max < output_tokens_asked);
      },
    ),
    { numRuns: 500 },
  );
});
