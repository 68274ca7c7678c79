import { type Clock, Fault, repeat, systemClock } from '@purser/core';
import { DatabaseClock, examineDatabase, migrate, openPool, openRoles, type Pool } from '@purser/database';
import { type Catalog, describeLoss, loadCatalog, proveCatalog, storeCatalog, TASKS } from '@purser/catalog';
import { createGate, type Gate, keepWithinBound } from '@purser/gate';
import { openWorkspaces, type Workspaces } from '@purser/identity';
import { startRollUp } from '@purser/ledger';
import { startSealer } from '@purser/audit';
import { LocalRateLimiter } from '@purser/limits';
import { Meters } from '@purser/meters';
import { openPolicies, type Policies } from '@purser/policy';
import { createProviders, type Providers } from '@purser/providers';
import { OFFLINE, RouteStates, routeStore } from '@purser/routing';
import { memberMeters, openPeriods, type PeriodOpener, workWallet } from '@purser/wallet';

import { Closing } from './closing.ts';
import { OWN, withoutOwnWork, withOwnWork } from './own/own-policy.ts';
import { OwnTask } from './own/own-task.ts';
import { SCHEMAS, shippedCatalog } from './shipped.ts';
import type { EngineLog, PurserOptions } from './types.ts';

/** What everything here works with. */
export interface Parts {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly catalog: Catalog;
  readonly meters: Meters;
  readonly policies: Policies;
  readonly workspaces: Workspaces;
  readonly openPeriod: PeriodOpener;
  readonly gate: Gate;
  readonly closing: Closing;
}

const SILENT: EngineLog = { info: () => {}, warn: () => {}, error: () => {} };
const CALL_TIMEOUT_MS = 120_000;
const BATCH_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 60_000;
const DRAIN = { timeout_ms: 10_000, bytes_max: 1_048_576 } as const;
/** Beyond the call's own time, for its drain. */
const LEASE_SLACK_MS = 15_000;
const SWEEP_EVERY_MS = 5_000;
const BOOKS_EVERY_MS = 10_000;
const UNRESOLVED_EVERY_MS = 30_000;

/** Makes the parts, lower ones first; closing undoes it in the opposite order. @throws Fault in one line when one cannot be had. */
export async function openParts(options: PurserOptions): Promise<Parts> {
  const closing = new Closing();
  try {
    return await open(options, closing);
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function open(options: PurserOptions, closing: Closing): Promise<Parts> {
  const log = options.log ?? SILENT;
  const catalog = await provenCatalog(options);
  const url = await openDatabase(options, log, closing);
  const { pool, holds, probes } = await openPools(url, closing);
  const clock = await DatabaseClock.open(probes, () => {});
  closing.defer(() => clock.close());
  await storeCatalog(pool, catalog, clock.now());
  const meters = new Meters({ pool: holds, clock }, pool);
  closing.defer(() => meters.idle());
  const workspaces = await openWorkspaces({ pool, clock, offering: () => catalog });
  closing.defer(() => workspaces.close());
  const failed = (error: unknown): void => log.error({ err: error }, 'throttling and freeze could not be evaluated');
  const policies = await openPolicies({ pool, clock, meters, catalog, failed });
  closing.defer(() => policies.close());
  const openPeriod = openPeriods(pool);
  const routes = openRoutes(pool, log, options, closing);
  const providers = openProviders(catalog, options, log, closing);
  const gate = openGate({ clock, pool, meters, workspaces, policies, openPeriod, routes, providers, options, log });
  const parts: Parts = { clock, pool, catalog, meters, policies, workspaces, openPeriod, gate, closing };
  startBackground(parts, routes, log);
  return parts;
}

async function provenCatalog({ catalog: file, allow_unproven_catalog = false }: PurserOptions): Promise<Catalog> {
  const catalog = await loadCatalog(file ?? shippedCatalog());
  const { losses } = proveCatalog(catalog, systemClock.now());
  const [first] = losses;
  if (first === undefined || allow_unproven_catalog) return catalog;
  throw new Fault(
    `catalog: ${file ?? 'the shipped one'} does not keep its margin: ${first.code} ${first.why} (${describeLoss(first)}); ${first.change}, or set allow_unproven_catalog`,
    { retryable: false },
  );
}

/** A database that is there, or one that is started; brought to the schema of this version. Returns its owner's address. */
async function openDatabase(
  { database = 'embedded', data_folder = '.purser' }: PurserOptions,
  log: EngineLog,
  closing: Closing,
): Promise<string> {
  let url = database;
  if (database === 'embedded') {
    const { startEmbedded } = await import('@purser/embedded');
    const embedded = await startEmbedded({ dataDir: data_folder, log: (line) => log.info({}, line) });
    closing.defer(() => embedded.stop());
    url = embedded.url;
  } else if (!/^postgres(?:ql)?:\/\//u.test(database)) {
    throw new Fault(`database: want 'embedded' or an address such as postgres://user@host:5432/name`, { retryable: false });
  }
  await examineDatabase(url);
  const owner = openPool(url, { connections_max: 1, application: 'purser-migrate' });
  try {
    await migrate(owner, SCHEMAS, (line) => log.warn({}, line));
  } finally {
    await owner.end();
  }
  return url;
}

/** Nobody here is the owner of a table: each connection is logged in as a role that row-level security binds. */
async function openPools(url: string, closing: Closing): Promise<{ pool: Pool; holds: Pool; probes: Pool }> {
  const roles = await openRoles(url, undefined);
  const poolOf = (role: keyof typeof roles, options: NonNullable<Parameters<typeof openPool>[1]>): Pool => {
    const pool = openPool(roles[role], options);
    closing.defer(() => pool.end());
    return pool;
  };
  const tenants = poolOf('purser_app', { application: 'purser-tenants', connections_max: 4, query_timeout_ms: QUERY_TIMEOUT_MS });
  return {
    // Batches go one at a time over a connection of their own, so nothing that is read ever stands before them.
    holds: poolOf('purser_work', { application: 'purser-holds', connections_max: 1, query_timeout_ms: BATCH_TIMEOUT_MS }),
    pool: poolOf('purser_work', { application: 'purser', connections_max: 6, query_timeout_ms: QUERY_TIMEOUT_MS, tenants }),
    probes: poolOf('purser_work', { application: 'purser-probes', connections_max: 1, query_timeout_ms: BATCH_TIMEOUT_MS }),
  };
}

function openRoutes(
  pool: Pool,
  log: EngineLog,
  { call_timeout_ms = CALL_TIMEOUT_MS }: PurserOptions,
  closing: Closing,
): RouteStates {
  const routes = new RouteStates({
    store: routeStore(pool),
    lease_ms: call_timeout_ms + LEASE_SLACK_MS,
    failed: (err) => log.error({ err }, 'which models may be called could not be read or written'),
    onClosed: (closed) => log.error(closed, 'a model is not called for a while'),
  });
  closing.defer(() => routes.close());
  return routes;
}

function openProviders(
  { failed_calls }: Catalog,
  { providers: access = {}, call_timeout_ms = CALL_TIMEOUT_MS }: PurserOptions,
  log: EngineLog,
  closing: Closing,
): Providers {
  const providers = createProviders({ providers: access, failed_calls, call_timeout_ms }, log);
  closing.defer(() => providers.close());
  return providers;
}

interface GateParts extends Omit<Parts, 'gate' | 'closing' | 'catalog'> {
  readonly routes: RouteStates;
  readonly providers: Providers;
  readonly options: PurserOptions;
  readonly log: EngineLog;
}

function openGate({ clock, pool, meters, workspaces, policies, openPeriod, routes, providers, options, log }: GateParts): Gate {
  const offline = options.offline ?? providers.configured.length === 0;
  return createGate({
    clock,
    meters,
    rates: new LocalRateLimiter(),
    providers: {
      configured: new Set([...providers.configured, ...(offline ? [OFFLINE] : []), OWN]),
      get: (id) => providers.get(id),
      upstream: (id) => providers.upstream(id),
      proof: (id) => providers.proof?.(id),
    },
    tasks: TASKS.map((kind) => new OwnTask(kind)),
    policyOf: (workspace, now) => withOwnWork(policies.of(workspace, now)),
    workspaceNow: (id) => workspaces.byId(id),
    openPeriod,
    memberMeters: memberMeters(pool).of,
    call_timeout_ms: options.call_timeout_ms ?? CALL_TIMEOUT_MS,
    drain: DRAIN,
    routes,
    onSpent: (policy) => policies.spent(withoutOwnWork(policy)),
    onProviderFailure: (failure) => log.warn(failure, 'a provider failed or refused a call'),
    onLost: ({ id, workspace }) =>
      log.error(
        { hold: id, workspace },
        'a call was settled whose hold is not in the database; its cost is booked as unresolved',
      ),
    onBackgroundFailure: (work, err) =>
      log.error({ err, work }, 'the result of a call could not be written; its hold expires and its cost stays counted'),
  });
}

/** What has to happen though nobody asks: holds and grants that are due, months that begin, the daily sums, the seal of the audit log. */
function startBackground(
  { pool, clock, meters, workspaces, policies, openPeriod, catalog, closing }: Parts,
  routes: RouteStates,
  log: EngineLog,
) {
  const failing = (what: string) => (err: unknown) => log.error({ err }, what);
  const credits = (): Promise<void> =>
    workWallet({
      pool,
      clock,
      meters,
      workspace: (id) => workspaces.byId(id),
      policyOf: policies.load,
      begun: openPeriod.begun,
      failed: (id, err) => log.error({ err, workspace: id }, 'a billing period could not be opened'),
    });
  const works = [
    repeat(SWEEP_EVERY_MS, () => meters.sweep(), failing('due holds and grants could not be swept')),
    repeat(SWEEP_EVERY_MS, credits, failing('credits could not be refreshed')),
    repeat(
      UNRESOLVED_EVERY_MS,
      () => keepWithinBound({ meters, clock, routes }, catalog),
      failing('unresolved calls could not be added up'),
    ),
    startRollUp({ pool, every_ms: BOOKS_EVERY_MS, log: logOf(log) }),
    startSealer({ pool, clock, every_ms: SWEEP_EVERY_MS, log: logOf(log) }),
  ];
  for (const work of works) closing.defer(() => work.stop());
}

/** For parts that log as pino does: fields, then a message. */
function logOf(log: EngineLog): Record<'info' | 'warn' | 'error', (...words: unknown[]) => void> {
  const to =
    (level: 'info' | 'warn' | 'error') =>
    (fields: unknown, message: unknown): void =>
      log[level](typeof fields === 'object' && fields !== null ? fields : {}, String(message ?? fields));
  return { info: to('info'), warn: to('warn'), error: to('error') };
}
