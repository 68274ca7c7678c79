import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Gate } from '@purser/gate';
import type { Bounds, Site } from '@purser/http';
import type { Identity, Workspace } from '@purser/identity';
import type { Jobs } from '@purser/jobs';
import type { Log } from '@purser/log';
import type { Meters } from '@purser/meters';
import type { Metrics } from '@purser/metrics';
import type { Policy } from '@purser/policy';

/** What campaigns need of a server. */
export interface CampaignsDeps {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly jobs: Jobs;
  readonly gate: Gate;
  readonly meters: Meters;
  readonly bounds: Pick<Bounds, 'prompt_body_bytes_max'>;
  readonly site: Site;
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  readonly identity: Pick<Identity, 'workspace' | 'workspaceByExternalId'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly metrics: Pick<Metrics, 'carrierEvent'>;
  /** Whose events of SES are believed, and an emulator of SNS in place of Amazon's own. */
  readonly ses_events: { readonly topics: readonly string[]; readonly endpoint: string | undefined };
  /** Who writes where a campaign names no sender: `name@host`, or `Name <name@host>`. */
  readonly campaign_sender: string;
}
