import type { Probe } from '@purser/routing';

import type { Held } from '../admission/held.ts';
import type { Fitted } from '../tasks/task.ts';
import type { CallTime } from './call-time.ts';

/** When a physical call began. */
export interface Start {
  readonly at: Temporal.Instant;
  readonly ms: number;
}

/** A held call that a provider may work on. */
export interface Serving<F extends Fitted = Fitted> {
  readonly held: Held<F>;
  readonly start: Start;
  readonly time: CallTime;
  /** Set when this is the one call that tries a route that was closed. */
  readonly probe?: Probe | undefined;
}
