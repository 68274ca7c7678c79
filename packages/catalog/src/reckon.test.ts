import { currency, type ExchangeRates, money, parseRatio, ratio } from '@purser/money';
import { expect, test } from 'vitest';

import { reckon, reckonIn } from './reckon.ts';

const [EUR, USD] = [currency('EUR'), currency('USD')];
const MOST = 10n ** 18n;
const fx = (rate: bigint): ExchangeRates => ({
  as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
  buffer: parseRatio('0.5'),
  rates: new Map([['USD/EUR', ratio(rate, 1n)]]),
});

test('what is multiplied out stops at a billion units, and below that it is exact', () => {
  expect([reckon(MOST - 1n, EUR), reckon(MOST, EUR), reckon(MOST + 1n, EUR)].map(({ nanos }) => nanos)).toEqual([
    MOST - 1n,
    MOST,
    MOST,
  ]);
});

test('what is converted stops there from half of it on, which leaves room for any buffer', () => {
  const half = MOST / 2n;
  const inEur = (nanos: bigint, rate = 1n): bigint => reckonIn(money(nanos, USD), EUR, fx(rate)).nanos;
  expect([inEur(half), inEur(half + 1n), inEur(half - 1n)]).toEqual([(half * 3n) / 2n, MOST, ((half - 1n) * 3n + 1n) / 2n]);
  expect([inEur(half / 5n, 5n), inEur(half / 5n + 1n, 5n)]).toEqual([(half * 3n) / 2n, MOST]);
  expect(inEur(7n)).toBe(11n);
  expect(() => reckonIn(money(1n, EUR), currency('GBP'), fx(1n))).toThrow('EUR to GBP');
});
