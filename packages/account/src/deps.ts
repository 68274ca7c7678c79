import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Site } from '@purser/http';
import type { Identity, Workspace } from '@purser/identity';
import type { JobWatcher } from '@purser/jobs';
import type { Meters } from '@purser/meters';
import type { Policy } from '@purser/policy';
import type { MemberMeters, PeriodOpener } from '@purser/wallet';

/** What the endpoints of one workspace, its people and its keys need of a server. */
export interface AccountDeps {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly identity: Identity;
  readonly meters: Meters;
  /** What is allocated to members and teams. */
  readonly members: MemberMeters;
  /** What a workspace may do at that instant, on the catalog version it bought. */
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  readonly openPeriod: PeriodOpener;
  /** Follows jobs for those who watch them. */
  readonly jobWatcher: JobWatcher;
  readonly site: Site;
  /** Which addresses alerts may be sent to. */
  readonly alert_ways: { readonly mail_possible: boolean; readonly private_allowed: boolean };
}
