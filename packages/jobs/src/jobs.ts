import { createHash } from 'node:crypto';

import { assert, type Clock, type Refusal, refuse, type WorkspaceId } from '@purser/core';
import { type Connection, joinTransaction, newId, type Pool, toPostgresJson } from '@purser/database';

import type { JobId } from './job.ts';
import type { JobKind } from './job-kind.ts';
import type { Lane } from './lanes.ts';
import type { Announcer } from './queue.ts';

export interface NewJob {
  readonly kind: string;
  readonly payload: unknown;
  /** That of its kind unless given. */
  readonly lane?: Lane;
  /** A job of this kind with this key is put in once. */
  readonly idempotency_key?: string;
  /** Not before; now unless given. */
  readonly run_at?: Temporal.Instant;
  /** Fails when it has not ended by then. */
  readonly deadline_at?: Temporal.Instant;
  readonly progress_total?: number;
}

export interface Enqueued {
  readonly id: JobId;
  readonly lane: Lane;
  /** It waits for a worker now. */
  readonly due: boolean;
  /** False: it was put in before, under the same key. */
  readonly fresh: boolean;
}

/** How many jobs of a workspace may wait in a lane. */
const DUE_MAX = 100_000;
/** How many of a workspace run at once, unless its plan says otherwise. */
const RUNNING_MAX = 10;

export interface JobsOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly kinds: readonly JobKind[];
  /** Where jobs are told of; without one, workers hear of them from the database. */
  readonly announcer?: Announcer;
}

/** Puts jobs in. */
export class Jobs {
  readonly #options: JobsOptions;
  readonly #kinds: ReadonlyMap<string, JobKind>;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.kind, kind]));
  }

  /**
   * Puts jobs of one workspace in, all or none; in the transaction of `inside` where one is given, whose caller then calls `announce`
   * after the commit (without it they begin within a second), or rolls back what was refused. In the order of `wanted`. Refuses `idempotency_mismatch` and `overloaded`.
   * @throws BrokenInvariant for a kind that is not known; ZodError for a payload that its kind does not take.
   */
  async enqueue(
    workspace: WorkspaceId,
    wanted: readonly NewJob[],
    { inside, running_max = RUNNING_MAX }: { readonly inside?: Connection; readonly running_max?: number } = {},
  ): Promise<readonly Enqueued[] | Refusal> {
    if (wanted.length === 0) return [];
    const now = this.#options.clock.now();
    const rows = wanted.map((job) => this.#row(job, now, running_max));
    try {
      const made = await joinTransaction(this.#options.pool, inside, async (connection) => {
        const found = await connection.query<{ job_id: JobId; lane: Lane; due: boolean; fresh: boolean }>(
          'select job_id, lane, due, fresh from jobs.enqueue($1, $2, $3, $4::jsonb)',
          [workspace, now.toString(), DUE_MAX, toPostgresJson(rows)],
        );
        return found.rows;
      });
      const enqueued = made.map(({ job_id, lane, due, fresh }) => ({ id: job_id, lane, due, fresh }));
      if (inside === undefined) await this.announce(enqueued);
      return enqueued;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'P4781') return refuse('idempotency_mismatch', (error as Error).message);
      if (code !== 'P4780') throw error;
      return refuse('overloaded', `${(error as Error).message}; want some of them to end first`, { retryAfterSeconds: 60 });
    }
  }

  /** Tells workers of jobs whose transaction is committed. */
  async announce(jobs: readonly Enqueued[]): Promise<void> {
    const { announcer } = this.#options;
    if (announcer === undefined) return;
    const lanes = Map.groupBy(
      jobs.filter(({ due, fresh }) => due && fresh),
      ({ lane }) => lane,
    );
    for (const [lane, waiting] of lanes)
      await announcer.announce(
        lane,
        waiting.map(({ id }) => id),
      );
  }

  #row(job: NewJob, now: Temporal.Instant, running_max: number): Readonly<Record<string, unknown>> {
    const kind = this.#kinds.get(job.kind);
    assert(kind !== undefined, `no module that is turned on has jobs of the kind ${job.kind}`);
    const payload = kind.parse(job.payload);
    const lane = job.lane ?? kind.lane;
    return {
      job_id: newId<'job'>(),
      kind: job.kind,
      lane,
      idempotency_key: job.idempotency_key ?? null,
      request_hash: createHash('sha256')
        .update(JSON.stringify([job.kind, payload]))
        .digest('hex'),
      payload,
      run_at: (job.run_at ?? now).toString(),
      deadline_at: job.deadline_at?.toString() ?? null,
      attempts_max: kind.attempts_max,
      progress_total: job.progress_total ?? null,
      running_max,
    };
  }
}
