import { checkSize } from '@purser/core/testing';
import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { verifyPostings } from '@purser/ledger';
import { verifyMeters } from '@purser/meters';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { TRIAL_ROOMS, type Trial, trials, TrialWorld, tryProof, type Verdict } from './proof-trial/trial.ts';

/* The proof of catalogs against the engine: what it accepts is spent to the limit, what it refuses is shown to lose. */

const PROVEN_AT = Temporal.Instant.from('2026-11-16T12:00:00Z');
/** Prices that were announced are in force by then. */
const LATER = Temporal.Instant.from('2027-01-16T12:00:00Z');
const AT_ONCE = 8;
const LOTS = checkSize({ quick: 20, extended: 63 });
/** A quick check meets the same catalogs each time, which are known to show every way to hold and to fail. */
const SEEN = checkSize<object>({ quick: { seed: 1 }, extended: {} });

let database: TestDatabase;
let world: TrialWorld;
beforeAll(async () => {
  database = await createTestDatabase(allMigrations(new URL('../../../', import.meta.url), TRIAL_ROOMS));
  world = new TrialWorld(database, PROVEN_AT);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

test('F1: of catalogs that anybody might write none is accepted that loses, and none is refused that holds', async () => {
  const tally = new Map<Verdict, number>();
  let lots = 0;
  const tryAll = async (lot: readonly Trial[]): Promise<void> => {
    if (lots++ === Math.floor(LOTS / 2)) world.clock.moveTo(LATER);
    const tried = await Promise.all(lot.map((one) => tryProof(world, one, PROVEN_AT)));
    expect(tried.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const verdict of tried.flatMap(({ verdicts }) => [...new Set(verdicts)]))
      tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  };
  // Of a failure the sentence says enough; to make it smaller would take minutes.
  const lotOf = fc.array(trials, { minLength: AT_ONCE, maxLength: AT_ONCE });
  await fc.assert(fc.asyncProperty(lotOf, tryAll), { numRuns: LOTS, endOnFailure: true, ...SEEN });

  // Every way to hold and to fail was tried, or the others prove little.
  expect(tally.get('accepted')).toBeGreaterThan(LOTS * 2);
  for (const verdict of ['mistake', 'spend', 'unpaid', 'unusable', 'order'] as const)
    expect(tally.get(verdict)).toBeGreaterThan(0);
  expect([...world.spent_on].toSorted()).toEqual(['embedding', 'image', 'text', 'trial']);
  expect(await verifyMeters(world.database.pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(world.database.pool)).mismatches).toEqual([]);
}, 600_000);
