import { TestClock } from '@purser/core';
import { newId, openPool, type Pool } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { Meters } from '@purser/meters';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { openPolicies, type Policies } from './open-policies.ts';

const clock = new TestClock(suiteClock().now());
let database: TestDatabase;
let batches: Pool;
let catalog: Catalog;
let policies: Policies;
beforeAll(async () => {
  database = await createTestDatabase(
    allMigrations(new URL('../../../', import.meta.url), ['ledger', 'catalog', 'meters', 'terms', 'policy']),
  );
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  batches = openPool(database.url, { connections_max: 1 });
  const meters = new Meters({ pool: batches, clock }, database.pool);
  policies = await openPolicies({
    pool: database.pool,
    clock,
    meters,
    catalog,
    failed: (error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await policies.close();
  await batches.end();
  await database.drop();
});

const anchor = clock.now().subtract({ hours: 1 });
const workspaces = Array.from({ length: 1_000 }, (): Workspace =>
  Object.freeze({
    id: newId<'workspace'>(),
    name: 'Harbour',
    external_id: null,
    plan: 'PRO',
    catalogue_version: '',
    timezone: 'UTC',
    anchored_at: anchor,
    license: 'active' as const,
    license_since: anchor,
    overrides: {},
    created_at: anchor,
  }),
);

const ROUNDS = 40;

describe('T3 policies from memory', () => {
  test('whether one is ready and what it is costs no promise and no look-up: the same object each time', async () => {
    const sold = workspaces.map((workspace) => Object.freeze({ ...workspace, catalogue_version: catalog.version }));
    // What is known is believed for 30 s; a busy machine may take longer over this.
    const at_ms = performance.now();
    using frozen = vi.spyOn(performance, 'now');
    frozen.mockReturnValue(at_ms);
    for (const workspace of sold) await policies.ready(workspace);
    const now = clock.now();
    const first = sold.map((workspace) => policies.of(workspace, now));
    let same = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, workspace] of sold.entries()) {
        if (policies.ready(workspace) === undefined && policies.of(workspace, now) === first[index]) same += 1;
      }
    }
    expect(same).toBe(ROUNDS * sold.length);
  });

  test('on another plan than before what was paid for is read again, though no notice of it came', async () => {
    const free = Object.freeze({ ...workspaces[0]!, id: newId<'workspace'>(), plan: 'FREE', catalogue_version: catalog.version });
    expect((await policies.load(free, clock.now())).term).toBeUndefined();
    await database.pool.query('alter table terms.subscriber disable trigger tell_change');
    await database.pool.query(
      `insert into terms.subscriber (workspace_id, subscription, plan, catalogue_version, subscribed) values ($1, 'sub_1', 'PRO', $2, true)`,
      [free.id, catalog.version],
    );
    await database.pool.query('alter table terms.subscriber enable trigger tell_change');
    const moved = await policies.load(Object.freeze({ ...free, plan: 'PRO' }), clock.now());
    // Nothing was collected: nothing may be spent, whatever the plan's own ceiling is.
    expect([moved.term, moved.cost_cap.nanos]).toEqual([{ month: undefined }, 0n]);
  });
});
