import { startServerAlerts } from '@purser/account';
import { startSealer } from '@purser/audit';
import { type Clock, repeat } from '@purser/core';
import { type Pool, watchSchema } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Catalog } from '@purser/catalog';
import type { Identity } from '@purser/identity';
import type { AlertSource } from '@purser/notify';
import { startRollUp } from '@purser/ledger';
import type { Meters } from '@purser/meters';
import type { Module } from '@purser/module';
import type { Policies } from '@purser/policy';
import type { RouteStates } from '@purser/routing';
import { type PeriodOpener, workWallet } from '@purser/wallet';
import type { BackgroundLog } from '@purser/metrics';

import type { ServerDeps } from './deps.ts';
import { migrationsOf } from './migrations.ts';
import { watchUnresolved } from './route-states.ts';

const SWEEP_EVERY_MS = 5_000;
const ROLL_UP_EVERY_MS = 10_000;
const SEAL_EVERY_MS = 5_000;
const WALLET_EVERY_MS = 5_000;
const UNRESOLVED_EVERY_MS = 30_000;
const SCHEMA_EVERY_MS = 60_000;

export interface BackgroundParts {
  readonly settings: Settings;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly identity: Identity;
  readonly policies: Policies;
  readonly openPeriod: PeriodOpener;
  /** The log of a work: what fails is counted under its name. */
  readonly logOf: (work: string) => BackgroundLog;
  readonly routes: RouteStates;
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
  const { pool, clock, meters, logOf } = parts;
  const works = [
    repeat(
      SWEEP_EVERY_MS,
      () => meters.sweep(),
      (err) => logOf('sweep').error({ err }, 'due holds and grants could not be swept'),
    ),
    watchSchema({ pool, schemas: migrationsOf(parts.modules), every_ms: SCHEMA_EVERY_MS, log: logOf('schema') }),
    startRollUp({ pool, every_ms: ROLL_UP_EVERY_MS, log: logOf('daily sums') }),
    startSealer({ pool, clock, every_ms: SEAL_EVERY_MS, log: logOf('audit log') }),
    repeat(UNRESOLVED_EVERY_MS, watchUnresolved(parts), (err) =>
      logOf('unresolved').error({ err }, 'unresolved calls could not be added up by provider'),
    ),
    repeat(
      WALLET_EVERY_MS,
      () => workCredits(parts),
      (err) => logOf('credits').error({ err }, 'credits could not be refreshed'),
    ),
    startServerAlerts({ ...parts, log: logOf('alerts') }),
    ...parts.modules.flatMap(({ background = [] }) =>
      background.map((work) =>
        repeat(
          work.every_ms,
          () => work.run(parts.deps),
          (err) => logOf(work.name).error({ err }, work.failure),
        ),
      ),
    ),
  ];
  for (const work of works) opened.defer(() => work.stop());
}
