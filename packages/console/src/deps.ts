import type { Catalog, ModelEntry } from '@purser/catalog';
import type { Clock, OffsetClock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Bounds } from '@purser/http';
import type { Identity, Workspace } from '@purser/identity';
import type { Licenses } from '@purser/license';
import type { Log } from '@purser/log';
import type { Marketplace } from '@purser/marketplace';
import type { Meters } from '@purser/meters';
import type { Policies, Policy } from '@purser/policy';
import type { RouteOverview } from '@purser/routing';
import type { MemberMeters, PeriodOpener } from '@purser/wallet';

/** What the operator's endpoints need of a server. */
export interface ConsoleDeps {
  readonly clock: Clock;
  /** Present only when the clock may be moved. */
  readonly test_clock?: OffsetClock;
  readonly log: Log;
  readonly pool: Pool;
  readonly bounds: Pick<Bounds, 'prompt_body_bytes_max'>;
  /** What is for sale now. */
  readonly catalog: Catalog;
  readonly identity: Identity;
  readonly meters: Meters;
  readonly members: MemberMeters;
  readonly policies: Policies;
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  readonly openPeriod: PeriodOpener;
  readonly licenses: Licenses;
  readonly marketplace: Marketplace;
  /** Ids of the providers that may be called. */
  readonly providers_callable: ReadonlySet<string>;
  /** Whether a model may be called now, and why not. */
  readonly routeTo: (model: ModelEntry) => RouteOverview;
  readonly alert_ways: { readonly mail_possible: boolean; readonly private_allowed: boolean };
}
