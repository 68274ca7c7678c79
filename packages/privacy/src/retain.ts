import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';

/** How long things are kept that have their time, in days. */
export interface Retention {
  /** Answers that are given again under the same idempotency key. */
  readonly answers_days: number;
  /** The payloads of payment events. */
  readonly payloads_days: number;
  /** Alerts and their messages. */
  readonly alerts_days: number;
  /** Jobs that have ended. */
  readonly jobs_days: number;
}

/** Rows that went, by what they were. */
export type Forgotten = Readonly<Record<'answers' | 'creations' | 'payloads' | 'alerts' | 'jobs' | 'expired', number>>;

const ROWS_MAX = 2_000;
/** A run deletes no more of a kind than this; the next goes on, so that a first run after years disturbs nobody. */
const BATCHES_MAX = 25;

/** Deletes what has had its time, in bounded statements; any number of servers may. Returns what went. */
export async function forgetOld(
  { pool, clock }: { readonly pool: Pool; readonly clock: Clock },
  retention: Retention,
): Promise<Forgotten> {
  const now = clock.now();
  const before = (days: number): string => now.subtract({ hours: 24 * days }).toString();
  return {
    answers: await batches(pool, 'meters.forget_answers', before(retention.answers_days)),
    creations: await batches(pool, 'server.forget_answers', before(retention.answers_days)),
    payloads: await batches(pool, 'marketplace.forget_payloads', before(retention.payloads_days)),
    alerts: await batches(pool, 'notify.forget', before(retention.alerts_days)),
    jobs: await batches(pool, 'jobs.forget', before(retention.jobs_days)),
    expired: await batches(pool, 'identity.forget_expired', now.toString()),
  };
}

async function batches(pool: Pool, name: string, before: string): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
    const { rows } = await pool.query<{ rows: number }>(`select ${name}($1, ${ROWS_MAX}) as rows`, [before]);
    const changed = rows[0]?.rows ?? 0;
    total += changed;
    if (changed < ROWS_MAX / 2) break;
  }
  return total;
}
