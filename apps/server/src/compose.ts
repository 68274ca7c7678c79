import { startSealer } from '@purser/audit';
import {
  type Clock,
  DatabaseClock,
  isRefusal,
  type Log,
  OffsetClock,
  openPool,
  openRoles,
  PLATFORM,
  type Pool,
  type Refusal,
  repeat,
  type ServingRole,
  type Settings,
  systemClock,
} from '@purser/base';
import { type Catalogue, catalogueVersions, storeCatalogue } from '@purser/catalog';
import { createGate, type PausePoint, routeState } from '@purser/gate';
import { type Authentication, type Caller, type Identity, openIdentity } from '@purser/identity';
import { startRollUp } from '@purser/ledger';
import { type Licences, openLicences } from '@purser/license';
import { type Marketplace, openMarketplace } from '@purser/marketplace';
import { Meters } from '@purser/meters';
import { openPolicies, type Policies } from '@purser/policy';
import { type PrivacyParts, workErasures } from '@purser/privacy';
import { createProviders, type Providers } from '@purser/providers';
import { type CircuitBreakers, OFFLINE, RouteStates, routeStore } from '@purser/routing';
import { memberMeters, openPeriods, type PeriodOpener, workWallet } from '@purser/wallet';

import { startServerAlerts } from './alerts.ts';
import { openBreakers, watchUnresolved } from './breakers.ts';
import { type BackgroundLog, backgroundLog } from './background-log.ts';
import type { ServerDeps } from './deps.ts';
import { erasingParts } from './erasing.ts';
import { BOUNDS } from './http/bounds.ts';
import { createMetrics } from './metrics.ts';
import { openRates } from './open-rates.ts';
import { retain } from './retaining.ts';
import { ROOMS } from './migrations.ts';
import { batchFigures, Readiness } from './readiness.ts';
import { tellDifference } from './tell-difference.ts';
import { watchSchema } from './watch-schema.ts';
import { personsOptions, siteOf } from './persons-options.ts';

export interface Given {
  readonly settings: Settings;
  readonly database_url: string;
  readonly admin_token: string;
  readonly catalogue: Catalogue;
  readonly log: Log;
  readonly web_directory?: string;
  /** On a local start: where letters are printed while there is no mail server. */
  readonly print?: (text: string) => void;
  /** Where a test may stop a call. */
  readonly pause?: (point: PausePoint) => Promise<void>;
  readonly played?: Played;
  /** False: only what is asked for is done, as by a command that runs beside servers. */
  readonly background?: false;
  /** How long a settle is tried while the database is away; a test does not wait for the documented 30 s. */
  readonly settle_retry_ms?: number;
}

/** A world that is played: time goes on when it is told to, and nothing but ladders is worked at in the background; whoever plays does it. */
export interface Played {
  readonly clock: Clock;
  readonly providers: Providers;
}

/** The rooms of one server, and the one way to leave them. */
export interface Composition extends AsyncDisposable {
  readonly deps: ServerDeps;
}

const SWEEP_EVERY_MS = 5_000;
const LICENCES_EVERY_MS = 500;
const ROLL_UP_EVERY_MS = 10_000;
const SEAL_EVERY_MS = 5_000;
const MARKETPLACE_EVERY_MS = 30_000;
const WALLET_EVERY_MS = 5_000;
const ERASURES_EVERY_MS = 5_000;
const UNRESOLVED_EVERY_MS = 30_000;
const RETAIN_EVERY_MS = 30_000;
const DRAIN = { timeout_ms: 10_000, bytes_max: 1_048_576 } as const;
const ROUTE_CLOSED_MS = 5_000;
const ROUTE_CLOSED_FOR_WORKSPACE_MS = 60_000;
const BATCH_TIMEOUT_MS = 10_000;
/** What is asked while a caller waits, and what reports and work in the background may take: then the connection is given up. */
const PROBE_TIMEOUT_MS = 2_000;
const TENANT_TIMEOUT_MS = 60_000;
const WORK_TIMEOUT_MS = 600_000;
const SCHEMA_EVERY_MS = 60_000;

/**
 * Makes the rooms out of settings on a migrated database, lower ones first, and starts what works in the background.
 * Leaving undoes it in the opposite order. @throws Fault in one line when a part cannot be had.
 */
export async function compose(given: Given): Promise<Composition> {
  const { settings, database_url, catalogue, log } = given;
  await using opened = new AsyncDisposableStack();
  const closing = <T extends { close(): Promise<unknown> }>(part: T): T => {
    opened.defer(async () => {
      await part.close();
    });
    return part;
  };
  // Nobody here is the owner of a table: each connection is logged in as a role that row-level security binds.
  const roles = await openRoles(database_url, settings.database_roles_password);
  const poolOf = (role: ServingRole, options: Parameters<typeof openPool>[1]): Pool => {
    const pool = openPool(roles[role], options);
    opened.defer(() => pool.end());
    return pool;
  };
  // Batches go one at a time over a connection of their own, so nothing that is read ever stands before them.
  // One that does not come back (a lock that is never freed, a network that swallows answers) is given up, or all would wait behind it.
  const holds = poolOf('purser_work', { application: 'purser-holds', connections_max: 1, query_timeout_ms: BATCH_TIMEOUT_MS });
  const tenants = poolOf('purser_app', {
    application: 'purser-tenants',
    connections_max: 6,
    query_timeout_ms: TENANT_TIMEOUT_MS,
  });
  const pool = poolOf('purser_work', { application: 'purser', connections_max: 6, query_timeout_ms: WORK_TIMEOUT_MS, tenants });

  // All servers go by one clock, the database's. It and the probe for readiness have a connection that nothing else stands before.
  const probes = poolOf('purser_work', {
    application: 'purser-probes',
    connections_max: 1,
    connect_timeout_ms: PROBE_TIMEOUT_MS,
    query_timeout_ms: PROBE_TIMEOUT_MS,
  });
  const metrics = createMetrics();
  const time = given.played ? undefined : closing(await DatabaseClock.open(probes, tellDifference(metrics, log)));
  const offset = time && settings.test_clock && new OffsetClock(time, settings.test_clock.starts_at);
  const clock: Clock = given.played?.clock ?? offset ?? time ?? systemClock;

  await storeCatalogue(pool, catalogue, clock.now());
  const logOf = (work: string): BackgroundLog => backgroundLog(work, log, metrics);
  const readiness = new Readiness(probes);
  const batches = {
    pool: holds,
    clock,
    queue_max: settings.queue_max,
    onBatch: batchFigures(metrics, readiness),
    onAway: readiness.failed,
    ...(given.settle_retry_ms !== undefined && { end_retry_ms: given.settle_retry_ms }),
  };
  const meters = new Meters(batches, pool);
  opened.defer(() => meters.idle());
  const identity = closing(
    await openIdentity({
      pool,
      clock,
      admin_token: given.admin_token,
      offering: () => catalogue,
      ...(settings.redis_url !== undefined && { redis_url: settings.redis_url }),
      persons: personsOptions(settings, { clock, log, ...(given.print && { print: given.print }) }),
    }),
  );
  const policies = closing(
    await openPolicies({
      pool,
      clock,
      meters,
      catalogue,
      failed: (err) => logOf('ladders').error({ err }, 'ladders and freeze could not be looked at'),
    }),
  );
  const rates = closing(await openRates(settings, log));
  const providers = closing(
    given.played?.providers ?? createProviders({ providers: settings.providers, failed_calls: catalogue.failed_calls }, log),
  );
  const openPeriod = openPeriods(pool);
  const members = memberMeters(pool);
  const licences = openLicences({
    pool,
    clock,
    meters,
    forget: (workspace) => identity.forget(workspace),
    catalogueOf: catalogueVersions(pool, catalogue),
  });
  const marketplace = openMarketplace({
    pool,
    clock,
    log,
    identity,
    catalogue,
    policyOf: (workspace, now) => policies.load(workspace, now),
    settings: settings.stripe,
  });
  const offline = settings.offline_provider ?? providers.configured.length === 0;
  const callable: ReadonlySet<string> = new Set([...providers.configured, ...(offline ? [OFFLINE] : [])]);
  const routes = closing(
    new RouteStates({
      closed_ms: ROUTE_CLOSED_MS,
      workspace_closed_ms: ROUTE_CLOSED_FOR_WORKSPACE_MS,
      ...(given.played ? {} : { store: routeStore(pool) }),
      failed: (err) => log.error({ err }, 'which models are closed could not be read or written'),
      onClosed: (closed) => log.error(closed, 'a model is closed until a probe has shown that it keeps its output limit'),
    }),
  );
  const erasing = erasingParts(pool, clock, identity);
  const breakers = closing(
    openBreakers({ pool, log, played: given.played !== undefined, call_timeout_ms: settings.call_timeout_ms }),
  );
  const directory = directoryOf(providers, callable);
  metrics.watchBreakers(() =>
    catalogue.models
      .filter(({ provider }) => providers.configured.includes(provider))
      .map(({ id, provider }) => ({ provider, model: id, state: breakers.of({ provider, model: id }).state })),
  );
  const gate = createGate({
    clock,
    meters,
    rates,
    providers: directory,
    policyOf: policies.of,
    workspaceNow: (id) => identity.workspace(id),
    onSpent: policies.spent,
    openPeriod,
    memberMeters: members.of,
    call_timeout_ms: settings.call_timeout_ms,
    drain: DRAIN,
    routes,
    breakers,
    onProviderFailure: (failure) => log.warn(failure, 'a provider failed or refused a call'),
    observe(report) {
      metrics.called(report);
      if (report.workspace) policies.observed(report.workspace, report.outcome);
    },
    onLost: ({ id, workspace, provider, cost }) =>
      log.error(
        { hold: id, workspace, provider, cost: cost.amount.toString(), unit: cost.unit },
        'a call was settled whose hold the database does not know; its cost is booked as unresolved. Was a stand-by promoted that was behind?',
      ),
    onBackgroundFailure: (work, err) =>
      logOf(work).error({ err }, 'what a call came to could not be written; its hold expires and its cost stays counted'),
    ...(given.pause && { pause: given.pause }),
  });
  if (!given.played && given.background !== false) {
    startBackground(opened, {
      pool,
      clock,
      meters,
      licences,
      marketplace,
      identity,
      policies,
      openPeriod,
      erasing,
      breakers,
      catalogue,
      logOf,
    });
    const retaining = { pool, clock, keep: settings.keep, log: logOf('retention'), metrics };
    const retention = repeat(
      RETAIN_EVERY_MS,
      () => retain(retaining),
      (err) => retaining.log.error({ err }, 'what has had its time could not be deleted'),
    );
    opened.defer(() => retention.stop());
    const alerts = startServerAlerts({ pool, clock, log: logOf('alerts'), settings, catalogue, identity, policies, meters });
    opened.defer(() => alerts.stop());
  }

  const kept = opened.move();
  return {
    deps: {
      clock,
      log,
      bounds: { ...BOUNDS, requests_max: settings.queue_max },
      pool,
      gate,
      catalogue,
      meters,
      identity,
      metrics,
      authenticate: authenticator(identity, policies),
      policies,
      policyOf: policies.of,
      openPeriod,
      members,
      licences,
      marketplace,
      erasing,
      alert_ways: { mail_possible: settings.mail.smtp_url !== undefined, private_allowed: settings.webhooks_inside },
      ready: () => readiness.isReady(),
      providers_configured: providers.configured,
      providers_callable: callable,
      routeTo: (model) => routeState({ routes, providers: directory, breakers }, model, PLATFORM),
      site: siteOf(settings),
      allowed_origins: settings.allowed_origins,
      trust_proxy: settings.trust_proxy,
      ...(offset && { test_clock: offset }),
      ...(given.web_directory !== undefined && { web_directory: given.web_directory }),
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A caller comes with what its policy is made of already read: the gate asks for it without waiting. */
function authenticator(identity: Identity, policies: Policies): ServerDeps['authenticate'] {
  const ready = (caller: Caller | Refusal): Authentication => {
    const reading = isRefusal(caller) || caller.workspace === undefined ? undefined : policies.ready(caller.workspace);
    return reading === undefined ? caller : reading.then(() => caller);
  };
  return (credentials) => {
    const known = identity.authenticate(credentials);
    return known instanceof Promise ? known.then(ready) : ready(known);
  };
}

function directoryOf(providers: Providers, configured: ReadonlySet<string>) {
  return {
    configured,
    get: (id: string) => providers.get(id),
    upstream: (id: string) => providers.upstream(id),
    proof: (id: string) => providers.proof?.(id),
  };
}

interface Working {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly licences: Licences;
  readonly marketplace: Marketplace;
  readonly identity: Identity;
  readonly policies: Policies;
  readonly openPeriod: PeriodOpener;
  readonly erasing: PrivacyParts;
  /** The log of a work: what fails is counted under its name. */
  readonly logOf: (work: string) => BackgroundLog;
  readonly breakers: CircuitBreakers;
  readonly catalogue: Catalogue;
}

/** Billing periods that begin, credits that come into their time, periods that are closed. */
export function workCredits({
  pool,
  clock,
  meters,
  identity,
  policies,
  openPeriod,
  logOf,
}: Omit<Working, 'licences' | 'marketplace' | 'erasing' | 'breakers' | 'catalogue'>): Promise<void> {
  return workWallet({
    pool,
    clock,
    meters,
    workspace: (id) => identity.workspace(id),
    policyOf: policies.load,
    begun: openPeriod.begun,
    failed: (id, err) => logOf('credits').error({ err, workspace: id }, 'a billing period could not be opened'),
  });
}

/** What has to happen though nobody asks: due holds and grants, the daily sums, the seal of the trail. Any number of servers may. */
function startBackground(opened: AsyncDisposableStack, working: Working): void {
  const { pool, clock, meters, licences, marketplace, erasing, logOf } = working;
  const works = [
    repeat(
      SWEEP_EVERY_MS,
      () => meters.sweep(),
      (err) => logOf('sweep').error({ err }, 'due holds and grants could not be swept'),
    ),
    repeat(
      LICENCES_EVERY_MS,
      () => licences.sweep(),
      (err) => logOf('licenses').error({ err }, 'changed licences could not be followed up'),
    ),
    repeat(
      MARKETPLACE_EVERY_MS,
      () => marketplace.sweep(),
      (err) => logOf('marketplace').error({ err }, 'debts and spending of packs could not be looked at'),
    ),
    watchSchema({ pool, rooms: ROOMS, every_ms: SCHEMA_EVERY_MS, log: logOf('schema') }),
    startRollUp({ pool, every_ms: ROLL_UP_EVERY_MS, log: logOf('daily sums') }),
    startSealer({ pool, clock, every_ms: SEAL_EVERY_MS, log: logOf('audit log') }),
    repeat(UNRESOLVED_EVERY_MS, watchUnresolved(working), (err) =>
      logOf('unresolved').error({ err }, 'what is unresolved with providers could not be added up'),
    ),
    repeat(
      WALLET_EVERY_MS,
      () => workCredits(working),
      (err) => logOf('credits').error({ err }, 'credits could not be refreshed'),
    ),
    repeat(
      ERASURES_EVERY_MS,
      () => workErasures(erasing),
      (err) => logOf('erasures').error({ err }, 'erasures could not be gone on with'),
    ),
  ];
  for (const work of works) opened.defer(() => work.stop());
}
