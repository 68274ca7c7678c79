import { setTimeout as wait } from 'node:timers/promises';

import { doneWithin } from '@purser/core';
import type { Pool } from '@purser/database';
import type { SendQuota, SharedRate } from '@purser/mail';

/** The account is asked for its quota so often. */
const FRESH_S = 60;
/** What is waited for the first token; then the slice goes back, and with it its hold. */
const WAIT_MS_MAX = 5_000;
const WAIT_MS_MIN = 20;

interface Taken {
  readonly taken: number;
  readonly wait_ms: number | null;
  readonly stale: boolean;
}

/** The send rate of an account in the database, so that all workers together keep it. What is aborted takes nothing more. */
export function sharedRate(pool: Pool): SharedRate {
  return {
    async take(provider, wanted, read, signal) {
      const until = performance.now() + WAIT_MS_MAX;
      while (!signal.aborted) {
        const { rows } = await pool.query<Taken>('select taken, wait_ms, stale from campaigns.take_tokens($1, $2, $3)', [
          provider,
          wanted,
          FRESH_S,
        ]);
        const { taken = 0, wait_ms = null, stale = false } = rows[0] ?? {};
        if (stale) {
          // What the account answers is kept, though nobody waits for it any more.
          await doneWithin(refresh(pool, provider, read), signal);
          continue;
        }
        if (taken > 0 || wait_ms === null || performance.now() + wait_ms > until) return taken;
        await doneWithin(wait(Math.max(WAIT_MS_MIN, wait_ms)), signal);
      }
      return 0;
    },
  };
}

async function refresh(pool: Pool, provider: string, read: () => Promise<SendQuota>): Promise<void> {
  const { per_second, left_24h } = await read();
  await pool.query('select campaigns.set_rate($1, $2, $3)', [provider, per_second, left_24h ?? null]);
}
