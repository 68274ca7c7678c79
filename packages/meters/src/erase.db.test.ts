import { newId } from '@purser/database';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { creditMeter } from './credits.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';
import { verifyMeters } from './verify.ts';

let bench: MeterBench;
beforeAll(async () => {
  bench = await openMeterBench();
});
afterAll(() => bench.close());

const PSEUDONYM = 'erased-0123456789ab';

/** Somebody waits for a lock that another transaction of this database has. */
async function isWaitedFor(): Promise<boolean> {
  const { rows } = await bench.database.pool.query<{ waits: boolean }>(
    `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waits`,
  );
  return rows[0]?.waits === true;
}

test.each([
  ['its workspace', 'select meters.erase_workspace($1, $2, 5000) as rows', []],
  ['an end user whom a grant names', 'select meters.erase_end_user($1, $3, $4, $2) as rows', ['ada', []]],
])('a settle that meets the erasure of %s waits for it, and is counted in meter and grant alike', async (_, statement, more) => {
  const workspace = newId<'workspace'>();
  await bench.grant(workspace, 100n, { reason: 'ada' });
  const hold = holdOf(bench, workspace, [
    { meter: creditMeter(workspace), amount: 10n },
    { meter: meter(workspace, 'cost', 1_000n, 'cost', 'USD'), amount: 500n },
  ]);
  await bench.meters.hold(hold);
  const erasing = await bench.database.pool.connect();
  try {
    await erasing.query('begin');
    const { rows } = await erasing.query(statement, [workspace, PSEUDONYM, ...more]);
    expect(rows).toEqual([{ rows: 1 }]);
    const settling = bench.meters.end(settleOf(hold, [3n, 120n]));
    await expect.poll(isWaitedFor).toBe(true);
    await erasing.query('commit');
    await settling;
  } finally {
    erasing.release();
  }
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
});
