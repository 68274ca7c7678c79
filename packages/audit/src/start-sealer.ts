import { type Clock, repeat, type Repetition } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Log } from '@purser/log';

import { HorizonWatch } from './horizon-watch.ts';
import { seal } from './seal.ts';

const HELD_MS_MAX = 60_000;

/**
 * Seals every `every_ms` until stopped; any number of processes may, one works at a time. It logs each new head: a log kept
 * elsewhere proves later that the chain was not cut. It warns while a transaction that stays open holds sealing up.
 */
export function startSealer({
  pool,
  clock,
  every_ms,
  log,
}: {
  pool: Pool;
  clock: Clock;
  every_ms: number;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
}): Repetition {
  const watch = new HorizonWatch();
  return repeat(
    every_ms,
    async () => {
      const { blocks, rows, head } = await seal(pool, clock.now());
      if (head && blocks > 0) log.info({ seq: head.seq.toString(), digest: head.digest, rows }, 'the audit log is sealed');
      const held_ms = Math.trunc(await watch.heldFor(pool));
      if (held_ms > HELD_MS_MAX)
        log.warn({ held_ms }, 'an open transaction on the database server delays the sealing of the audit log');
    },
    (err) => log.error({ err }, 'the audit log could not be sealed'),
  );
}
