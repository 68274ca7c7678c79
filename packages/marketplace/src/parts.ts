import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Log } from '@purser/log';
import type { Catalog, CatalogVersions } from '@purser/catalog';
import type { Identity, Workspace } from '@purser/identity';
import type { Policy } from '@purser/policy';
import type { Stripe } from 'stripe';

import type { StripeSettings } from './stripe.ts';

/** What the marketplace is made of. */
export interface MarketplaceParts {
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
  readonly settings: StripeSettings;
  /** Where a test may stop the application of an event: everything is written, nothing committed. */
  readonly pause?: (point: 'before_commit') => Promise<void>;
}

export interface OpenParts extends MarketplaceParts {
  readonly stripe: Stripe;
}
