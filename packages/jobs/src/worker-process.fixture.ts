import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { suiteClock } from '@purser/core/testing';
import { openPool } from '@purser/database';
import { z } from 'zod';

import { defineJob, postgresQueue, startWorker } from './index.ts';

// A worker in a process of its own, to be killed: `node worker-process.fixture.ts <orders as JSON>`. It writes a line for each attempt.
const orders = JSON.parse(process.argv[2] ?? '') as { database_url: string; file: string; lease_s: number; job_ms: number };
const pool = openPool(orders.database_url, { connections_max: 4 });
await startWorker({
  pool,
  clock: suiteClock(),
  log: console,
  kinds: [
    defineJob({
      kind: 'work',
      lane: 'standard',
      attempts_max: 50,
      payload: z.strictObject({ name: z.string() }),
      run: async (_: undefined, { payload }) => {
        await wait(orders.job_ms);
        appendFileSync(orders.file, `${payload.name}\n`);
      },
    }),
  ],
  needs: undefined,
  openQueue: postgresQueue(pool),
  slots: 8,
  lease_s: orders.lease_s,
});
process.stdout.write('ready\n');
