import type { Catalog, CatalogVersions } from '@purser/catalog';
import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Identity, Workspace } from '@purser/identity';
import type { Log } from '@purser/log';
import type { Policy } from '@purser/policy';

/** What payments have their effects on. */
export interface EffectParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: Pick<Identity, 'workspace' | 'changeWorkspace' | 'forget'>;
  /** What is for sale now. */
  readonly catalog: Catalog;
  /** The terms a workspace bought under. */
  readonly catalogOf: CatalogVersions;
  /** What a workspace may do: under which plan it buys, and whose ceiling is raised. */
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Promise<Policy>;
  /** Where a test may stop the application of an event: everything is written, nothing committed. */
  readonly pause?: (point: 'before_commit') => Promise<void>;
}
