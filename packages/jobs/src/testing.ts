import { type Clock, TestClock, type WorkspaceId } from '@purser/core';
import { suiteClock } from '@purser/core/testing';
import { newId, type Pool } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { z } from 'zod';

import { defineJob, jobsMigrations, Jobs, type JobKind, type RunningJob, startWorker, type Worker } from './index.ts';
import type { Announcer, OpenQueue } from './queue.ts';

export type Work = (job: RunningJob<{ readonly name: string }>) => Promise<unknown>;

export interface Bench {
  readonly database: TestDatabase;
  readonly pool: Pool;
  readonly clock: TestClock;
  readonly jobs: Jobs;
  /** What jobs of the kind `work` do; may be set anew at any time. */
  does(work: Work): void;
  worker(options?: { slots?: number; lease_s?: number; openQueue?: OpenQueue; clock?: Clock }): Promise<Worker<undefined>>;
  /** Throws unless every line counts what its jobs are. */
  assertCounted(): Promise<void>;
  /** How many jobs there are of each status. */
  statuses(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export function workspaceId(): WorkspaceId {
  return newId<'workspace'>();
}

const quiet = { error: () => undefined, warn: () => undefined };

/** Jobs on a database of their own, told of by the given queue. */
export async function openBench(queueOf: (pool: Pool) => OpenQueue, announcer?: Announcer): Promise<Bench> {
  const database = await createTestDatabase([jobsMigrations]);
  const clock = new TestClock(suiteClock().now());
  let work: Work = async () => undefined;
  const kinds: JobKind<undefined>[] = [
    defineJob({
      kind: 'work',
      lane: 'standard',
      attempts_max: 3,
      payload: z.strictObject({ name: z.string() }),
      run: async (_: undefined, job) => work(job),
    }),
  ];
  const workers: Worker<undefined>[] = [];
  return {
    database,
    pool: database.pool,
    clock,
    jobs: new Jobs({ pool: database.pool, clock, kinds, ...(announcer && { announcer }) }),
    does(next) {
      work = next;
    },
    async worker({ slots = 4, lease_s, openQueue = queueOf(database.pool), clock: own = clock } = {}) {
      const worker = await startWorker({
        pool: database.pool,
        clock: own,
        log: quiet,
        kinds,
        needs: undefined,
        openQueue,
        slots,
        ...(lease_s !== undefined && { lease_s }),
      });
      workers.push(worker);
      return worker;
    },
    assertCounted: () => assertCounted(database.pool),
    async statuses() {
      const { rows } = await database.pool.query<{ status: string; count: number }>(
        'select status, count(*)::int as count from jobs.job group by status',
      );
      return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    },
    async close() {
      for (const worker of workers) await worker.stop(0);
      await database.drop();
    },
  };
}

async function assertCounted(pool: Pool): Promise<void> {
  const { rows } = await pool.query(`
    select l.lane, l.workspace_id, l.due, l.running, count(j.job_id) filter (where j.due) as due_jobs,
      count(j.job_id) filter (where j.status = 'running') as running_jobs
    from jobs.line l left join jobs.job j using (lane, workspace_id)
    group by l.lane, l.workspace_id
    having l.due <> count(j.job_id) filter (where j.due) or l.running <> count(j.job_id) filter (where j.status = 'running')`);
  if (rows.length > 0)
    throw new Error(
      `lines count something else than their jobs: ${JSON.stringify(rows, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))}`,
    );
}
