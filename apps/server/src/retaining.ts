import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import { forgetOld, type Retention } from '@purser/privacy';

import type { BackgroundLog } from './background-log.ts';
import type { Metrics } from './metrics.ts';

interface Parts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly keep: Retention;
  readonly log: BackgroundLog;
  readonly metrics: Pick<Metrics, 'forgotten'>;
}

/** Deletes what has had its time, and says how much that was. */
export async function retain({ pool, clock, keep, log, metrics }: Parts): Promise<void> {
  const forgotten = await forgetOld({ pool, clock }, keep);
  const went = Object.entries(forgotten).filter(([, rows]) => rows > 0);
  for (const [kind, rows] of went) metrics.forgotten(kind, rows);
  if (went.length > 0) log.info({ rows: Object.fromEntries(went) }, 'what had its time was deleted');
}
