import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId, transaction } from '@purser/database';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { EndRequest, HoldRequest } from './hold.ts';
import type { MeterSpec } from './meter.ts';
import { holdOf, meter, type MeterBench, openMeterBench, settleOf } from './testing.ts';
import { bookLate, listUnresolved, type Resolution, resolveUnresolved, unresolvedSince } from './unresolved.ts';
import { verifyMeters } from './verify.ts';

let bench: MeterBench;

beforeAll(async () => {
  bench = await openMeterBench();
});
afterEach(async () => expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]));
afterAll(() => bench.close());

interface World {
  readonly workspace: WorkspaceId;
  readonly cost: MeterSpec;
}

function world(cap = 1_000n): World {
  const workspace = newId<'workspace'>();
  return { workspace, cost: meter(workspace, 'cost', cap, 'cost', 'USD') };
}

async function unresolved({ workspace, cost }: World, amount: bigint, why?: 'outage' | 'timeout'): Promise<HoldRequest> {
  const hold = holdOf(bench, workspace, [{ meter: cost, amount }]);
  expect(await bench.meters.hold(hold)).toMatchObject({ kind: 'held' });
  const end: EndRequest = {
    kind: 'unresolved',
    hold: hold.id,
    workspace,
    attempts: [attempt(why === 'timeout' ? 'timeout' : why === 'outage' ? 'unavailable' : 'fault')],
    ...(why && { why }),
  };
  await bench.meters.end(end);
  return hold;
}

function attempt(outcome: string) {
  return {
    actor: 'key',
    operation: 'chat',
    kind: 'text',
    provider: 'acme',
    model: 'large',
    model_version: null,
    started_at: bench.clock.now(),
    duration_ms: 1,
    outcome,
    usage: null,
    cost: null,
    request_id: null,
  } as const;
}

function resolve(...resolutions: Resolution[]) {
  return transaction(bench.database.pool, (connection) => resolveUnresolved(connection, bench.clock.now(), resolutions));
}

async function accounts({ workspace }: World): Promise<Record<string, bigint>> {
  const { rows } = await bench.database.pool.query<{ account: string; amount: bigint }>(
    `select account, sum(amount)::bigint as amount from (
       select debit as account, amount from ledger.posting where workspace_id = $1
       union all select credit, -amount from ledger.posting where workspace_id = $1) p
     group by 1 having sum(amount) <> 0`,
    [workspace],
  );
  return Object.fromEntries(rows.map(({ account, amount }) => [account, amount]));
}

test('what a provider broke off of its own accord takes nothing from the ceiling, however much it is, and stays in the books', async () => {
  const w = world();
  for (let n = 0; n < 40; n++) await unresolved(w, 900n, 'outage');
  expect(await bench.meters.read([w.cost])).toMatchObject([{ held: 0n, used: 0n, unreconciled: 0n, overrun: 0n }]);
  expect(await accounts(w)).toEqual({ unreconciled: 36_000n, 'payable:acme': -36_000n });
  expect(await listUnresolved(bench.database.pool, { workspace: w.workspace, limit: 1 })).toMatchObject([
    { provider: 'acme', model: 'large', cause: 'unavailable', counted: false, cost: 900n, cost_unit: 'USD' },
  ]);
});

test('calls that were not answered in time are spared up to a tenth of the cap; what is beyond counts, so nobody provokes free calls', async () => {
  const w = world(1_000n);
  for (let n = 0; n < 5; n++) await unresolved(w, 40n, 'timeout');
  expect(await bench.meters.read([w.cost])).toMatchObject([{ unreconciled: 120n }]);
  expect((await listUnresolved(bench.database.pool, { workspace: w.workspace })).map(({ counted }) => counted)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

test('an operator resolves one call as billed and another as not: the books follow, each once, and the ceiling stays as it was', async () => {
  const w = world();
  const [billed, not_billed, partly] = [
    await unresolved(w, 300n, 'outage'),
    await unresolved(w, 200n, 'outage'),
    await unresolved(w, 100n),
  ];
  expect(await bench.meters.read([w.cost])).toMatchObject([{ unreconciled: 100n }]);
  const said: Resolution[] = [
    { hold: billed.id, cost: 'worst_case' },
    { hold: not_billed.id, cost: 0n },
    { hold: partly.id, cost: 130n },
  ];
  expect((await resolve(...said)).toSorted()).toEqual([billed.id, not_billed.id, partly.id].toSorted());
  expect(await resolve(...said)).toEqual([]);
  expect(await accounts(w)).toEqual({ cost: 400n, overrun: 30n, 'payable:acme': -430n });
  // Only what counted counts on: its own hundred, and what it cost beyond.
  expect(await bench.meters.read([w.cost])).toMatchObject([{ used: 100n, unreconciled: 0n, overrun: 30n }]);
  const rows = await listUnresolved(bench.database.pool, { workspace: w.workspace, resolved: true });
  expect(rows.map(({ verdict }) => verdict)).toEqual(['billed', 'not_billed', 'billed']);
  expect(await listUnresolved(bench.database.pool, { workspace: w.workspace })).toEqual([]);
});

test('many calls of many workspaces, with legs on shared meters, resolve together', async () => {
  const budget = meter(PLATFORM, `budget-${newId()}`, 10_000n, 'cost', 'USD');
  const worlds = Array.from({ length: 5 }, () => world());
  const holds: HoldRequest[] = [];
  for (const { workspace, cost } of worlds) {
    for (let n = 1n; n <= 3n; n++) {
      const hold = holdOf(bench, workspace, [
        { meter: meter(workspace, 'jobs', 10n), amount: 1n },
        { meter: cost, amount: 10n * n },
        { meter: budget, amount: 10n * n },
      ]);
      await bench.meters.hold(hold);
      await bench.meters.end({ kind: 'unresolved', hold: hold.id, workspace });
      holds.push(hold);
    }
  }
  expect(await bench.meters.read([budget])).toMatchObject([{ unreconciled: 300n }]);
  await resolve(...holds.map(({ id }, n) => ({ hold: id, cost: n % 3 === 0 ? 5n : n % 3 === 1 ? ('worst_case' as const) : 0n })));
  for (const { cost } of worlds) expect(await bench.meters.read([cost])).toMatchObject([{ used: 25n, unreconciled: 0n }]);
  expect(await bench.meters.read([budget])).toMatchObject([{ used: 125n, unreconciled: 0n }]);
});

test('what a server of ours left behind counts for three days and no longer; it stays in the books', async () => {
  const w = world();
  const hold = holdOf(bench, w.workspace, [{ meter: w.cost, amount: 500n }]);
  await bench.meters.hold(hold);
  bench.clock.advance({ minutes: 2 });
  await bench.meters.sweep();
  bench.clock.advance({ hours: 71 });
  await bench.meters.sweep();
  expect(await bench.meters.read([w.cost])).toMatchObject([{ unreconciled: 500n }]);
  bench.clock.advance({ hours: 2 });
  await bench.meters.sweep();
  expect(await bench.meters.read([w.cost])).toMatchObject([{ unreconciled: 0n }]);
  expect(await accounts(w)).toEqual({ unreconciled: 500n, 'payable:acme': -500n });
  // Its own late word still finds its place in the books.
  expect(await bench.meters.end(settleOf(hold, [400n]))).toMatchObject({ before: 'expired' });
  expect(await accounts(w)).toEqual({ cost: 400n, 'payable:acme': -400n });
  expect(await bench.meters.read([w.cost])).toMatchObject([{ used: 0n, unreconciled: 0n }]);
});

test('a settlement of a hold that the database has forgotten is booked once, as unresolved, with its attempt', async () => {
  const w = world();
  const hold = holdOf(bench, w.workspace, [
    { meter: meter(w.workspace, 'jobs', 10n), amount: 1n },
    { meter: w.cost, amount: 90n },
  ]);
  const settle = settleOf(hold, [1n, 70n]);
  expect(await bench.meters.end(settle)).toEqual({ before: 'unknown', credits_available: null });
  const lost = { hold, cost: 70n, reported: 70n, actuals: [1n, 70n], attempts: [attempt('ok')] };
  expect(await Promise.all([bench.meters.keepLost(lost), bench.another().keepLost(lost)])).toContain(true);
  expect(await bench.meters.keepLost(lost)).toBe(false);
  expect(await accounts(w)).toEqual({ unreconciled: 70n, 'payable:acme': -70n });
  expect(await bench.meters.read([w.cost])).toMatchObject([{ held: 0n, used: 0n, unreconciled: 0n }]);
  expect(await listUnresolved(bench.database.pool, { workspace: w.workspace })).toMatchObject([{ cause: 'lost', cost: 70n }]);
  const { rows } = await bench.database.pool.query('select 1 from ledger.attempt where hold_id = $1', [hold.id]);
  expect(rows).toHaveLength(1);
  await resolve({ hold: hold.id, cost: 'worst_case' });
  expect(await accounts(w)).toEqual({ cost: 70n, 'payable:acme': -70n });
});

test('what a settled call turns out to have cost beyond its settlement is booked once, in its proportions, and counts against no cap', async () => {
  const w = world();
  const hold = holdOf(bench, w.workspace, [{ meter: w.cost, amount: 90n }]);
  await bench.meters.hold(hold);
  await bench.meters.end(settleOf(hold, [60n]));
  const late = { of: hold.id, as: newId<'hold'>(), cost: 30n };
  const book = () => transaction(bench.database.pool, (connection) => bookLate(connection, bench.clock.now(), late));
  expect(new Set(await Promise.all([book(), book()]))).toEqual(new Set([false, true]));
  expect(await accounts(w)).toEqual({ cost: 90n, 'payable:acme': -90n });
  expect(await bench.meters.read([w.cost])).toMatchObject([{ held: 0n, used: 60n, unreconciled: 0n, overrun: 0n }]);
  expect(await listUnresolved(bench.database.pool, { workspace: w.workspace })).toEqual([]);
  const nobody = { of: newId<'hold'>(), as: newId<'hold'>(), cost: 30n };
  expect(await transaction(bench.database.pool, (connection) => bookLate(connection, bench.clock.now(), nobody))).toBe(false);
});

test('what a provider may have billed is added up since a time, without what is resolved', async () => {
  const since = bench.clock.now();
  bench.clock.advance({ minutes: 1 });
  const w = world();
  const one = await unresolved(w, 30n, 'outage');
  await unresolved(w, 12n, 'outage');
  expect(await unresolvedSince(bench.database.pool, since)).toEqual([{ provider: 'acme', unit: 'USD', cost: 42n }]);
  await resolve({ hold: one.id, cost: 0n });
  expect(await unresolvedSince(bench.database.pool, since)).toEqual([{ provider: 'acme', unit: 'USD', cost: 12n }]);
});
