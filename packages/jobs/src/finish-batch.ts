import { type Clock, inBackground } from '@purser/core';
import type { Pool } from '@purser/database';

import type { JobId } from './job.ts';
import type { Lane } from './lanes.ts';

export interface Finish {
  readonly job: JobId;
  readonly outcome: 'succeeded' | 'failed' | 'again' | 'released';
  /** As JSON. */
  readonly result?: string;
  readonly code?: string;
  readonly detail?: string;
  /** With `again`; with `released` when it is not to begin anew at once. */
  readonly run_at?: Temporal.Instant;
}

export interface FinishBatchParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly lease: string;
  /** A batch is written; in these lanes lines that were full may be served again. */
  readonly written: (opened: readonly Lane[]) => void;
  readonly failed: (error: unknown) => void;
}

interface Waiting {
  readonly finish: Finish;
  readonly done: () => void;
}

const BATCH_MAX = 500;
const RETRY_MS = 500;
const DETAIL_CHARS_MAX = 2_000;

/**
 * Writes down how jobs ended, those of a moment in one statement: while one is under way, the next ones gather. A write that fails is
 * tried until `giveUp` says that the leases have run out: then others run these jobs again.
 */
export class FinishBatch {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #lease: string;
  readonly #written: (opened: readonly Lane[]) => void;
  readonly #failed: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor({ pool, clock, lease, written, failed }: FinishBatchParts) {
    this.#pool = pool;
    this.#clock = clock;
    this.#lease = lease;
    this.#written = written;
    this.#failed = failed;
  }

  /** Resolves when it is written, or given up. */
  add(finish: Finish, give_up_at_ms: () => number): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ finish, done });
      if (!this.#writing) inBackground(this.#write(give_up_at_ms), this.#failed);
    });
  }

  async #write(give_up_at_ms: () => number): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      await this.#writeUntil(
        batch.map(({ finish }) => finish),
        give_up_at_ms,
      );
      for (const { done } of batch) done();
    }
    this.#writing = false;
  }

  async #writeUntil(batch: readonly Finish[], give_up_at_ms: () => number): Promise<void> {
    for (;;) {
      try {
        return await this.#store(batch);
      } catch (error) {
        this.#failed(error);
        if (performance.now() > give_up_at_ms()) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #store(batch: readonly Finish[]): Promise<void> {
    const { rows } = await this.#pool.query<{ lane: Lane }>(
      'select jobs.finish($1, $2, $3, $4, $5::jsonb[], $6, $7, $8) as lane',
      [
        this.#lease,
        this.#clock.now().toString(),
        batch.map(({ job }) => job),
        batch.map(({ outcome }) => outcome),
        batch.map(({ result }) => result ?? null),
        batch.map(({ code }) => code ?? null),
        batch.map(({ detail }) => detail?.slice(0, DETAIL_CHARS_MAX) ?? null),
        batch.map(({ run_at }) => run_at?.toString() ?? null),
      ],
    );
    this.#written(rows.map(({ lane }) => lane));
  }
}
