import { newId, transaction } from '@purser/database';
import { grantCredits, openGrants } from '@purser/meters';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { creditForecaster } from './credit-forecast.ts';
import { forecastExhaustion } from './forecast.ts';
import { openWalletBench, type WalletBench, type Workspace } from './testing.ts';

let bench: WalletBench;
beforeAll(async () => {
  bench = await openWalletBench();
});
afterAll(() => bench.close());

async function give({ id: workspace }: Workspace, credits: bigint): Promise<void> {
  const now = bench.clock.now();
  const grant = { id: newId<'grant'>(), workspace, source: 'gift' as const, credits, expires_at: null, reason: 'test' };
  await transaction(bench.database.pool, (connection) => grantCredits(connection, now, grant));
}

test('C12: a workspace that spends 30 a day and has 90 is out in three days; the days are read from its own movements', async () => {
  const workspace = bench.workspace('STARTER', bench.clock.now().toString());
  const forecast = creditForecaster(bench.database.pool);
  const ask = async () =>
    forecast(bench.policy(workspace), await openGrants(bench.database.pool, bench.clock, workspace.id), bench.clock.now());
  await give(workspace, 30n * 12n + 90n);
  expect(await ask()).toMatchObject({ outlook: 'unknown' });
  for (let day = 0; day < 12; day++) {
    for (let call = 0; call < 10; call++) await bench.spend(workspace, 3n);
    bench.clock.advance({ hours: 24 });
  }
  const { outlook, exhausted_at, earliest, latest, text } = await ask();
  expect(outlook).toBe('out');
  const days = (at: Temporal.Instant | null): number => (at ? bench.clock.now().until(at).total('days') : Infinity);
  expect(days(exhausted_at)).toBeGreaterThan(2.5);
  expect(days(exhausted_at)).toBeLessThan(3.5);
  expect(days(earliest)).toBeLessThan(days(exhausted_at));
  expect(days(latest)).toBeGreaterThan(days(exhausted_at));
  expect(text).toMatch(/run out in 3 days/);
});

test('C12: a history of thousands of movements is read in steps, and what lies behind the last checkpoint counts', async () => {
  const workspace = bench.workspace('STARTER', bench.clock.now().toString());
  await give(workspace, 1_000_000n);
  for (let day = 0; day < 4; day++) {
    await Promise.all(Array.from({ length: 700 }, () => bench.spend(workspace, 1n)));
    bench.clock.advance({ hours: 24 });
  }
  const asked = await creditForecaster(bench.database.pool)(
    bench.policy(workspace),
    [{ available: 1_400n, expires_at: null }],
    bench.clock.now(),
  );
  expect(asked.text).toMatch(/run out in 2 days/);
});

const NOW = Temporal.Instant.from('2026-11-23T00:00:00Z');
const SPENT = Array.from({ length: 28 }, () => 10);
const question = { now: NOW, spent_by_day: SPENT, refresh_at: NOW.add({ hours: 24 * 20 }) };

test('C12: credits that expire first are spent first, and what expires unused does not last', () => {
  const expiring = { available: 1_000n, expires_at: NOW.add({ hours: 48 }) };
  const out = forecastExhaustion({ ...question, grants: [expiring, { available: 10n, expires_at: null }] });
  expect(out.exhausted_at && NOW.until(out.exhausted_at).total('days')).toBeCloseTo(3, 0);
  expect(forecastExhaustion({ ...question, grants: [expiring] }).exhausted_at).toEqual(expiring.expires_at);
});

test('C12: what lasts until the refresh lasts; nothing left is said, and too little history is not made up', () => {
  const grants = [{ available: 1_000n, expires_at: null }];
  expect(forecastExhaustion({ ...question, grants })).toMatchObject({ outlook: 'lasts', exhausted_at: null });
  expect(forecastExhaustion({ ...question, grants: [] })).toMatchObject({ outlook: 'exhausted', exhausted_at: NOW });
  expect(forecastExhaustion({ ...question, grants, spent_by_day: [5, 5] })).toMatchObject({ outlook: 'unknown' });
  expect(forecastExhaustion({ ...question, grants, spent_by_day: SPENT.map(() => 0) })).toMatchObject({ outlook: 'lasts' });
  expect(forecastExhaustion({ ...question, grants })).toEqual(forecastExhaustion({ ...question, grants }));
});
