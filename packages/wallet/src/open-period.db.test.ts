import { TestClock } from '@purser/core';
import { newId, openPool, transaction } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { identityMigrations } from '@purser/identity';
import { ledgerMigrations, ledgerTotals, verifyPostings } from '@purser/ledger';
import { creditMeter, grantCredits, Meters, metersMigrations, verifyMeters } from '@purser/meters';
import { effectivePolicy, type Policy } from '@purser/policy';
import { termsMigrations } from '@purser/terms';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { walletMigrations } from './index.ts';
import { openPeriods, openPeriodsOf } from './open-period.ts';

type Workspace = Policy['workspace'];

let database: TestDatabase;
let catalog: Catalog;
beforeAll(async () => {
  database = await createTestDatabase([
    ledgerMigrations,
    metersMigrations,
    identityMigrations,
    termsMigrations,
    walletMigrations,
  ]);
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});
afterEach(async () => {
  expect((await verifyMeters(database.pool)).mismatches).toEqual([]);
  expect((await verifyPostings(database.pool)).mismatches).toEqual([]);
});
afterAll(() => database.drop());

function workspaceOn(plan: string, anchor: string): { workspace: Workspace; clock: TestClock } {
  const anchored_at = Temporal.Instant.from(anchor);
  const workspace: Workspace = {
    id: newId<'workspace'>(),
    name: 'Test',
    external_id: null,
    plan,
    catalogue_version: catalog.version,
    timezone: 'UTC',
    anchored_at,
    license: 'active',
    license_since: anchored_at,
    overrides: {},
    created_at: anchored_at,
  };
  return { workspace, clock: new TestClock(anchored_at) };
}
const policyAt = (workspace: Workspace, now: Temporal.Instant): Policy =>
  effectivePolicy({ workspace, catalog, state: { frozen: false }, now });

const revenueOf = async ({ id }: Workspace): Promise<{ plan: string; amount: bigint }[]> => {
  const { rows } = await database.pool.query<{ plan: string; amount: bigint }>(
    `select plan, amount from ledger.posting where workspace_id = $1 and credit = 'revenue:subscription' order by posted_at`,
    [id],
  );
  return rows;
};
const metersAt = (clock: TestClock): Meters => new Meters({ pool: database.pool, clock }, database.pool);
const creditsOf = async (workspace: Workspace, clock: TestClock) => (await metersAt(clock).read([creditMeter(workspace.id)]))[0];

async function spend({ id }: Workspace, clock: TestClock, credits: bigint): Promise<void> {
  const meters = metersAt(clock);
  const hold = newId<'hold'>();
  const none = { amount: 0n, unit: 'USD' };
  const legs = [{ meter: creditMeter(id), amount: credits }];
  const expires_at = clock.now().add({ seconds: 60 });
  await meters.hold({ id: hold, workspace: id, legs, expires_at, plan: 'PRO', provider: 'acme', cost: none, reported: none });
  await meters.end({ kind: 'settle', hold, workspace: id, actuals: [credits], cost: 0n, reported: 0n, provider: 'acme' });
}

const PRO_PRICE = 15_990_000_000n;

test('a period is opened once by many servers and callers: one price booked, one grant', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const pools = Array.from({ length: 4 }, () => openPool(database.url, { connections_max: 2 }));
  const servers = pools.map((pool) => openPeriods(pool));
  const policy = policyAt(workspace, clock.now());
  await Promise.all(Array.from({ length: 40 }, async (_, n) => servers[n % 4]?.(policy, clock.now())));
  await Promise.all(pools.map((pool) => pool.end()));
  expect(await revenueOf(workspace)).toEqual([{ plan: 'PRO', amount: PRO_PRICE }]);
  expect(await creditsOf(workspace, clock)).toMatchObject({ cap: policy.credits_monthly, used: 0n });
  // What is known to be open asks nobody.
  const again = openPeriods(database.pool);
  await again(policy, clock.now());
  expect(again(policy, clock.now())).toBeUndefined();
  expect(await revenueOf(workspace)).toHaveLength(1);
});

test('C2: what a refresh has opened is not asked for again by the first call, and the next period is', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const open = openPeriods(database.pool);
  const policy = policyAt(workspace, clock.now());
  await transaction(database.pool, (connection) => openPeriodsOf(connection, [policy], clock.now()));
  open.begun([policy]);
  expect(open(policy, clock.now())).toBeUndefined();
  expect(await revenueOf(workspace)).toHaveLength(1);
  clock.moveTo(Temporal.Instant.from('2026-12-03T10:00:00Z'));
  await open(policyAt(workspace, clock.now()), clock.now());
  expect(await revenueOf(workspace)).toHaveLength(2);
});

test('C2: after the clock moves there is revenue and there are credits again; unused monthly ones expire, bought ones stay', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const open = openPeriods(database.pool);
  const first = policyAt(workspace, clock.now());
  await open(first, clock.now());
  await transaction(database.pool, (connection) =>
    grantCredits(connection, clock.now(), {
      id: newId<'grant'>(),
      workspace: workspace.id,
      source: 'purchased',
      credits: 500n,
      expires_at: null,
      reason: 'pack',
    }),
  );
  clock.moveTo(Temporal.Instant.from('2026-12-03T10:00:00Z'));
  const second = policyAt(workspace, clock.now());
  expect(second.billing_period.start).toEqual(first.billing_period.end);
  await open(second, clock.now());
  await metersAt(clock).sweep();
  expect(await revenueOf(workspace)).toHaveLength(2);
  expect(await creditsOf(workspace, clock)).toMatchObject({ cap: second.credits_monthly + 500n });
  await transaction(database.pool, async (connection) => {
    for await (const total of ledgerTotals(connection)) {
      if (total.workspace !== workspace.id || total.unit !== 'credit') continue;
      expect(total).toMatchObject({ granted: first.credits_monthly * 2n + 500n, expired: first.credits_monthly, spent: 0n });
    }
  });
});

test('credits held when their period ends can still be charged; what returns of them lapses', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const policy = policyAt(workspace, clock.now());
  await openPeriods(database.pool)(policy, clock.now());
  clock.moveTo(Temporal.Instant.from('2026-12-03T09:59:59Z'));
  const meters = metersAt(clock);
  const hold = newId<'hold'>();
  const none = { amount: 0n, unit: 'USD' };
  const common = { workspace: workspace.id, plan: 'PRO', provider: 'acme', cost: none, reported: none };
  const legs = [{ meter: creditMeter(workspace.id), amount: 10n }];
  await meters.hold({ id: hold, legs, expires_at: clock.now().add({ seconds: 60 }), ...common });
  clock.advance({ seconds: 10 });
  await openPeriods(database.pool)(policyAt(workspace, clock.now()), clock.now());
  await meters.sweep();
  await meters.end({ kind: 'settle', hold, workspace: workspace.id, actuals: [3n], cost: 0n, reported: 0n, provider: 'acme' });
  expect(await creditsOf(workspace, clock)).toMatchObject({ cap: policy.credits_monthly + 3n, held: 0n, used: 3n });
});

test('C2: of unused monthly credits at most as many as the plan says roll over, for as long as it says, and they burn last', async () => {
  const { workspace, clock } = workspaceOn('BUSINESS', '2026-11-30T10:00:00Z');
  const rolling = (): Policy => {
    const policy = policyAt(workspace, clock.now());
    return { ...policy, credits_monthly: 200n, plan: { ...policy.plan, rollover: { credits_max: 50n, months: 2 } } };
  };
  const open = openPeriods(database.pool);
  const lapse = async (now: string): Promise<bigint | undefined> => {
    clock.moveTo(Temporal.Instant.from(now));
    await metersAt(clock).sweep();
    return (await creditsOf(workspace, clock))?.cap;
  };
  await open(rolling(), clock.now());
  expect(await lapse('2026-12-30T09:59:59Z')).toBe(200n);
  // Nothing was used: 150 end, 50 roll. They are there before the next month is opened, and beside it when it is.
  expect(await lapse('2026-12-30T10:00:00Z')).toBe(50n);
  await open(rolling(), clock.now());
  await spend(workspace, clock, 170n);
  // Of the second month 150 and, as their time is over sooner, 20 of the first month's 50 are spent: 30 + 50 are left.
  expect(await lapse('2027-01-30T10:00:00Z')).toBe(170n + 30n + 50n);
  // The first month's end two months after it: 28 February, counted from the anchor on the 30th.
  expect(await lapse('2027-02-28T09:59:59Z')).toBe(170n + 30n + 50n);
  expect(await lapse('2027-02-28T10:00:00Z')).toBe(170n + 50n);
  expect(await lapse('2027-03-30T10:00:00Z')).toBe(170n);
});

test('C2, C5: while a payment is owed no period begins; when it is paid the one it falls into does', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const open = openPeriods(database.pool);
  await open(policyAt(workspace, clock.now()), clock.now());
  clock.moveTo(Temporal.Instant.from('2026-12-10T00:00:00Z'));
  const owing: Workspace = { ...workspace, license: 'grace', license_since: Temporal.Instant.from('2026-12-03T10:00:00Z') };
  expect(open(policyAt(owing, clock.now()), clock.now())).toBeUndefined();
  expect(await revenueOf(workspace)).toHaveLength(1);
  await open(policyAt({ ...workspace }, clock.now()), clock.now());
  expect(await revenueOf(workspace)).toHaveLength(2);
});

test('month ends drift (31 → 28 → 28) — here each period is counted from the anchor, and a jump opens only the one it lands in', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2027-01-31T10:00:00Z');
  const open = openPeriods(database.pool);
  const starts: string[] = [];
  for (const now of [
    '2027-01-31T10:00:00Z',
    '2027-02-28T10:00:00Z',
    '2027-03-30T10:00:00Z',
    '2027-03-31T10:00:00Z',
    '2027-08-05T00:00:00Z',
  ]) {
    clock.moveTo(Temporal.Instant.from(now));
    const policy = policyAt(workspace, clock.now());
    starts.push(policy.billing_period.start.toString());
    await open(policy, clock.now());
  }
  const [january, february, march, july] = ['2027-01-31', '2027-02-28', '2027-03-31', '2027-07-31'].map(
    (day) => `${day}T10:00:00Z`,
  );
  expect(starts).toEqual([january, february, february, march, july]);
  expect(await revenueOf(workspace)).toHaveLength(4);
});

test('a plan without a price books none, and one that fails half way leaves nothing and is tried again', async () => {
  const free = workspaceOn('FREE', '2026-11-03T10:00:00Z');
  await openPeriods(database.pool)(policyAt(free.workspace, free.clock.now()), free.clock.now());
  expect(await revenueOf(free.workspace)).toEqual([]);
  expect((await creditsOf(free.workspace, free.clock))?.cap).toBeGreaterThan(0n);

  const { workspace, clock } = workspaceOn('PRO', '2026-11-03T10:00:00Z');
  const open = openPeriods(database.pool);
  const policy = policyAt(workspace, clock.now());
  await database.pool.query('alter table meters.grant rename to grant_away');
  await expect(open(policy, clock.now())).rejects.toThrow();
  await database.pool.query('alter table meters.grant_away rename to "grant"');
  expect(await revenueOf(workspace)).toEqual([]);
  await open(policy, clock.now());
  expect(await revenueOf(workspace)).toHaveLength(1);
  expect(await creditsOf(workspace, clock)).toMatchObject({ cap: policy.credits_monthly });
});

test('what a payment put on a plan begins nothing by the calendar, though a server does not know the payment yet; what an operator agreed does', async () => {
  const { workspace, clock } = workspaceOn('PRO', '2027-03-01T10:00:00Z');
  const now = clock.now();
  const unknowing = policyAt(workspace, now);
  expect(unknowing.term).toBeUndefined();
  await database.pool.query(
    `insert into terms.subscriber (workspace_id, subscription, plan, catalogue_version, subscribed) values ($1, 'sub_1', 'PRO', $2, true)`,
    [workspace.id, catalog.version],
  );
  await transaction(database.pool, (connection) => openPeriodsOf(connection, [unknowing], now));
  expect(await revenueOf(workspace)).toEqual([]);
  await database.pool.query('update terms.subscriber set agreed = true where workspace_id = $1', [workspace.id]);
  await transaction(database.pool, (connection) => openPeriodsOf(connection, [unknowing], now));
  expect(await revenueOf(workspace)).toEqual([{ plan: 'PRO', amount: 15_990_000_000n }]);
});
