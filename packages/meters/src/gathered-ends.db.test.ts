import type { WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { EndRequest } from './hold.ts';
import { Meters } from './meters.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';

/* Ends gather while holds go ahead of them. What nobody may notice of it is stated here. */

let bench: MeterBench;
const batches: { holds: number; ends: number }[] = [];
let meters: Meters;

beforeAll(async () => {
  bench = await openMeterBench();
  meters = new Meters(
    {
      pool: bench.database.pool,
      clock: bench.clock,
      end_wait_ms: 60_000,
      onBatch: (holds, ends) => batches.push({ holds, ends }),
    },
    bench.database.pool,
  );
});
afterAll(() => bench.close());

const fresh = (): WorkspaceId => newId<'workspace'>();
const one = (workspace: WorkspaceId, cap: bigint) => meter(workspace, 'concurrency', cap, 'gauge');

test('a hold goes ahead of the ends that wait, and they go once nothing else waits', async () => {
  const workspace = fresh();
  const first = holdOf(bench, workspace, [{ meter: one(workspace, 10n), amount: 1n }]);
  await meters.hold(first);
  batches.length = 0;
  const ended = meters.end(settleOf(first, [0n]));
  expect(await meters.hold(holdOf(bench, workspace, [{ meter: one(workspace, 10n), amount: 1n }]))).toEqual({ kind: 'held' });
  expect(batches).toEqual([{ holds: 1, ends: 0 }]);
  expect(await ended).toMatchObject({ before: 'open' });
  expect(batches).toEqual([
    { holds: 1, ends: 0 },
    { holds: 0, ends: 1 },
  ]);
});

test('F1: a caller is refused only by what really is in use: ends asked before him are applied first', async () => {
  const workspace = fresh();
  const spec = one(workspace, 50n);
  const taken = Array.from({ length: 50 }, () => holdOf(bench, workspace, [{ meter: spec, amount: 1n }]));
  await Promise.all(taken.map((hold) => meters.hold(hold)));
  batches.length = 0;
  const ends = taken.slice(0, 20).map((hold) => meters.end(settleOf(hold, [0n])));
  const asked = Array.from({ length: 30 }, () => meters.hold(holdOf(bench, workspace, [{ meter: spec, amount: 1n }])));
  const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
  await Promise.all(ends);
  // In the order of arrival: the twenty places go to the first twenty.
  expect(kinds).toEqual([...Array.from({ length: 20 }, () => 'held'), ...Array.from({ length: 10 }, () => 'denied')]);
  expect(batches[0]).toEqual({ holds: 30, ends: 0 });
  expect((await meters.read([spec]))[0]).toMatchObject({ held: 50n });
});

test('C3: a key whose first call has ended is seen as ended', async () => {
  const workspace = fresh();
  const spec = meter(workspace, 'jobs', 10n);
  const idempotency = { key: 'k', request_hash: 'h' };
  const first = holdOf(bench, workspace, [{ meter: spec, amount: 1n }], { idempotency });
  await meters.hold(first);
  const voided = meters.end({ kind: 'void', hold: first.id, workspace });
  const again = await meters.hold(holdOf(bench, workspace, [{ meter: spec, amount: 1n }], { idempotency }));
  await voided;
  expect(again).toEqual({ kind: 'held' });
});

test('many ends are sent at once, holds or not', async () => {
  const workspace = fresh();
  const spec = meter(workspace, 'jobs', 1000n);
  const taken = Array.from({ length: 100 }, () => holdOf(bench, workspace, [{ meter: spec, amount: 1n }]));
  await Promise.all(taken.map((hold) => meters.hold(hold)));
  batches.length = 0;
  const ends = taken.map((hold) => meters.end(settleOf(hold, [1n])));
  await meters.hold(holdOf(bench, workspace, [{ meter: spec, amount: 1n }]));
  expect(batches).toEqual([{ holds: 1, ends: 100 }]);
  await Promise.all(ends);
});

test('an end that nobody waits for gathers others, though there is nothing else to do, and goes when somebody wants to read', async () => {
  const workspace = fresh();
  const spec = meter(workspace, 'jobs', 100n);
  const patient = new Meters(
    {
      pool: bench.database.pool,
      clock: bench.clock,
      deferred_wait_ms: 60_000,
      onBatch: (holds, ends) => batches.push({ holds, ends }),
    },
    bench.database.pool,
  );
  const taken = Array.from({ length: 3 }, () => holdOf(bench, workspace, [{ meter: spec, amount: 1n }]));
  const ends: Promise<unknown>[] = [];
  batches.length = 0;
  for (const hold of taken) {
    expect(await patient.hold(hold)).toEqual({ kind: 'held' });
    ends.push(patient.end(settleOf(hold, [1n]), true));
  }
  expect(batches).toEqual(Array.from({ length: 3 }, () => ({ holds: 1, ends: 0 })));
  patient.flush();
  await Promise.all(ends);
  expect(batches.at(-1)).toEqual({ holds: 0, ends: 3 });
  expect((await patient.read([spec]))[0]).toMatchObject({ held: 0n, used: 3n });
});

test('F1: ends that nobody waits for go before anybody is refused, and when the server stops', async () => {
  const workspace = fresh();
  const spec = one(workspace, 1n);
  const patient = new Meters({ pool: bench.database.pool, clock: bench.clock, deferred_wait_ms: 60_000 }, bench.database.pool);
  const ends: Promise<unknown>[] = [];
  for (let call = 0; call < 5; call++) {
    const hold = holdOf(bench, workspace, [{ meter: spec, amount: 1n }]);
    expect(await patient.hold(hold)).toEqual({ kind: 'held' });
    ends.push(patient.end(settleOf(hold, [0n]), true));
  }
  expect(patient.waiting).toBe(1);
  await patient.idle();
  await Promise.all(ends);
  expect((await patient.read([spec]))[0]).toMatchObject({ held: 0n });
});

test('without anybody’s word they go by themselves', async () => {
  const workspace = fresh();
  const spec = meter(workspace, 'jobs', 10n);
  const brief = new Meters({ pool: bench.database.pool, clock: bench.clock, deferred_wait_ms: 20 }, bench.database.pool);
  const hold = holdOf(bench, workspace, [{ meter: spec, amount: 1n }]);
  await brief.hold(hold);
  expect(await brief.end(settleOf(hold, [1n]), true)).toMatchObject({ before: 'open' });
});

test('answers that are kept go a few at a time, so that a hold need not wait for all of them', async () => {
  const workspace = fresh();
  const legs = [{ meter: one(workspace, 10n), amount: 1n }];
  const made = Array.from({ length: 3 }, () => holdOf(bench, workspace, legs));
  await Promise.all(made.map((hold) => meters.hold(hold)));
  batches.length = 0;
  const answer = 'x'.repeat(3_000_000);
  const ended = await Promise.all(made.map((hold) => meters.end({ ...settleOf(hold, [0n]), answer } as EndRequest)));
  expect(ended.map(({ before }) => before)).toEqual(['open', 'open', 'open']);
  expect(batches.map(({ ends }) => ends)).toEqual([1, 1, 1]);
});
