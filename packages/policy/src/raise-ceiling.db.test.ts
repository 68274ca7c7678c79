import { TestClock } from '@purser/core';
import { type Connection, newId, openPool, type Pool, transaction } from '@purser/database';
import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { Meters } from '@purser/meters';
import { formatMoney, parseMoney, ratio } from '@purser/money';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { effectivePolicy } from './effective-policy.ts';
import type { Policy } from './policy.ts';
import { carryRaise, isToCarry, raiseCeiling } from './raise-ceiling.ts';
import { NOTHING_KNOWN, type Raised } from './workspace-state.ts';

let database: TestDatabase;
let batches: Pool;
let meters: Meters;
let catalog: Catalog;
const clock = new TestClock(Temporal.Instant.from('2026-11-10T12:00:00Z'));
beforeAll(async () => {
  database = await createTestDatabase(
    allMigrations(new URL('../../../', import.meta.url), ['ledger', 'catalog', 'meters', 'terms', 'policy']),
  );
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  batches = openPool(database.url, { connections_max: 1 });
  meters = new Meters({ pool: batches, clock }, database.pool);
});
afterAll(async () => {
  await meters.idle();
  await batches.end();
  await database.drop();
});

const ANCHOR = Temporal.Instant.from('2026-11-01T00:00:00Z');
const NEXT = Temporal.Instant.from('2026-12-05T00:00:00Z');

function workspace(plan = 'PRO', id = newId<'workspace'>()): Workspace {
  return Object.freeze({
    id,
    name: 'Harbour',
    external_id: null,
    plan,
    catalogue_version: catalog.version,
    timezone: 'UTC',
    anchored_at: ANCHOR,
    license: 'active',
    license_since: ANCHOR,
    overrides: {},
    created_at: ANCHOR,
  });
}

async function raisedOf({ id }: Workspace): Promise<Raised | undefined> {
  const { rows } = await database.pool.query<Raised>(
    'select unit, period_start, nanos, peak from policy.raised where workspace_id = $1 and (nanos <> 0 or peak <> 0)',
    [id],
  );
  return rows[0];
}

async function policyOf(of: Workspace, now = clock.now()): Promise<Policy> {
  const workspace_state = { ...NOTHING_KNOWN, raised: await raisedOf(of) };
  return effectivePolicy({ workspace: of, catalog, state: { frozen: false }, workspace_state, now });
}

const raise = async (of: Workspace, amount: string, id = newId(), now = clock.now()): Promise<boolean> => {
  const policy = await policyOf(of, now);
  const [value = '', currency = ''] = amount.split(' ');
  return transaction(database.pool, (connection: Connection) =>
    raiseCeiling(connection, policy, { id, amount: parseMoney(value, currency), reason: 'test' }, now),
  );
};

async function carry(of: Workspace, now: Temporal.Instant): Promise<void> {
  const policy = await policyOf(of, now);
  const raised = await raisedOf(of);
  if (isToCarry(policy, raised)) await carryRaise(database.pool, meters, { policy, raised, terms: undefined }, now);
}

async function spend(policy: Policy, nanos: bigint): Promise<void> {
  const meter = policy.meters.find(({ key, unit }) => key === 'cost' && unit === policy.cost_cap.currency)!;
  const id = newId<'hold'>();
  const ended = { workspace: policy.workspace.id, hold: id, cost: 0n, reported: 0n, provider: 'test' };
  const nothing = { amount: 0n, unit: 'USD' };
  const held = await meters.hold({
    id,
    workspace: policy.workspace.id,
    expires_at: clock.now().add({ minutes: 1 }),
    legs: [{ meter, amount: nanos }],
    plan: policy.plan.code,
    provider: 'test',
    cost: nothing,
    reported: nothing,
  });
  expect(held.kind).toBe('held');
  await meters.end({ kind: 'settle', ...ended, actuals: [nanos] });
}

const ceiling = async (of: Workspace, now?: Temporal.Instant): Promise<string> => formatMoney((await policyOf(of, now)).ceiling);

describe('F5 an add-on raises the ceiling', () => {
  test('once by its id, in the plan’s currency at the cautious rate; a refund takes back and never below the plan', async () => {
    const own = workspace();
    const id = newId();
    expect([await raise(own, '2 EUR', id), await raise(own, '2 EUR', id)]).toEqual([true, false]);
    expect(await ceiling(own)).toBe('15.5915 EUR');
    expect(await raise(own, '1 USD')).toBe(true);
    // 0.94 ÷ 1.02, rounded down.
    expect(await ceiling(own)).toBe('16.513068627 EUR');
    await raise(own, '-10 EUR');
    expect(await ceiling(own)).toBe('13.5915 EUR');
  });

  test('what is not spent of it goes on to the next period, what was spent beyond the plan does not', async () => {
    const own = workspace();
    await raise(own, '2 EUR');
    const policy = await policyOf(own);
    await spend(policy, 13_091_500_000n + 500_000_000n);
    expect(await ceiling(own, NEXT)).toBe('13.5915 EUR');
    await carry(own, NEXT);
    expect(await ceiling(own, NEXT)).toBe('15.0915 EUR');
    await carry(own, NEXT);
    expect(await ceiling(own, NEXT)).toBe('15.0915 EUR');
  });

  test('of a raise that was spent and went back, giving it back again gives nothing twice, in whatever period either happens', async () => {
    for (const [back, again] of [
      [undefined, NEXT],
      [NEXT, NEXT],
    ]) {
      const own = workspace();
      await raise(own, '2 EUR');
      await spend(await policyOf(own), 13_091_500_000n + 2_000_000_000n);
      await raise(own, '-2 EUR', newId(), back);
      await carry(own, NEXT);
      await raise(own, '2 EUR', newId(), again);
      await carry(own, NEXT);
      expect(await ceiling(own, NEXT)).toBe('13.5915 EUR');
      await raise(own, '3 EUR', newId(), NEXT);
      expect(await ceiling(own, NEXT)).toBe('16.5915 EUR');
    }
  });

  test('what was spent though it went back is paid by the next raise before that raises anything', async () => {
    const own = workspace();
    await raise(own, '2 EUR');
    await spend(await policyOf(own), 13_091_500_000n + 2_000_000_000n);
    await raise(own, '-2 EUR');
    await carry(own, NEXT);
    await raise(own, '3 EUR', newId(), NEXT);
    expect(await ceiling(own, NEXT)).toBe('14.5915 EUR');
  });

  test('bought in a new period before the old one was carried over, both count', async () => {
    const own = workspace();
    await raise(own, '2 EUR');
    await raise(own, '3 EUR', newId(), NEXT);
    await carry(own, NEXT);
    expect(await ceiling(own, NEXT)).toBe('18.5915 EUR');
  });

  test('after a change to a plan in another currency it counts in that one, and so does what is bought then', async () => {
    const own = workspace();
    await raise(own, '9.40 EUR');
    const moved = workspace('BUSINESS', own.id);
    expect(await ceiling(moved)).toBe('126.65 USD');
    await raise(moved, '10 USD');
    await carry(moved, clock.now());
    // €9.40 is $10; $10 counted as 10 × 0.94 ÷ 1.02 euros meanwhile.
    expect(await ceiling(moved)).toBe('146.453921568 USD');
  });

  test('what goes back takes what was given for it, whatever plan or rates there are since', async () => {
    const usd = (value: string) => parseMoney(value, 'USD');
    const told = (of: Policy, amount: string, so_far = '0') =>
      transaction(database.pool, (connection: Connection) =>
        raiseCeiling(connection, of, { id: newId(), amount: usd(amount), reason: 'pi_1', so_far: usd(so_far) }, clock.now()),
      );
    const own = workspace('BUSINESS');
    await told(await policyOf(own), '24.65');
    const moved = workspace('PRO', own.id);
    await carry(moved, clock.now());
    // Carried over as €23.171; counted now it would be €22.72, and the rest were nobody's money.
    expect(await ceiling(moved)).toBe('36.7625 EUR');
    await told(await policyOf(moved), '-12.325', '24.65');
    await told(await policyOf(moved), '-12.325', '12.325');
    expect(await ceiling(moved)).toBe('13.5915 EUR');
    const other = workspace();
    await told(await policyOf(other), '24.65');
    const rates = new Map([...catalog.fx.rates.keys()].map((pair) => [pair, ratio(1n, 2n)]));
    await told({ ...(await policyOf(other)), catalog: { ...catalog, fx: { ...catalog.fx, rates } } }, '-24.65', '24.65');
    expect(await ceiling(other)).toBe('13.5915 EUR');
  });

  test('two at the same moment both count', async () => {
    const own = workspace();
    await Promise.all(Array.from({ length: 8 }, () => raise(own, '1 EUR')));
    expect(await ceiling(own)).toBe('21.5915 EUR');
  });
});
