import { findPlan, loadCatalog, type Plan } from '@purser/catalog';
import { convertCost, currency, type ExchangeRates, money, parseRatio, type Ratio, ratio } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { proceedsOf } from './proceeds.ts';

let plan: Plan;
let fx: ExchangeRates;
beforeAll(async () => {
  const catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  plan = { ...findPlan(catalog, 'PRO')!, ceiling: money(10n ** 15n, currency('EUR')) };
  fx = catalog.fx;
});

const USD = currency('USD');
const WHOLE = { numerator: 1n, denominator: 1n };
const MICRO = 1_000_000n;
/** A dollar in euros, in millionths. */
const at = (rate: number): ExchangeRates => ({
  ...fx,
  buffer: parseRatio('0.02'),
  rates: new Map<string, Ratio>([['USD/EUR', ratio(BigInt(rate), MICRO)]]),
});
/** The most dollars whose cost fits an amount in euros. */
function most(euros: bigint, rates: ExchangeRates): bigint {
  let [low, high] = [0n, euros * 10n + 1n];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (convertCost(money(middle, USD), currency('EUR'), rates).nanos <= euros) low = middle;
    else high = middle - 1n;
  }
  return low;
}

describe('a term that is paid in another currency than its plan’s', () => {
  test('keeps the margin in that currency though the rate moves within the buffer while it is being spent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300_000, max: 2_000_000 }),
        fc.integer({ min: -2_000, max: 2_000 }),
        fc.integer({ min: 0, max: 100 }),
        fc.bigInt({ min: 1_000_000_000n, max: 1_000_000_000_000n }),
        (rate, moved, share, net) => {
          const collected = { net, tax: 0n, fees: 0n };
          const [before, after] = [at(rate), at(Math.round(rate * (1 + moved / 100_000)))];
          const cap = (rates: ExchangeRates): bigint => proceedsOf(collected, USD, WHOLE, plan, rates).proven;
          const spent = (most(cap(before), before) * BigInt(share)) / 100n;
          const counted = convertCost(money(spent, USD), currency('EUR'), before).nanos;
          const left = cap(after) - counted;
          const rest = left > 0n ? most(left, after) : 0n;
          expect(spent + rest <= (net * 85n) / 100n).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('pays for nothing without a stated rate', () => {
    expect(proceedsOf({ net: 10n ** 10n, tax: 0n, fees: 0n }, currency('CHF'), WHOLE, plan, fx)).toMatchObject({
      ceiling: 0n,
      proven: 0n,
      net: 0n,
    });
  });
});
