import { type Clock, isRefusal, OffsetClock, type Refusal, systemClock } from '@purser/core';
import { DatabaseClock, Readiness } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import { openCarriers } from '@purser/campaigns';
import { type Catalog, catalogVersions, storeCatalog } from '@purser/catalog';
import type { PausePoint } from '@purser/gate';
import { type Authentication, type Caller, type Identity, openIdentity } from '@purser/identity';
import { openLicenses } from '@purser/license';
import { openMarketplace } from '@purser/marketplace';
import { type BatchObserver, Meters } from '@purser/meters';
import { type Module, openTasks, turnOn } from '@purser/module';
import { openPolicies, type Policies } from '@purser/policy';
import { erasingParts } from '@purser/privacy';
import { createProviders, type Providers } from '@purser/providers';
import { breakerOf, OFFLINE } from '@purser/routing';
import { memberMeters, openPeriods } from '@purser/wallet';
import { BOUNDS } from '@purser/http';
import { type BackgroundLog, backgroundLog, createMetrics, type Metrics } from '@purser/metrics';

import { startBackground } from './background.ts';
import type { ServerDeps } from './deps.ts';
import { MODULES } from './modules.ts';
import { openJobs, openWorker } from './open-jobs.ts';
import { openGate } from './open-gate.ts';
import { openRouteStates } from './route-states.ts';
import { openPools } from './open-pools.ts';
import { openRates } from './open-rates.ts';
import { tellDifference } from './tell-difference.ts';
import { personsOptions, siteOf } from './persons-options.ts';

export interface ServerOptions {
  readonly settings: Settings;
  readonly database_url: string;
  readonly admin_token: string;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly web_directory?: string;
  /** A worker: of its endpoints there are health and metrics alone. */
  readonly jobs_only?: true;
  /** On a local start: where letters are printed while there is no mail server. */
  readonly print?: (text: string) => void;
  /** Where a test may stop a call. */
  readonly pause?: (point: PausePoint) => Promise<void>;
  readonly simulated?: SimulatedWorld;
  /** Those of this installation unless others are given. */
  readonly modules?: readonly Module<ServerDeps>[];
  /** False: only what is asked for is done, as by a command that runs beside servers. */
  readonly background?: false;
  /** How long a settle is tried while the database is away; a test does not wait for the documented 30 s. */
  readonly settle_retry_ms?: number;
  /** How long an answer to a batch of holds is waited for; a test that has the database hang does not wait for 10 s each time. */
  readonly batch_timeout_ms?: number;
}

/** A world that is played: time goes on when it is told to, and nothing but ladders is worked at in the background; whoever plays does it. */
export interface SimulatedWorld {
  readonly clock: Clock;
  readonly providers: Providers;
}

/** The parts of one server, and the one way to close them. */
export interface Composition extends AsyncDisposable {
  readonly deps: ServerDeps;
}

/**
 * Makes the parts out of settings on a migrated database, lower ones first, and starts what works in the background.
 * Closing undoes it in the opposite order. @throws Fault in one line when a part cannot be had.
 */
export async function compose(given: ServerOptions): Promise<Composition> {
  const { modules = MODULES } = given;
  turnOn(modules);
  await using opened = new AsyncDisposableStack();
  const ground = await openGround(opened, given);
  const parts = await openParts(opened, { ...given, modules }, ground);
  const kinds = modules.flatMap(({ jobs = [] }) => jobs);
  const jobParts = { ...ground, settings: given.settings, kinds };
  const deps = { ...depsOf(given, ground, parts), ...(await openJobs(opened, jobParts)) };
  if (!given.simulated && given.background !== false) {
    await openWorker(opened, jobParts, deps);
    const sources = await Promise.all(modules.map(async ({ alert_sources }) => (await alert_sources?.()) ?? []));
    startBackground(opened, { ...deps, ...parts, ...ground, settings: given.settings, modules, deps, sources: sources.flat() });
  }
  const kept = opened.move();
  return { deps, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** What all parts stand on: connections, figures, the clock, and counters in batches. */
async function openGround(opened: AsyncDisposableStack, given: ServerOptions) {
  const { settings, catalog, log } = given;
  const { holds, pool, probes } = await openPools(opened, given.database_url, settings, given.batch_timeout_ms);
  const metrics = createMetrics();
  const time = given.simulated ? undefined : closing(opened, await DatabaseClock.open(probes, tellDifference(metrics, log)));
  const offset = time && settings.test_clock && new OffsetClock(time, settings.test_clock.starts_at);
  const clock: Clock = given.simulated?.clock ?? offset ?? time ?? systemClock;
  await storeCatalog(pool, catalog, clock.now());
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
  const logOf = (work: string): BackgroundLog => backgroundLog(work, log, metrics);
  return { pool, clock, log, metrics, meters, readiness, logOf, ...(offset && { test_clock: offset }) };
}

type Ground = Awaited<ReturnType<typeof openGround>>;

type Given = ServerOptions & Required<Pick<ServerOptions, 'modules'>>;

async function openParts(opened: AsyncDisposableStack, given: Given, ground: Ground) {
  const { settings, catalog, log } = given;
  const { pool, clock, meters, logOf, metrics } = ground;
  const identity = closing(
    opened,
    await openIdentity({
      pool,
      clock,
      admin_token: given.admin_token,
      offering: () => catalog,
      ...(settings.redis_url !== undefined && { redis_url: settings.redis_url }),
      persons: personsOptions(settings, { clock, log, ...(given.print && { print: given.print }) }),
    }),
  );
  const policies = closing(
    opened,
    await openPolicies({
      pool,
      clock,
      meters,
      catalog,
      failed: (err) => logOf('ladders').error({ err }, 'throttling and freeze could not be evaluated'),
    }),
  );
  const rates = closing(opened, await openRates(settings, log));
  const routing = openRouting(opened, given, ground);
  const [openPeriod, members] = [openPeriods(pool), memberMeters(pool)];
  const carriers = openCarriers(pool, clock, { ...settings.carriers, local: settings.offline_provider });
  for (const carrier of carriers) opened.defer(() => carrier.close());
  const tasks = await openTasks(given.modules, { clock, pool, providers: routing.directory, settingsOf: settings.of });
  const gate = openGate({
    carriers,
    tasks,
    clock,
    log,
    logOf,
    metrics,
    settings,
    meters,
    rates,
    providers: routing.directory,
    identity,
    policies,
    openPeriod,
    members,
    routes: routing.routes,
    ...(given.pause && { pause: given.pause }),
  });
  return { identity, policies, openPeriod, members, gate, ...routing };
}

/** Which providers and models may be called. */
function openRouting(opened: AsyncDisposableStack, given: ServerOptions, { pool, metrics }: Ground) {
  const { settings, catalog, log } = given;
  const providers = closing(
    opened,
    given.simulated?.providers ??
      createProviders(
        { providers: settings.providers, failed_calls: catalog.failed_calls, call_timeout_ms: settings.call_timeout_ms },
        log,
      ),
  );
  const offline = settings.offline_provider ?? providers.configured.length === 0;
  const callable: ReadonlySet<string> = new Set([...providers.configured, ...(offline ? [OFFLINE] : [])]);
  const played = given.simulated !== undefined;
  const routes = closing(opened, openRouteStates({ pool, log, played, call_timeout_ms: settings.call_timeout_ms }));
  const directory = directoryOf(providers, callable);
  const routeTo: ServerDeps['routeTo'] = ({ id, provider }) =>
    routes.overview({ provider, model: id }, directory.proof?.(provider)?.documented ?? true);
  metrics.watchRoutes(() =>
    catalog.models
      .filter(({ provider }) => providers.configured.includes(provider))
      .map((model) => ({ provider: model.provider, model: model.id, breaker: breakerOf(routeTo(model)) })),
  );
  return { routes, directory, routeTo, providers_configured: providers.configured, providers_callable: callable };
}

function depsOf(
  given: ServerOptions,
  ground: Ground,
  parts: Awaited<ReturnType<typeof openParts>>,
): Omit<ServerDeps, 'jobs' | 'jobWatcher'> {
  const { settings, catalog } = given;
  const { readiness, logOf: _, ...shared } = ground;
  const { pool, clock, log, meters } = ground;
  const { identity, policies, routes: __, directory: ___, ...more } = parts;
  const catalogOf = catalogVersions(pool, catalog);
  return {
    ...shared,
    ...more,
    identity,
    policies,
    catalog,
    bounds: { ...BOUNDS, requests_max: settings.queue_max },
    authenticate: authenticator(identity, policies),
    policyOf: policies.of,
    licenses: openLicenses({ pool, clock, meters, forget: (workspace) => identity.forget(workspace), catalogOf }),
    marketplace: openMarketplace({
      pool,
      clock,
      log,
      identity,
      catalog,
      catalogOf,
      policyOf: (workspace, now) => policies.load(workspace, now),
      settings: settings.stripe,
    }),
    erasing: erasingParts(pool, clock, identity),
    alert_ways: { mail_possible: settings.mail.smtp_url !== undefined, private_allowed: settings.webhooks_inside },
    ready: () => readiness.isReady(),
    site: siteOf(settings),
    campaign_sender: settings.mail.from,
    ses_events: settings.ses_events,
    allowed_origins: settings.allowed_origins,
    trust_proxy: settings.trust_proxy,
    keep: settings.keep,
    settingsOf: settings.of,
    ...(given.web_directory !== undefined && { web_directory: given.web_directory }),
  };
}

function closing<Part extends { close(): Promise<unknown> }>(opened: AsyncDisposableStack, part: Part): Part {
  opened.defer(async () => {
    await part.close();
  });
  return part;
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

/** What a batch that was written says of the database. */
function batchFigures(metrics: Metrics, readiness: Readiness): BatchObserver {
  return (holds, ends, duration_ms) => {
    readiness.worked();
    if (holds > 0) metrics.batch('hold', holds, duration_ms / 1000);
    if (ends > 0) metrics.batch('end', ends, duration_ms / 1000);
  };
}
