import { startSealer } from '@purser/audit';
import { type Clock, repeat } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Catalog } from '@purser/catalog';
import type { Gate } from '@purser/gate';
import type { Identity } from '@purser/identity';
import type { AlertSource } from '@purser/notify';
import { startRollUp } from '@purser/ledger';
import type { Licenses } from '@purser/license';
import type { Marketplace } from '@purser/marketplace';
import type { Meters } from '@purser/meters';
import type { Module } from '@purser/module';
import type { Policies } from '@purser/policy';
import { type PrivacyParts, workErasures } from '@purser/privacy';
import type { RouteStates } from '@purser/routing';
import { type PeriodOpener, workWallet } from '@purser/wallet';

import { startServerAlerts } from './alerts.ts';
import type { BackgroundLog } from './background-log.ts';
import type { ServerDeps } from './deps.ts';
import type { Metrics } from './metrics.ts';
import { migrationsOf } from './migrations.ts';
import { retain } from './retaining.ts';
import { watchUnresolved } from './route-states.ts';
import { watchSchema } from './watch-schema.ts';

const SWEEP_EVERY_MS = 5_000;
const LICENSES_EVERY_MS = 500;
const ROLL_UP_EVERY_MS = 10_000;
const SEAL_EVERY_MS = 5_000;
const MARKETPLACE_EVERY_MS = 30_000;
const WALLET_EVERY_MS = 5_000;
const ERASURES_EVERY_MS = 5_000;
const PROBES_EVERY_MS = 1_000;
const UNRESOLVED_EVERY_MS = 30_000;
const RETAIN_EVERY_MS = 30_000;
const SCHEMA_EVERY_MS = 60_000;

export interface BackgroundParts {
  readonly settings: Settings;
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly licenses: Licenses;
  readonly marketplace: Marketplace;
  readonly identity: Identity;
  readonly policies: Policies;
  readonly openPeriod: PeriodOpener;
  readonly erasing: PrivacyParts;
  /** The log of a work: what fails is counted under its name. */
  readonly logOf: (work: string) => BackgroundLog;
  readonly routes: RouteStates;
  readonly gate: Gate;
  readonly catalog: Catalog;
  readonly modules: readonly Module<ServerDeps>[];
  readonly deps: ServerDeps;
  readonly sources: readonly AlertSource[];
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
}: Pick<BackgroundParts, 'pool' | 'clock' | 'meters' | 'identity' | 'policies' | 'openPeriod' | 'logOf'>): Promise<void> {
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

/** What has to happen though nobody asks: due holds and grants, the daily sums, the seal of the audit log. Any number of servers may. */
export function startBackground(opened: AsyncDisposableStack, parts: BackgroundParts): void {
  const { settings, metrics, pool, clock, meters, licenses, marketplace, erasing, gate, logOf } = parts;
  const retaining = { pool, clock, keep: settings.keep, log: logOf('retention'), metrics };
  const works = [
    repeat(
      SWEEP_EVERY_MS,
      () => meters.sweep(),
      (err) => logOf('sweep').error({ err }, 'due holds and grants could not be swept'),
    ),
    repeat(
      LICENSES_EVERY_MS,
      () => licenses.sweep(),
      (err) => logOf('licenses').error({ err }, 'changed licenses could not be followed up'),
    ),
    repeat(
      MARKETPLACE_EVERY_MS,
      () => marketplace.sweep(),
      (err) => logOf('marketplace').error({ err }, 'debts and spending of packs could not be looked at'),
    ),
    watchSchema({ pool, schemas: migrationsOf(parts.modules), every_ms: SCHEMA_EVERY_MS, log: logOf('schema') }),
    startRollUp({ pool, every_ms: ROLL_UP_EVERY_MS, log: logOf('daily sums') }),
    startSealer({ pool, clock, every_ms: SEAL_EVERY_MS, log: logOf('audit log') }),
    repeat(
      PROBES_EVERY_MS,
      () => gate.proveRoutes(parts.catalog.models),
      (err) => logOf('probes').error({ err }, 'a model that is closed could not be probed'),
    ),
    repeat(UNRESOLVED_EVERY_MS, watchUnresolved(parts), (err) =>
      logOf('unresolved').error({ err }, 'what is unresolved with providers could not be added up'),
    ),
    repeat(
      WALLET_EVERY_MS,
      () => workCredits(parts),
      (err) => logOf('credits').error({ err }, 'credits could not be refreshed'),
    ),
    repeat(
      ERASURES_EVERY_MS,
      () => workErasures(erasing),
      (err) => logOf('erasures').error({ err }, 'erasures could not be gone on with'),
    ),
    repeat(
      RETAIN_EVERY_MS,
      () => retain(retaining),
      (err) => retaining.log.error({ err }, 'what has had its time could not be deleted'),
    ),
    startServerAlerts({ ...parts, log: logOf('alerts') }),
    ...parts.modules.flatMap(({ jobs = [] }) =>
      jobs.map((job) =>
        repeat(
          job.every_ms,
          () => job.run(parts.deps),
          (err) => logOf(job.name).error({ err }, job.failure),
        ),
      ),
    ),
  ];
  for (const work of works) opened.defer(() => work.stop());
}
