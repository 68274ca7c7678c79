import { repeat, type Repetition } from '@purser/core';
import type { Pool } from '@purser/database';

import { isEnded, type Job, JOB_COLUMNS, type JobId } from './job.ts';

const LOOK_EVERY_MS = 250;
/** Watchers of one server; the next one is refused. */
const WATCHERS_MAX = 10_000;

interface Watcher {
  seen: bigint;
  /** With nothing: the job is gone. */
  wake: (job: Job | undefined) => void;
}

/**
 * Follows jobs for whoever watches them, whichever worker runs them: one look at the database four times a second for all that are watched,
 * none while nobody watches.
 */
export class JobWatcher {
  readonly #pool: Pool;
  readonly #watchers = new Map<JobId, Set<Watcher>>();
  readonly #looking: Repetition;
  #count = 0;

  constructor(pool: Pool, failed: (error: unknown) => void) {
    this.#pool = pool;
    this.#looking = repeat(LOOK_EVERY_MS, () => this.#look(), failed);
  }

  /** False: as many watch as may. */
  hasRoom(): boolean {
    return this.#count < WATCHERS_MAX;
  }

  /**
   * The job whenever something of it has changed since version `seen`, until it has ended, is gone (erased), or the signal aborts. Skips
   * what was overtaken.
   */
  async *watch(id: JobId, seen: bigint, signal: AbortSignal): AsyncGenerator<Job> {
    const watcher: Watcher = { seen, wake: () => undefined };
    const of = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, of.add(watcher));
    this.#count += 1;
    try {
      while (!signal.aborted) {
        const job = await nextOf(watcher, signal);
        if (job === undefined) return;
        watcher.seen = job.version;
        yield job;
        if (isEnded(job)) return;
      }
    } finally {
      of.delete(watcher);
      if (of.size === 0) this.#watchers.delete(id);
      this.#count -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#looking.stop();
  }

  async #look(): Promise<void> {
    const asked = [...this.#watchers.keys()];
    if (asked.length === 0) return;
    const { rows } = await this.#pool.query<Job>(`select ${JOB_COLUMNS} from jobs.job where job_id = any ($1)`, [asked]);
    const jobs = new Map(rows.map((job) => [job.id, job]));
    for (const id of asked) {
      const job = jobs.get(id);
      for (const watcher of this.#watchers.get(id) ?? []) if (job === undefined || job.version > watcher.seen) watcher.wake(job);
    }
  }
}

function nextOf(watcher: Watcher, signal: AbortSignal): Promise<Job | undefined> {
  const { promise, resolve } = Promise.withResolvers<Job | undefined>();
  const left = (): void => resolve(undefined);
  signal.addEventListener('abort', left, { once: true });
  watcher.wake = resolve;
  return promise.finally(() => {
    watcher.wake = () => undefined;
    signal.removeEventListener('abort', left);
  });
}
