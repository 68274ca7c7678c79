import type { Pool } from './pool.ts';
import { checkWrites } from './write-check.ts';

/** A probe is answered by what was found so short a while ago: however many ask, the database is asked once. */
const KEPT_MS = 1_000;
/** A disk may take a small write in place and no new page: after a batch that failed the server is not ready for so long, or until one succeeds. */
const FAILED_MS = 5_000;

/**
 * Whether the server should be sent traffic: a write gets through, over a connection of its own. A database that is read-only, a
 * stand-by or full is as good as away.
 */
export class Readiness {
  readonly #pool: Pool;
  #asked_ms = Number.NEGATIVE_INFINITY;
  #answer: Promise<boolean> = Promise.resolve(false);
  #failed_ms = Number.NEGATIVE_INFINITY;

  /** `pool`: with a limit of time, as the role that serves all workspaces. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** A batch was written. */
  readonly worked = (): void => {
    this.#failed_ms = Number.NEGATIVE_INFINITY;
  };

  /** A batch could not be. */
  readonly failed = (): void => {
    this.#failed_ms = performance.now();
  };

  async isReady(): Promise<boolean> {
    const now_ms = performance.now();
    if (now_ms - this.#asked_ms > KEPT_MS) {
      this.#asked_ms = now_ms;
      this.#answer = this.#writes();
    }
    return (await this.#answer) && now_ms - this.#failed_ms > FAILED_MS;
  }

  async #writes(): Promise<boolean> {
    try {
      await checkWrites(this.#pool);
      return true;
    } catch {
      // Whoever needs the database meets the fault itself, and tells it.
      return false;
    }
  }
}
