import { isUuid, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import type { Clock } from '@purser/core';
import { type Pool, type Queryable, workspaceTransaction } from '@purser/database';

import { type Job, JOB_COLUMNS, type JobId, type JobStatus } from './job.ts';
import type { Lane } from './lanes.ts';

/** A job of the workspace; refuses `not_found` for one of another, too. */
export async function readJob(pool: Pool, workspace: WorkspaceId, id: string): Promise<Job | Refusal> {
  const job = isUuid(id)
    ? await workspaceTransaction(pool, workspace, async (connection) => {
        const { rows } = await connection.query<Job>(
          `select ${JOB_COLUMNS} from jobs.job where job_id = $1 and workspace_id = $2`,
          [id, workspace],
        );
        return rows[0];
      })
    : undefined;
  return job ?? refuse('not_found', `there is no job ${JSON.stringify(id.slice(0, 60))} in this workspace`);
}

export interface EndedJob {
  readonly job_id: JobId;
  /** How it ended; null: there is no such job any more. */
  readonly status: JobStatus | null;
  readonly error_code: string | null;
}

/** Those of some jobs, of any workspace, that will not run any more by themselves: they have ended, or are gone. */
export async function endedAmong(database: Queryable, ids: readonly string[]): Promise<readonly EndedJob[]> {
  const { rows } = await database.query<EndedJob>(
    `select i.id as job_id, j.status, j.error_code from unnest($1::uuid[]) i (id) left join jobs.job j on j.job_id = i.id
     where j.job_id is null or j.ended_at is not null`,
    [ids],
  );
  return rows;
}

export interface JobFilter {
  readonly workspace?: WorkspaceId;
  readonly status?: JobStatus;
  readonly lane?: Lane;
  readonly kind?: string;
  /** The id of the last job of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** The newest first, of all workspaces unless one is named. Whether there are more: `limit` rows came back. */
export async function listJobs(pool: Pool, { workspace, status, lane, kind, before, limit }: JobFilter): Promise<readonly Job[]> {
  const { rows } = await pool.query<Job>(
    `select ${JOB_COLUMNS} from jobs.job
     where ($1::uuid is null or workspace_id = $1) and ($2::text is null or status = $2) and ($3::text is null or lane = $3)
       and ($4::text is null or kind = $4) and ($5::uuid is null or job_id < $5)
     order by job_id desc limit $6`,
    [workspace ?? null, status ?? null, lane ?? null, kind ?? null, before ?? null, limit],
  );
  return rows;
}

/** Ends a job that waits, asks one that runs to end. Returns the job as it is then; one that has ended stays as it ended. */
export async function cancelJob(pool: Pool, clock: Clock, workspace: WorkspaceId, id: string): Promise<Job | Refusal> {
  if (isUuid(id)) await cancelWithin(pool, clock, workspace, id);
  return readJob(pool, workspace, id);
}

/** The same of a job that was made here, within a transaction that takes it back when it fails. */
export async function cancelWithin(database: Queryable, clock: Clock, workspace: WorkspaceId, id: string): Promise<void> {
  await database.query('select jobs.cancel($1, $2, $3)', [workspace, id, clock.now().toString()]);
}

/** Puts jobs that failed or were cancelled in once more, with all their attempts. Returns how many of them there were. */
export async function retryJobs(database: Queryable, ids: readonly JobId[]): Promise<number> {
  const { rows } = await database.query<{ count: number }>('select jobs.retry($1) as count', [ids]);
  return rows[0]?.count ?? 0;
}

export interface LaneState {
  readonly lane: Lane;
  readonly due: bigint;
  readonly running: bigint;
  /** Of what waits now; null: nothing does. */
  readonly longest_wait_s: number | null;
  /** Of what was begun in the last five minutes, the wait of 95 in 100; null: nothing was. */
  readonly wait_p95_s: number | null;
}

export async function laneStates(pool: Pool): Promise<readonly LaneState[]> {
  const { rows } = await pool.query<LaneState>(
    `select lane, due, running, longest_wait_s, wait_p95_s from jobs.lanes('5 minutes')`,
  );
  return rows;
}

/** How long work waits that could begin now; of a lane in which nothing waits there is none. */
export interface OpenWait {
  readonly lane: Lane;
  /** How many workspaces wait, of those that were looked at. */
  readonly lines: bigint;
  /** Of what stands first of each workspace, the wait of 95 in 100. */
  readonly wait_p95_s: number;
  readonly at: Temporal.Instant;
}

/** Workspaces of a lane that are looked at; those whose turn is next. */
const LINES_MAX = 1_000;

export async function openWaits(database: Queryable): Promise<readonly OpenWait[]> {
  const { rows } = await database.query<OpenWait>(
    'select lane, lines, wait_p95_s, clock_timestamp() as at from jobs.open_waits($1)',
    [LINES_MAX],
  );
  return rows;
}
