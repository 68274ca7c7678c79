import { newId } from '@purser/database';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Meters } from './meters.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';

let bench: MeterBench;
beforeAll(async () => {
  bench = await openMeterBench();
});
afterAll(() => bench.close());

test('C13: with more meters than are remembered, new ones are made when they are first held, beside others that are there', async () => {
  const meters = new Meters({ pool: bench.database.pool, clock: bench.clock, known_meters_max: 2 }, bench.database.pool);
  const spec = (workspace: ReturnType<typeof newId<'workspace'>>) => meter(workspace, 'jobs', 10n);
  const workspaces = Array.from({ length: 8 }, () => newId<'workspace'>());
  for (const workspace of workspaces) {
    const hold = holdOf(bench, workspace, [{ meter: spec(workspace), amount: 1n }]);
    expect(await meters.hold(hold)).toEqual({ kind: 'held' });
    expect(await meters.end(settleOf(hold, [1n]))).toMatchObject({ before: 'open' });
  }
  const all = [...workspaces, newId<'workspace'>(), newId<'workspace'>()];
  const holds = all.map((workspace) => holdOf(bench, workspace, [{ meter: spec(workspace), amount: 1n }]));
  expect(await Promise.all(holds.map((hold) => meters.hold(hold)))).toEqual(all.map(() => ({ kind: 'held' })));
  expect((await meters.read(all.map(spec))).map(({ held }) => held)).toEqual(all.map(() => 1n));
  await Promise.all(holds.map((hold) => meters.end(settleOf(hold, [1n]))));
  expect((await meters.read(all.map(spec))).map(({ used }) => used)).toEqual([...workspaces.map(() => 2n), 1n, 1n]);
});
