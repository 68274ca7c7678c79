import { newId, openPool, transaction } from '@purser/database';
import type { License } from '@purser/identity';
import { grantCredits, verifyMeters } from '@purser/meters';
import { verifyPostings } from '@purser/ledger';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { allocateCredits, grantScheduled } from './allocate-credits.ts';
import { openPeriods } from './open-period.ts';
import { refreshDue } from './refresh.ts';
import { openWalletBench, type WalletBench, type Workspace } from './testing.ts';

let bench: WalletBench;
const workspaces = new Map<string, Workspace>();
const failures: string[] = [];

beforeAll(async () => {
  bench = await openWalletBench();
});
afterEach(async () => {
  expect((await verifyMeters(bench.database.pool)).mismatches).toEqual([]);
  expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]);
  expect(failures).toEqual([]);
});
afterAll(() => bench.close());

const at = (now: string): void => bench.clock.moveTo(Temporal.Instant.from(now));

/** One server's refresh. */
const refresh = (pool = bench.database.pool): Promise<number> =>
  refreshDue({
    pool,
    clock: bench.clock,
    workspace: (id) => workspaces.get(id),
    policyOf: (workspace) => bench.policy(workspace),
    failed: (id, error) => failures.push(`${id}: ${String(error)}`),
  });

async function opened(plan: string, anchor: string, more: Partial<Workspace> = {}): Promise<Workspace> {
  if (bench.clock.now().epochMilliseconds < Temporal.Instant.from(anchor).epochMilliseconds) at(anchor);
  const workspace = bench.workspace(plan, anchor, more);
  workspaces.set(workspace.id, workspace);
  await openPeriods(bench.database.pool)(bench.policy(workspace), bench.clock.now());
  return workspace;
}

const booked = async ({ id }: Workspace): Promise<number> => {
  const { rows } = await bench.database.pool.query<{ n: number }>(
    `select count(*)::integer as n from ledger.posting where workspace_id = $1 and credit = 'revenue:subscription'`,
    [id],
  );
  return rows[0]?.n ?? -1;
};

/** The instants, to the millisecond, at which a workspace that never calls gets new credits within a span of whole days. */
async function refreshes(workspace: Workspace, days: number): Promise<string[]> {
  const found: string[] = [];
  for (let day = 0; day < days; day++) {
    const due = await bench.database.pool.query<{ due_at: Temporal.Instant }>(
      'select due_at from wallet.refresh where workspace_id = $1',
      [workspace.id],
    );
    const next = due.rows[0]?.due_at as Temporal.Instant;
    const tomorrow = bench.clock.now().add({ hours: 24 });
    if (Temporal.Instant.compare(next, tomorrow) <= 0) {
      const before = await booked(workspace);
      bench.clock.moveTo(next.subtract({ milliseconds: 1 }));
      await refresh();
      expect(await booked(workspace)).toBe(before);
      bench.clock.moveTo(next);
      await refresh();
      expect(await booked(workspace)).toBe(before + 1);
      found.push(next.toString());
    }
    bench.clock.moveTo(tomorrow);
  }
  return found;
}

test('C2: 31 January + 1 month, leap day: each refresh is counted from the anchor, and comes though nobody calls', async () => {
  const last = await opened('PRO', '2027-12-31T22:30:00Z');
  expect(await refreshes(last, 150)).toEqual([
    '2028-01-31T22:30:00Z',
    '2028-02-29T22:30:00Z',
    '2028-03-31T22:30:00Z',
    '2028-04-30T22:30:00Z',
  ]);
  const leap = await opened('PRO', '2028-06-29T00:00:00Z');
  expect((await refreshes(leap, 250)).at(-1)).toBe('2029-02-28T00:00:00Z');
});

test('C2: whatever the zone, from −11 to +14, and whichever way its clocks change, the refresh is at the same instant once a month', async () => {
  const anchor = '2029-03-10T23:59:59Z';
  // Clocks change in March, April, September, October and November; two of the zones never see the 10th at that instant.
  const zones = ['Pacific/Niue', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'UTC'];
  const all = await Promise.all(zones.map((timezone) => opened('PRO', anchor, { timezone })));
  const [first, ...others] = all as [Workspace, ...Workspace[]];
  const instants = await refreshes(first, 270);
  expect(instants.map((instant) => instant.slice(5, 10))).toEqual(
    ['04', '05', '06', '07', '08', '09', '10', '11'].map((month) => `${month}-10`),
  );
  expect(instants.every((instant) => instant.endsWith('T23:59:59Z'))).toBe(true);
  for (const other of others) expect(await booked(other)).toBe(await booked(first));
});

test('C2: two servers refresh 300 workspaces at the same moment, again and again: each is refreshed once', async () => {
  const start = bench.clock.now();
  const many = await Promise.all(Array.from({ length: 300 }, () => opened('BUSINESS', start.toString())));
  at(bench.policy(many[0] as Workspace).billing_period.end?.toString() ?? '');
  const pools = [openPool(bench.database.url, { connections_max: 4 }), openPool(bench.database.url, { connections_max: 4 })];
  for (let round = 0; round < 3; round++) await Promise.all(pools.map((pool) => refresh(pool)));
  await Promise.all(pools.map((pool) => pool.end()));
  await bench.meters.sweep();
  for (const workspace of many) {
    expect(await booked(workspace)).toBe(2);
    expect(await bench.credits(workspace)).toMatchObject({ cap: 15_000n });
  }
});

test('C5: who owes a payment is not refreshed; its payment opens the period it falls into, and the refresh goes on from there', async () => {
  const workspace = await opened('PRO', bench.clock.now().toString());
  const owing = (license: License): void => {
    workspaces.set(workspace.id, Object.freeze({ ...workspace, license, license_since: bench.clock.now() }));
  };
  owing('grace');
  bench.clock.advance({ hours: 24 * 40 });
  await refresh();
  expect(await booked(workspace)).toBe(1);
  owing('active');
  bench.clock.advance({ hours: 1 });
  await refresh();
  expect(await booked(workspace)).toBe(2);
  bench.clock.advance({ hours: 24 * 31 });
  await refresh();
  expect(await booked(workspace)).toBe(3);
});

test('C12: credits agreed with a customer are good from their day until their day, once, and burn before bought ones', async () => {
  const workspace = await opened('FREE', bench.clock.now().toString());
  const start = bench.clock.now();
  const wanted = {
    id: newId<'grant'>(),
    workspace: workspace.id,
    credits: 5_000n,
    valid_from: start.add({ hours: 24 * 2 }),
    expires_at: start.add({ hours: 24 * 10 }),
    reason: 'contract 7',
  };
  const missed = { ...wanted, id: newId<'grant'>(), valid_from: start.add({ hours: 1 }), expires_at: start.add({ hours: 2 }) };
  await transaction(bench.database.pool, async (connection) => {
    for (const one of [wanted, wanted, missed]) await allocateCredits(connection, start, one);
    await grantCredits(connection, start, {
      ...wanted,
      id: newId<'grant'>(),
      source: 'purchased',
      credits: 100n,
      expires_at: null,
    });
  });
  const monthly = bench.policy(workspace).credits_monthly;
  expect(await bench.credits(workspace)).toMatchObject({ cap: monthly + 100n });
  bench.clock.moveTo(wanted.valid_from);
  const granted = await Promise.all([1, 2, 3].map(() => grantScheduled(bench.database.pool, bench.clock.now())));
  expect(granted.reduce((sum, n) => sum + n)).toBe(2);
  expect(await bench.credits(workspace)).toMatchObject({ cap: monthly + 5_100n });
  expect(await bench.spend(workspace, 4_990n)).toBe('held');
  bench.clock.moveTo(wanted.expires_at);
  while ((await bench.meters.sweep()).grants > 0);
  expect(await bench.credits(workspace)).toMatchObject({ cap: monthly + 100n + 4_990n, used: 4_990n });
});
