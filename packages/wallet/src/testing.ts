import { TestClock } from '@purser/core';
import { newId } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog } from '@purser/catalog';
import { identityMigrations } from '@purser/identity';
import { ledgerMigrations } from '@purser/ledger';
import { creditMeter, Meters, metersMigrations, type MeterSpec, type MeterState } from '@purser/meters';
import { effectivePolicy, type Policy } from '@purser/policy';
import { termsMigrations } from '@purser/terms';

import { walletMigrations } from './index.ts';

export type Workspace = Policy['workspace'];

/** The rooms below the wallet on a test database, for the tests of this room. */
export interface WalletBench {
  readonly database: TestDatabase;
  readonly catalog: Catalog;
  readonly clock: TestClock;
  readonly meters: Meters;
  workspace(plan: string, anchor: string, more?: Partial<Workspace>): Workspace;
  /** What it may do at the clock's instant. */
  policy(workspace: Workspace): Policy;
  credits(workspace: Workspace): Promise<MeterState>;
  /** Holds and settles, on the workspace's credits alone or on another meter. */
  spend(workspace: Workspace, credits: bigint, meter?: MeterSpec): Promise<'held' | 'denied'>;
  close(): Promise<void>;
}

const NOTHING = { amount: 0n, unit: 'USD' };

export async function openWalletBench(): Promise<WalletBench> {
  const database = await createTestDatabase([
    ledgerMigrations,
    metersMigrations,
    identityMigrations,
    termsMigrations,
    walletMigrations,
  ]);
  const catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const clock = new TestClock(Temporal.Instant.from('2026-01-01T00:00:00Z'));
  const meters = new Meters({ pool: database.pool, clock }, database.pool);
  return {
    database,
    catalog,
    clock,
    meters,
    workspace(plan, anchor, more = {}) {
      const anchored_at = Temporal.Instant.from(anchor);
      return Object.freeze({
        id: newId<'workspace'>(),
        name: 'Test',
        external_id: null,
        plan,
        catalogue_version: catalog.version,
        timezone: 'UTC',
        anchored_at,
        license: 'active' as const,
        license_since: anchored_at,
        overrides: {},
        created_at: anchored_at,
        ...more,
      });
    },
    policy: (workspace) => effectivePolicy({ workspace, catalog, state: { frozen: false }, now: clock.now() }),
    async credits({ id }) {
      const [state] = await meters.read([creditMeter(id)]);
      return state as MeterState;
    },
    async spend({ id: workspace }, credits, meter = creditMeter(workspace)) {
      const hold = newId<'hold'>();
      const common = { workspace, plan: 'PRO', provider: 'acme', cost: NOTHING, reported: NOTHING };
      const expires_at = clock.now().add({ minutes: 2 });
      const { kind } = await meters.hold({ id: hold, legs: [{ meter, amount: credits }], expires_at, ...common });
      if (kind !== 'held') return 'denied';
      await meters.end({ kind: 'settle', hold, workspace, actuals: [credits], cost: 0n, reported: 0n, provider: 'acme' });
      return 'held';
    },
    async close() {
      await meters.idle();
      await database.drop();
    },
  };
}
