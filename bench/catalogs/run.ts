import { migrate, openPool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import { trials, TrialWorld, tryProof, type Verdict } from '@purser/gate/trial';
import { verifyMeters } from '@purser/meters';
import { MIGRATIONS } from '@purser/server';
import fc from 'fast-check';

import { heading, machine, table } from '../report.ts';

const PROVEN_AT = Temporal.Instant.from('2026-11-16T12:00:00Z');
const AT_ONCE = 8;

/**
 * The proof of catalogs against the engine, for longer than a test may: every catalog that is accepted is spent to its limit, every one
 * that is refused is shown to lose. Fails at the first that is not so.
 */
export async function benchCatalogs(quick: boolean): Promise<void> {
  const wanted = quick ? 504 : 10_000;
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await scratchDatabase());
  const pool = openPool(database.url, { connections_max: 8 });
  opened.defer(() => pool.end());
  await migrate(pool, MIGRATIONS);
  const world = new TrialWorld({ url: database.url, pool }, PROVEN_AT);
  opened.defer(() => world.close());

  const tally = new Map<Verdict, number>();
  const began = performance.now();
  const lotOf = fc.array(trials, { minLength: AT_ONCE, maxLength: AT_ONCE });
  const property = fc.asyncProperty(lotOf, async (lot) => {
    const tried = await Promise.all(lot.map((one) => tryProof(world, one, PROVEN_AT)));
    const wrong = tried.flatMap((one) => one.wrong);
    if (wrong.length > 0) throw new Error(`the proof and the engine differ: ${wrong.join('; ')}`);
    for (const verdict of tried.flatMap(({ verdicts }) => [...new Set(verdicts)]))
      tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  });
  await fc.assert(property, { numRuns: Math.ceil(wanted / AT_ONCE), endOnFailure: true });
  const { mismatches } = await verifyMeters(pool);
  if (mismatches.length > 0) throw new Error(`the counters do not add up: ${JSON.stringify(mismatches)}`);

  const seconds = (performance.now() - began) / 1000;
  heading('Catalogs');
  console.log(
    `${machine()}. ${wanted} generated catalogs in ${seconds.toFixed(0)} s: none accepted that loses, none refused that holds.\n`,
  );
  table(
    ['what came of it', 'catalogs'],
    [...tally].map(([verdict, count]) => [verdict, count]),
  );
}
