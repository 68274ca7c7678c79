import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { baseMigrations, migrate, newId, type SchemaMigrations } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { loadCatalog } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, MIGRATIONS, type Shop } from './testing.ts';

/** The first migration that came with terms: neither it nor what came after has a database of before. */
const CAME_WITH_TERMS: Readonly<Record<string, string>> = {
  meters: '013_end_grants.sql',
  ledger: '014_collected.sql',
  identity: '006_sold_to.sql',
  policy: '004_signed_raise.sql',
  license: '003_subscription.sql',
  wallet: '007_terms.sql',
  marketplace: '004_terms.sql',
};

let folder: string;
let database: TestDatabase;
let shop: Shop;
const ids = { workspace: newId<'workspace'>(), customer: 'cus_before', subscription: 'sub_before' };
const clock = suiteClock();
const began = clock.now().subtract({ hours: 24 * 12 });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-before-'));
  database = await createTestDatabase(await roomsBefore());
  await subscribeAsBefore();
  await migrate(database.pool, [baseMigrations, ...MIGRATIONS]);
  shop = await openShop({ database });
});
afterEach(() => shop.verify());
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function roomsBefore(): Promise<SchemaMigrations[]> {
  const before: SchemaMigrations[] = [];
  for (const { schema, directory } of MIGRATIONS.filter((one) => one.schema !== 'terms')) {
    const copy = path.join(folder, schema);
    await mkdir(copy);
    for (const file of await readdir(directory)) {
      const first = CAME_WITH_TERMS[schema];
      if (first === undefined || file < first) await copyFile(new URL(file, directory), path.join(copy, file));
    }
    before.push({ schema, directory: pathToFileURL(`${copy}/`) });
  }
  return before;
}

/** A subscriber of PRO as the tables of before have it: its period of twelve days ago booked, granted and paid for. */
async function subscribeAsBefore(): Promise<void> {
  const { version } = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const at = began.toString();
  const { pool } = database;
  await pool.query(
    `insert into identity.workspace (workspace_id, name, plan, catalogue_version, timezone, anchored_at, license_since, created_at, changed_at)
     values ($1, 'Before', 'PRO', $2, 'UTC', $3, $3, $3, $3)`,
    [ids.workspace, version, at],
  );
  await pool.query('insert into marketplace.customer values ($1, $2, $3)', [ids.workspace, ids.customer, at]);
  await pool.query(
    `insert into marketplace.subscription (workspace_id, subscription_id, plan, status, live, event_at, event_id)
     values ($1, $2, 'PRO', 'active', true, $3, 'evt_before')`,
    [ids.workspace, ids.subscription, at],
  );
  await pool.query(
    `insert into marketplace.invoice (workspace_id, invoice_id, plan, paid_at, currency, paid, tax, revenue, fees)
     values ($1, 'in_before', 'PRO', $2, 'EUR', 15990000000, 0, 0, 0)`,
    [ids.workspace, at],
  );
  await pool.query(`insert into marketplace.invoice_payment values ('pi_before', 'in_before')`);
  await pool.query(
    `insert into license.event (workspace_id, event_id, kind, at, ranked_at, reference, recorded_at) values ($1, 'evt_paid', 'paid', $2, $2, 'in_before', $2)`,
    [ids.workspace, at],
  );
  await pool.query(
    `select ledger.accrue_periods($2, array[$1::uuid], array['PRO'], array[$2::timestamptz], array[15990000000], array[0], array['EUR'])`,
    [ids.workspace, at],
  );
}

const workspace = { id: ids.workspace } as Workspace;
const later = (time: Temporal.DurationLike): void =>
  shop.clock.moveTo(shop.clock.now().toZonedDateTimeISO('UTC').add(time).toInstant());
async function tell(type: string, object: StripeObject): Promise<string> {
  later({ seconds: 1 });
  return shop.receive(shop.stripe.event(type, object, { created: Math.floor(shop.clock.now().epochMilliseconds / 1000) }));
}
const revenue = async (): Promise<bigint> => {
  const { rows } = await shop.database.pool.query<{ revenue: bigint }>(
    `select coalesce(sum(amount * ledger.revenue_sign(debit, credit)), 0)::bigint as revenue from ledger.posting where workspace_id = $1`,
    [ids.workspace],
  );
  return rows[0]?.revenue ?? 0n;
};
const PRO_ADMITS = 13_091_500_000n;

test('a subscriber of before terms goes on with the period under way, once, and is served by what is collected from then on', async () => {
  expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  expect([await revenue(), await shop.exhaust(workspace)]).toEqual([15_990_000_000n, 0n]);
  // Past the end by the calendar nothing begins by itself: no ceiling, no credits, no revenue.
  later({ days: 20 });
  await shop.work();
  expect([await shop.exhaust(workspace), await shop.balance(workspace), await revenue()]).toEqual([0n, 0n, 15_990_000_000n]);
  const subscription = shop.stripe.make('subscription', 'sub', {
    id: ids.subscription,
    customer: ids.customer,
    currency: 'eur',
    monthly: 1599,
    status: 'active',
    metadata: { purser_workspace: ids.workspace, purser_plan: 'PRO' },
    items: { data: [] },
  });
  expect(await tell('customer.subscription.updated', subscription)).toBe('applied');
  expect(await tell('invoice.paid', shop.stripe.invoice(subscription).invoice)).toBe('applied');
  expect([await shop.exhaust(workspace), await shop.balance(workspace), await revenue()]).toEqual([
    PRO_ADMITS,
    1500n,
    31_980_000_000n,
  ]);
  // An invoice of before that goes back goes out of the books, and nothing else.
  const refund = { amount: 1599, currency: 'eur', status: 'succeeded', payment_intent: 'pi_before' };
  await tell('refund.created', shop.stripe.make('refund', 're', refund));
  expect([await revenue(), (await shop.policyOf(workspace)).ceiling.nanos]).toEqual([15_990_000_000n, 13_591_500_000n]);
  await tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
  expect((await shop.policyOf(workspace)).license_stage).toBe('cancelled');
});
