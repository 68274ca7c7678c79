import { newId, openPool, type Pool } from '@purser/database';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { creditMeter, grantCredits } from './credits.ts';
import { Meters } from './meters.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';

/* A batch finds its rows one by one. Plans are made when tables are empty, and kept while they grow. */

let bench: MeterBench;
let connection: Pool;
let meters: Meters;
beforeAll(async () => {
  bench = await openMeterBench();
  // One connection for grants, batches and figures: what another session read would be counted up to a second later.
  connection = openPool(bench.database.url, { connections_max: 1 });
  meters = new Meters({ pool: connection, clock: bench.clock }, bench.database.pool);
});
afterAll(async () => {
  await meters.idle();
  await connection.end();
  await bench.close();
});

const CALLS = 400;
const WATCHED = 40;

test('C13: what a call reads does not grow with the holds, meters and workspaces that came after the first plan', async () => {
  await bench.database.pool.query('vacuum analyze meters.hold, meters.meter, meters.panel, meters.grant');
  for (let call = 0; call < CALLS; call++) await callOfNewWorkspace();
  const before = await rowsRead();
  for (let call = 0; call < WATCHED; call++) await callOfNewWorkspace();
  const after = await rowsRead();
  for (const [table, read] of after) {
    // The hold, a few meters, two counter rows, a grant: each a handful of times.
    expect((read - (before.get(table) ?? 0)) / WATCHED, table).toBeLessThan(30);
  }
});

async function callOfNewWorkspace(): Promise<void> {
  const workspace = newId<'workspace'>();
  await grantCredits(connection, bench.clock.now(), {
    id: newId<'grant'>(),
    workspace,
    source: 'monthly',
    credits: 10n,
    expires_at: null,
    reason: 'test',
  });
  const limits = [creditMeter(workspace), meter(workspace, 'jobs', 10n), meter(workspace, 'tokens', 10n)];
  const hold = holdOf(
    bench,
    workspace,
    limits.map((limit) => ({ meter: limit, amount: 1n })),
  );
  expect(await meters.hold(hold)).toEqual({ kind: 'held' });
  expect(await meters.end(settleOf(hold, [1n, 1n, 1n]))).toMatchObject({ before: 'open' });
}

async function rowsRead(): Promise<ReadonlyMap<string, number>> {
  await connection.query('select pg_stat_force_next_flush()');
  const { rows } = await connection.query<{ table: string; read: number }>(
    `select relname as table, (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read
     from pg_stat_user_tables where schemaname = 'meters' and relname in ('hold', 'meter', 'panel', 'rest', 'grant')`,
  );
  return new Map(rows.map(({ table, read }) => [table, read]));
}
