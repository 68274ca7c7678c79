import type { Id, WorkspaceId } from '@purser/core';

import type { Lane } from './lanes.ts';

export type JobId = Id<'job'>;

export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** A job as it is kept. */
export interface Job {
  readonly id: JobId;
  readonly workspace: WorkspaceId;
  readonly kind: string;
  readonly lane: Lane;
  readonly status: JobStatus;
  readonly attempts: number;
  readonly attempts_max: number;
  readonly progress_done: bigint;
  /** Null: not known (yet). */
  readonly progress_total: bigint | null;
  /** Grows with everything that somebody who watches can see. */
  readonly version: bigint;
  readonly cancel_asked: boolean;
  readonly result: unknown;
  readonly error_code: string | null;
  /** Public: one sentence without secrets. */
  readonly error_detail: string | null;
  readonly run_at: Temporal.Instant;
  readonly created_at: Temporal.Instant;
  readonly ended_at: Temporal.Instant | null;
}

export const JOB_COLUMNS = `job_id as id, workspace_id as workspace, kind, lane, status, attempts, attempts_max, progress_done, progress_total,
  version, cancel_asked, result, error_code, error_detail, run_at, created_at, ended_at`;

export function isEnded({ status }: Pick<Job, 'status'>): boolean {
  return status !== 'queued' && status !== 'running';
}
