import { auditMigrations } from '@purser/audit';
import { isRefusal, type OffsetClock, systemClock } from '@purser/core';
import { newId, openPool } from '@purser/database';
import { createLog } from '@purser/log';
import { suiteClock } from '@purser/core/testing';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, catalogMigrations, catalogVersions, loadCatalog, storeCatalog } from '@purser/catalog';
import { type Identity, identityMigrations, openIdentity, type Workspace } from '@purser/identity';
import { ledgerMigrations, verifyPostings } from '@purser/ledger';
import { licenseMigrations } from '@purser/license';
import { creditMeter, type HoldRequest, Meters, metersMigrations, verifyMeters } from '@purser/meters';
import { convertCost, currency, money } from '@purser/money';
import { openPolicies, type Policies, type Policy, policyMigrations } from '@purser/policy';
import { termsMigrations } from '@purser/terms';
import { openPeriods, walletMigrations, workWallet } from '@purser/wallet';

import { marketplaceMigrations } from './index.ts';
import { type Marketplace, openMarketplace } from './marketplace.ts';
import type { MarketplaceParts } from './stripe/parts.ts';
import { startStripeStandIn, type StripeObject, type StripeStandIn } from './standins/index.ts';
import { signatureOf } from './standins/signature.ts';

export const MIGRATIONS = [
  ledgerMigrations,
  auditMigrations,
  catalogMigrations,
  metersMigrations,
  identityMigrations,
  termsMigrations,
  policyMigrations,
  licenseMigrations,
  walletMigrations,
  marketplaceMigrations,
];

/** A marketplace on a database of its own, with Stripe played by the stand-in and every room real. */
export interface Shop extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly stripe: StripeStandIn;
  readonly market: Marketplace;
  readonly meters: Meters;
  readonly log_lines: readonly string[];
  readonly opened_at: Temporal.Instant;
  readonly catalog: Catalog;
  /** Another server on the same database. */
  another(more?: Partial<MarketplaceParts>): Marketplace;
  workspace(plan?: string): Promise<Workspace>;
  /** Opens a checkout of a pack: its session at Stripe. */
  order(workspace: Workspace, pack?: string, quantity?: number): Promise<string>;
  /** Opens a checkout of a plan: its session at Stripe. */
  subscription(workspace: Workspace, plan: string): Promise<string>;
  /** The buyer pays: the event that says so. */
  paid(session: string, tax?: number): StripeObject;
  /** A signed delivery, straight to a marketplace. */
  receive(event: StripeObject, market?: Marketplace): Promise<string>;
  /** What may be spent. */
  balance(workspace: Workspace): Promise<bigint>;
  /** Spends credits, or holds them. */
  spend(workspace: Workspace, credits: bigint, how?: 'settle' | 'hold'): Promise<HoldRequest['id']>;
  /** Credits that are owed: spent though their money went back. */
  debt(workspace: Workspace): Promise<bigint>;
  ceilingOf(workspace: Workspace): Promise<bigint>;
  readonly clock: OffsetClock;
  /** An operator agrees on something with a workspace. */
  agree(workspace: Workspace, overrides: Workspace['overrides']): Promise<void>;
  /** What a server that starts now lets it do. */
  policyOf(workspace: Workspace): Promise<Policy>;
  /** Spends all that its policy admits, and says how much that was; nothing where AI is off. In nano-units of the plan's currency. */
  exhaust(workspace: Workspace): Promise<bigint>;
  /** What happens by time alone. */
  work(): Promise<void>;
  /** Every counter is explained by its history, and the books balance. */
  verify(): Promise<void>;
}

const CATALOG = new URL('../../../catalogs/default.yaml', import.meta.url).pathname;

/** `database`: one that is there already, with the tables of all `MIGRATIONS`. */
export async function openShop(given: { readonly catalog?: Catalog; readonly database?: TestDatabase } = {}): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const parts = await openParts(opened, given);
  const { database, stripe, meters, policies, identity, clock, catalog, log_lines } = parts;
  const market = openMarketplace(parts.market);
  const creditsOf = async ({ id }: Workspace) => (await meters.read([creditMeter(id)]))[0];
  const kept = opened.move();

  return {
    database,
    stripe,
    market,
    meters,
    log_lines,
    opened_at: clock.now(),
    catalog,
    another: (more = {}) => openMarketplace({ ...parts.market, ...more }),
    async workspace(plan = 'PRO') {
      const made = await identity.createWorkspace({ name: 'Buyer', plan });
      if (isRefusal(made)) throw new Error(made.detail);
      return made.workspace;
    },
    subscription: (workspace, plan) => orderIn(market, workspace, { plan }),
    order: (workspace, pack = 'credits-500', quantity = 1) => orderIn(market, workspace, { pack, quantity }),
    paid: (session, tax = 0) => stripe.event('checkout.session.completed', stripe.pay(session, { tax })),
    async receive(event, to = market) {
      const body = JSON.stringify(event);
      const signature = signatureOf(body, stripe.webhook_secret, Math.floor(systemClock.now().epochMilliseconds / 1000));
      const received = await to.receive(Buffer.from(body), signature);
      return isRefusal(received) ? received.detail : received.outcome;
    },
    async balance(workspace) {
      const meter = await creditsOf(workspace);
      return meter === undefined ? 0n : meter.cap - meter.held - meter.used;
    },
    spend: (workspace, credits, how = 'settle') => spendIn(parts, workspace, credits, how),
    debt: (workspace) => market.debt(workspace.id),
    clock,
    async agree({ id }, overrides) {
      const changed = await identity.changeWorkspace(id, { overrides });
      if (isRefusal(changed)) throw new Error(changed.detail);
    },
    policyOf: (of) => policyIn(parts, of),
    exhaust: (of) => exhaustIn(parts, of),
    work: () => workIn(parts),
    async ceilingOf(workspace) {
      return (await policies.load(workspace, clock.now())).ceiling.nanos;
    },
    verify: () => verifyIn(parts),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface ShopParts {
  readonly database: TestDatabase;
  readonly stripe: StripeStandIn;
  readonly meters: Meters;
  readonly policies: Policies;
  readonly identity: Identity;
  readonly clock: OffsetClock;
  readonly catalog: Catalog;
  readonly log_lines: string[];
  readonly market: MarketplaceParts;
}

async function openParts(
  opened: AsyncDisposableStack,
  given: { readonly catalog?: Catalog; readonly database?: TestDatabase },
): Promise<ShopParts> {
  const database = given.database ?? (await createTestDatabase(MIGRATIONS));
  opened.defer(() => database.drop());
  const { pool } = database;
  const clock = suiteClock();
  const catalog = given.catalog ?? (await loadCatalog(CATALOG));
  await storeCatalog(pool, catalog, clock.now());
  const stripe = await startStripeStandIn({ now: () => Math.floor(clock.now().epochMilliseconds / 1000) });
  opened.defer(() => stripe.close());
  const identity = await openIdentity({ pool, clock, admin_token: 'an admin token of tests', offering: () => catalog });
  opened.defer(() => identity.close());
  const holds = openPool(database.url, { connections_max: 1 });
  opened.defer(() => holds.end());
  const meters = new Meters({ pool: holds, clock }, pool);
  opened.defer(() => meters.idle());
  const policies = await openPolicies({ pool, clock, meters, catalog, failed: () => {} });
  opened.defer(() => policies.close());
  const log_lines: string[] = [];
  const log = createLog({ level: 'info', write: (line) => log_lines.push(line) });
  const settings = {
    secret_key: stripe.secret_key,
    webhook_secret: stripe.webhook_secret,
    base_url: stripe.origin,
    automatic_tax: false,
  };
  const market: MarketplaceParts = {
    pool,
    clock,
    log,
    identity,
    catalog,
    catalogOf: catalogVersions(pool, catalog),
    policyOf: (of, now) => policies.load(of, now),
    settings,
  };
  return { database, stripe, meters, policies, identity, clock, catalog, log_lines, market };
}

async function fresh({ identity }: ShopParts, { id }: Workspace): Promise<Workspace> {
  identity.forget(id);
  const found = await identity.workspace(id);
  if (found === undefined) throw new Error(`there is no workspace ${id}`);
  return found;
}
async function policyIn(parts: ShopParts, of: Workspace): Promise<Policy> {
  const { meters, clock, catalog } = parts;
  const { pool } = parts.database;
  const started = await openPolicies({ pool, clock, meters, catalog, failed: () => {} });
  try {
    return await started.load(await fresh(parts, of), clock.now());
  } finally {
    await started.close();
  }
}
async function exhaustIn(parts: ShopParts, of: Workspace): Promise<bigint> {
  const { meters, clock } = parts;
  const policy = await policyIn(parts, of);
  const meter = policy.meters.find(({ key, unit }) => key === 'cost' && unit === policy.cost_cap.currency);
  if (meter?.cap === undefined || meter.cap === null || !policy.features.has('ai')) return 0n;
  await openPeriods(parts.database.pool)(policy, clock.now());
  const [state] = await meters.read([meter]);
  const left = meter.cap - (state === undefined ? 0n : state.used + state.held + state.unreconciled + state.overrun);
  if (left <= 0n) return 0n;
  const id = newId<'hold'>();
  const cost = { amount: left, unit: meter.unit };
  const request = { id, workspace: of.id, plan: policy.plan.code, provider: 'acme', cost, reported: cost };
  // What is spent counts in the currency of every plan there is.
  const legs = policy.meters
    .filter(({ key, workspace }) => key === 'cost' && workspace === of.id)
    .map((one) => ({
      meter: one,
      amount: convertCost(money(left, currency(meter.unit)), currency(one.unit), policy.catalog.fx).nanos,
    }));
  const held = await meters.hold({ ...request, legs, expires_at: clock.now().add({ minutes: 5 }) });
  if (held.kind !== 'held') throw new Error(held.kind);
  await meters.end({
    kind: 'settle',
    hold: id,
    workspace: of.id,
    actuals: legs.map(({ amount }) => amount),
    cost: left,
    reported: left,
    provider: 'acme',
  });
  return left;
}

/** Opens a checkout: its session at Stripe. */
async function orderIn(
  market: Marketplace,
  workspace: Workspace,
  wanted: { readonly plan: string } | { readonly pack: string; readonly quantity: number },
): Promise<string> {
  const started = await market.checkout({ workspace, actor: 'test', wanted, return_url: 'http://here/' });
  if (isRefusal(started)) throw new Error(started.detail);
  return started.url.split('/').at(-1) ?? '';
}

async function spendIn(
  { meters, clock }: ShopParts,
  workspace: Workspace,
  credits: bigint,
  how: 'settle' | 'hold',
): Promise<HoldRequest['id']> {
  const none = { amount: 0n, unit: 'USD' };
  const id = newId<'hold'>();
  const legs = [{ meter: creditMeter(workspace.id), amount: credits }];
  const held = await meters.hold({
    id,
    workspace: workspace.id,
    plan: workspace.plan,
    provider: 'acme',
    cost: none,
    reported: none,
    legs,
    expires_at: clock.now().add({ minutes: 5 }),
  });
  if (held.kind !== 'held') throw new Error(held.kind);
  if (how === 'settle') {
    await meters.end({
      kind: 'settle',
      hold: id,
      workspace: workspace.id,
      actuals: [credits],
      cost: 0n,
      reported: 0n,
      provider: 'acme',
    });
  }
  return id;
}

async function workIn(parts: ShopParts): Promise<void> {
  const { meters, clock, identity } = parts;
  const { pool } = parts.database;
  await meters.sweep();
  const work = { pool, clock, meters, workspace: (id: Workspace['id']) => identity.workspace(id) };
  await workWallet({
    ...work,
    policyOf: async (of) => policyIn(parts, of),
    failed: (id, error) => {
      throw new Error(`workspace ${id} could not be refreshed`, { cause: error });
    },
  });
}

async function verifyIn({ database: { pool } }: ShopParts): Promise<void> {
  const meterProblems = (await verifyMeters(pool)).mismatches;
  const bookProblems = (await verifyPostings(pool)).mismatches;
  if (meterProblems.length + bookProblems.length > 0) {
    throw new Error(
      [...meterProblems.map(({ what, key }) => `${key} ${what}`), ...bookProblems.map(({ detail }) => detail)].join('; '),
    );
  }
}
