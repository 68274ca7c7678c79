import type { Clock } from '@purser/core';
import { toPostgresJson } from '@purser/database';
import type { Log } from '@purser/log';

import { backoffMs } from './backoff.ts';
import type { Finish } from './finish-batch.ts';
import type { Job, JobId } from './job.ts';
import { JobFailure, verdictOf } from './job-failure.ts';
import type { JobKind } from './job-kind.ts';

/** Of JSON. */
const RESULT_CHARS_MAX = 262_144;

/** A job as it was claimed. */
export interface ClaimedJob extends Job {
  readonly payload: unknown;
  readonly deadline_at: Temporal.Instant | null;
  readonly waited_s: number;
}

/** Why a job is told to end. */
export type StopReason = 'cancelled' | 'stopping' | 'lost' | 'timeout';

/** One attempt that is under way. */
export class Attempt {
  readonly job: ClaimedJob;
  readonly #controller = new AbortController();
  #reason: StopReason | undefined;

  constructor(job: ClaimedJob) {
    this.job = job;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get reason(): StopReason | undefined {
    return this.#reason;
  }

  stop(reason: StopReason): void {
    this.#reason ??= reason;
    this.#controller.abort(new DOMException(`the job is to end: ${reason}`, 'AbortError'));
  }
}

export interface AttemptParts<Needs> {
  readonly needs: Needs;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly progress: (job: JobId, done: number, total: number | undefined) => void;
}

/**
 * Runs one attempt and says how it ended. It ends when its code does: one that does not heed its signal keeps its slot, since nobody may
 * run the job beside it.
 */
export async function runAttempt<Needs>(parts: AttemptParts<Needs>, kind: JobKind<Needs>, attempt: Attempt): Promise<Finish> {
  const { job } = attempt;
  const timer = setTimeout(() => attempt.stop('timeout'), timeLeftMs(parts.clock, kind, job));
  try {
    const result = await kind.run(parts.needs, {
      id: job.id,
      workspace: job.workspace,
      payload: job.payload,
      attempt: job.attempts,
      signal: attempt.signal,
      progress: (done, total) => parts.progress(job.id, done, total),
    });
    return { job: job.id, outcome: 'succeeded', ...(result !== undefined && { result: keptResult(result) }) };
  } catch (error) {
    return failed(parts, attempt, error, kind.timeout_ms);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws JobFailure `result_too_large` when it is longer than a row should be: a job tells where its work is, it does not carry it. */
function keptResult(result: unknown): string {
  const json = toPostgresJson(result);
  if (json.length <= RESULT_CHARS_MAX) return json;
  throw new JobFailure(
    'result_too_large',
    `a job keeps a result of ${RESULT_CHARS_MAX} characters at most; this one has ${json.length}`,
  );
}

function timeLeftMs<Needs>(clock: Clock, { timeout_ms }: JobKind<Needs>, { deadline_at }: ClaimedJob): number {
  if (deadline_at === null) return timeout_ms;
  return Math.max(0, Math.min(timeout_ms, deadline_at.epochMilliseconds - clock.now().epochMilliseconds));
}

function failed<Needs>({ clock, log }: AttemptParts<Needs>, attempt: Attempt, error: unknown, timeout_ms: number): Finish {
  const { job, reason } = attempt;
  if (reason === 'stopping') return { job: job.id, outcome: 'released' };
  if (reason === 'cancelled') return { job: job.id, outcome: 'failed', code: 'cancelled', detail: 'the job was cancelled' };
  const verdict =
    reason === 'timeout'
      ? { code: 'timeout', detail: `the attempt took longer than ${timeout_ms / 1000} s`, again: true }
      : verdictOf(error);
  const told = { err: error, job: job.id, kind: job.kind, workspace: job.workspace, attempt: job.attempts };
  const wait_ms = backoffMs(job.attempts, Math.random());
  const run_at = clock.now().add({ milliseconds: wait_ms });
  const late = job.deadline_at !== null && Temporal.Instant.compare(run_at, job.deadline_at) >= 0;
  if (!verdict.again || job.attempts >= job.attempts_max || late) {
    log.error(told, 'a job failed');
    return { job: job.id, outcome: 'failed', code: verdict.code, detail: verdict.detail };
  }
  log.warn({ ...told, again_in_ms: wait_ms }, 'an attempt of a job failed');
  return { job: job.id, outcome: 'again', code: verdict.code, detail: verdict.detail, run_at };
}
