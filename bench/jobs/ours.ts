import { systemClock } from '@purser/core';
import { newId, type Pool } from '@purser/database';
import { type Announcer, defineJob, Jobs, type OpenQueue, startWorker, type Worker } from '@purser/jobs';
import { z } from 'zod';

import type { Contestant } from './contest.ts';

const WORKSPACES = 20;
const SLOTS = 50;
const BATCH = 500;

/** Jobs of twenty workspaces, with everything on: fairness, leases, progress, renewals and the sweep. */
export function ours(name: string, pool: Pool, openQueue: OpenQueue, announcer?: Announcer): Contestant {
  let ran = (): void => undefined;
  const kind = defineJob({
    kind: 'nothing',
    lane: 'standard',
    payload: z.strictObject({ put_ms: z.number() }),
    run: async () => ran(),
  });
  const jobs = new Jobs({ pool, clock: systemClock, kinds: [kind], ...(announcer && { announcer }) });
  const workspaces = Array.from({ length: WORKSPACES }, () => newId<'workspace'>());
  let worker: Worker<undefined> | undefined;
  let turn = 0;
  return {
    name,
    async put(count) {
      for (let put = 0; put < count; put += BATCH) {
        const some = Array.from({ length: Math.min(BATCH, count - put) }, () => ({ kind: 'nothing', payload: { put_ms: 0 } }));
        await jobs.enqueue(workspaces[turn++ % WORKSPACES] ?? newId<'workspace'>(), some, { running_max: 1_000 });
      }
    },
    async work(onRun) {
      ran = onRun;
      worker = await startWorker({
        pool,
        clock: systemClock,
        log: console,
        kinds: [kind],
        needs: undefined,
        openQueue,
        slots: SLOTS,
      });
    },
    async stop() {
      await worker?.stop(0);
    },
  };
}
