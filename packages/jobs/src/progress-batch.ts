import type { Pool } from '@purser/database';

import type { JobId } from './job.ts';

interface Progress {
  readonly done: number;
  readonly total: number | undefined;
}

/** How often what jobs say of their progress is written. */
export const PROGRESS_EVERY_MS = 250;

/** Keeps the last word of each job until it is written. */
export class ProgressBatch {
  readonly #pool: Pool;
  readonly #lease: string;
  readonly #last = new Map<JobId, Progress>();

  constructor(pool: Pool, lease: string) {
    this.#pool = pool;
    this.#lease = lease;
  }

  set(job: JobId, done: number, total: number | undefined): void {
    const most = total === undefined ? Number.MAX_SAFE_INTEGER : total;
    this.#last.set(job, { done: Math.max(0, Math.min(Math.trunc(done), most)), total });
  }

  /** Whether something of this job is not written yet. */
  has(job: JobId): boolean {
    return this.#last.has(job);
  }

  async write(): Promise<void> {
    if (this.#last.size === 0) return;
    const said = [...this.#last];
    this.#last.clear();
    await this.#pool.query('select jobs.progress($1, $2, $3, $4)', [
      this.#lease,
      said.map(([job]) => job),
      said.map(([, { done }]) => done),
      said.map(([, { total }]) => total ?? null),
    ]);
  }
}
