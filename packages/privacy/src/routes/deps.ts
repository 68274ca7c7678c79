import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Identity } from '@purser/identity';
import type { Log } from '@purser/log';

import type { PrivacyParts } from '../erasure.ts';

/** What the endpoints of privacy need of a server. */
export interface PrivacyRoutesDeps {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly log: Log;
  readonly identity: Identity;
  /** What an erasure works with. */
  readonly erasing: PrivacyParts;
}
