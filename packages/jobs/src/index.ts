import type { SchemaMigrations } from '@purser/database';

export { isEnded, type Job, JOB_STATUSES, type JobId, type JobStatus } from './job.ts';
export { JobFailure } from './job-failure.ts';
export { defineJob, type JobKind, type RunningJob } from './job-kind.ts';
export { type Enqueued, Jobs, type NewJob } from './jobs.ts';
export { jetStreamAnnouncer } from './jetstream-announcer.ts';
export { jetStreamQueue } from './jetstream-queue.ts';
export type { JetStreamOptions } from './jetstream.ts';
export { JobWatcher } from './job-watcher.ts';
export { type Lane, LANES } from './lanes.ts';
export { postgresQueue } from './postgres-queue.ts';
export type { Announcer, OpenQueue } from './queue.ts';
export {
  cancelJob,
  cancelWithin,
  endedAmong,
  type EndedJob,
  laneStates,
  type LaneState,
  listJobs,
  openWaits,
  readJob,
  retryJobs,
} from './read-jobs.ts';
export { startWorker, type Worker, type WorkerObserver } from './worker.ts';

export const jobsMigrations: SchemaMigrations = { schema: 'jobs', directory: new URL('../migrations/', import.meta.url) };
