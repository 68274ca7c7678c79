import { createHash } from 'node:crypto';

import type { OffsetClock } from '@purser/core';
import { newId, openPool } from '@purser/database';
import { suiteClock } from '@purser/core/testing';
import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { type Catalog, loadCatalog, type Plan } from '@purser/catalog';
import type { Caller, Workspace } from '@purser/identity';
import { LocalRateLimiter } from '@purser/limits';
import { Meters, type MeterState } from '@purser/meters';
import { effectivePolicy, EVERY_TASK, metersFor } from '@purser/policy';
import { createProviders, type Providers, type ProvidersConfig } from '@purser/providers';
import { OFFLINE, RouteStates } from '@purser/routing';
import { memberMeters, openPeriods } from '@purser/wallet';

import { createGate } from './create-gate.ts';
import type { GateDeps } from './deps.ts';
import type { Gate, GenerateRequest } from './gate.ts';

/** A whole gate over a test database, for the tests of this room: real meters, real books, real HTTP to stand-ins. */
export interface GateBench {
  readonly database: TestDatabase;
  readonly clock: OffsetClock;
  readonly catalog: Catalog;
  readonly meters: Meters;
  /** `sold`: another catalog than the shipped one. */
  gate(providers?: ProvidersConfig['providers'], more?: Partial<GateDeps> & { sold?: Catalog }): Gate;
  caller(plan: string, overrides?: Workspace['overrides']): Caller & { workspace: Workspace };
  metersOf(caller: { workspace: Workspace }): Promise<Record<string, MeterState>>;
  close(): Promise<void>;
}

const MIGRATIONS = ['ledger', 'meters', 'identity', 'terms', 'routing', 'wallet'];
const STATE = Object.freeze({ frozen: false });

function callerOn(
  catalog: Catalog,
  now: Temporal.Instant,
  plan: string,
  overrides: Workspace['overrides'],
): Caller & { workspace: Workspace } {
  const workspace: Workspace = Object.freeze({
    id: newId<'workspace'>(),
    name: 'Test',
    external_id: null,
    plan,
    catalogue_version: catalog.version,
    timezone: 'UTC',
    anchored_at: now,
    license: 'active' as const,
    license_since: now,
    overrides,
    created_at: now,
  });
  return { kind: 'workspace_key', workspace, actor: 'key:test', roles: ['member'] };
}

/** `database_url`: the database of another process's bench, which drops it. */
export async function openGateBench(database_url?: string): Promise<GateBench> {
  const database =
    database_url === undefined
      ? await createTestDatabase(allMigrations(new URL('../../../', import.meta.url), MIGRATIONS))
      : sharedDatabase(database_url);
  const clock = suiteClock();
  const catalog = unhurried(await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname));
  const batches = openPool(database.url, { connections_max: 1 });
  const meters = new Meters({ pool: batches, clock }, database.pool);
  const open: Providers[] = [];
  const openPeriod = openPeriods(database.pool);
  const members = memberMeters(database.pool);
  return {
    database,
    clock,
    catalog,
    meters,
    gate(providers = {}, { sold = catalog, ...more } = {}) {
      const registry = createProviders({ providers, failed_calls: sold.failed_calls });
      open.push(registry);
      return createGate({
        clock,
        meters,
        rates: new LocalRateLimiter(),
        providers: {
          // As a server that was told to let the offline provider answer, whatever else is configured.
          configured: new Set([...registry.configured, OFFLINE]),
          get: (id) => registry.get(id),
          upstream: (id) => registry.upstream(id),
          proof: (id) => registry.proof?.(id),
        },
        policyOf: (workspace, now) => effectivePolicy({ workspace, catalog: sold, state: STATE, now }),
        openPeriod,
        memberMeters: members.of,
        call_timeout_ms: 2_000,
        drain: { timeout_ms: 500, bytes_max: 1_000_000 },
        routes: new RouteStates({ limits: { overrun_closed_ms: 60_000 } }),
        ...more,
      });
    },
    caller: (plan, overrides = {}) => callerOn(catalog, clock.now(), plan, overrides),
    async metersOf({ workspace }) {
      const now = clock.now();
      const policy = effectivePolicy({ workspace, catalog, state: STATE, now });
      const states = await meters.read(metersFor(EVERY_TASK, policy, {}, now));
      // Cost counts in other currencies as well; the plan's own comes first.
      return Object.fromEntries(states.toReversed().map((state) => [state.key, state]));
    },
    async close() {
      await meters.idle();
      await Promise.all(open.map((registry) => registry.close()));
      await batches.end();
      await database.drop();
    },
  };
}

/** One caller stands for hundreds here: how fast a single user may act is tried where users come from. */
function unhurried(catalog: Catalog): Catalog {
  const patient = (plan: Plan): Plan => {
    const { abuse: _, ...rest } = plan;
    return rest;
  };
  return { ...catalog, plans: catalog.plans.map(patient) };
}

function sharedDatabase(url: string): TestDatabase {
  const pool = openPool(url);
  return { url, pool, drop: () => pool.end() };
}

export function ask(text: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  return { operation: 'chat', complexity: 'simple', messages: [{ role: 'user', content: text }], ...more };
}

export function keyed(key: string, body: string): { idempotency: { key: string; request_hash: string } } {
  return { idempotency: { key, request_hash: createHash('sha256').update(body).digest('hex') } };
}

/** What the processes of these tests ask, all alike. */
export const SHIPS = 'Tell me about ships and the sea. They sail far. The wind is strong, and the crew is paid.';

export const PRESENT = new AbortController().signal;
