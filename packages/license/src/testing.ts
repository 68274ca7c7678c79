import { auditMigrations } from '@purser/audit';
import { isRefusal, TestClock, type WorkspaceId } from '@purser/core';
import { openPool, transaction } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, catalogMigrations, catalogVersions, loadCatalog, storeCatalog } from '@purser/catalog';
import { type Identity, identityMigrations, openIdentity } from '@purser/identity';
import { ledgerMigrations } from '@purser/ledger';
import { Meters, metersMigrations } from '@purser/meters';

import { licenseMigrations } from './index.ts';
import { type Licenses, openLicenses } from './open-licenses.ts';
import { type PaymentEvent, type RecordedPayment, recordPayment } from './record.ts';

/** The rooms a license touches, over a test database and a clock that is moved by hand. */
export interface LicenseBench {
  readonly database: TestDatabase;
  readonly clock: TestClock;
  readonly catalog: Catalog;
  readonly identity: Identity;
  readonly meters: Meters;
  readonly licenses: Licenses;
  workspace(): Promise<WorkspaceId>;
  /** Records an event in a transaction of its own. */
  record(event: PaymentEvent): Promise<RecordedPayment>;
  close(): Promise<void>;
}

export const START = Temporal.Instant.from('2026-10-20T10:00:00Z');

export async function openLicenseBench(): Promise<LicenseBench> {
  const rooms = [ledgerMigrations, auditMigrations, catalogMigrations, metersMigrations, identityMigrations, licenseMigrations];
  const database = await createTestDatabase(rooms);
  const clock = new TestClock(START);
  const { pool } = database;
  const catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  await storeCatalog(pool, catalog, clock.now());
  const identity = await openIdentity({ pool, clock, admin_token: 'an admin token', offering: () => catalog });
  const batches = openPool(database.url, { connections_max: 1 });
  const meters = new Meters({ pool: batches, clock }, pool);
  return {
    database,
    clock,
    catalog,
    identity,
    meters,
    licenses: openLicenses({
      pool,
      clock,
      meters,
      forget: (workspace) => identity.forget(workspace),
      catalogOf: catalogVersions(pool, catalog),
    }),
    async workspace() {
      const made = await identity.createWorkspace({ name: 'Harbour', plan: 'PRO', anchored_at: START });
      if (isRefusal(made)) throw new Error(made.detail);
      return made.workspace.id;
    },
    record: (event) => transaction(pool, (connection) => recordPayment(connection, clock.now(), event)),
    async close() {
      await meters.idle();
      await identity.close();
      await batches.end();
      await database.drop();
    },
  };
}
