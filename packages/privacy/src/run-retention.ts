import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Log } from '@purser/log';

import { forgetOld, type Retention } from './retain.ts';

export interface RetentionParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly keep: Retention;
  readonly log: Pick<Log, 'info'>;
  /** Counts rows of a kind that went. */
  readonly metrics: { forgotten(kind: string, rows: number): void };
}

/** Deletes what has had its time, and says how much that was. */
export async function retain({ pool, clock, keep, log, metrics }: RetentionParts): Promise<void> {
  const forgotten = await forgetOld({ pool, clock }, keep);
  const went = Object.entries(forgotten).filter(([, rows]) => rows > 0);
  for (const [kind, rows] of went) metrics.forgotten(kind, rows);
  if (went.length > 0) log.info({ rows: Object.fromEntries(went) }, 'expired data was deleted');
}
