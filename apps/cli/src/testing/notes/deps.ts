import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Gate } from '@purser/gate';
import type { Workspace } from '@purser/identity';
import type { Jobs } from '@purser/jobs';
import type { Meters } from '@purser/meters';
import type { Policy } from '@purser/policy';
import type { Settings } from '@purser/settings';

/** What the made-up module needs of a server. */
export interface NotesDeps {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly gate: Gate;
  readonly jobs: Jobs;
  readonly meters: Meters;
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy;
  readonly settingsOf: Settings['of'];
}
