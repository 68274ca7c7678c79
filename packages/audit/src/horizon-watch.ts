import type { Pool } from '@purser/database';

interface Mark {
  readonly next: bigint;
  readonly since_ms: number;
}

/**
 * Tells for how long the horizon has been held: sealing goes no further than the oldest transaction that is open anywhere on the
 * database server, so one that is forgotten would hold it for ever.
 */
export class HorizonWatch {
  #mark: Mark | undefined;
  readonly #monotonic: () => number;

  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** Milliseconds since the newest transaction that the horizon has not passed was first seen to be the newest. */
  async heldFor(pool: Pool): Promise<number> {
    const { rows } = await pool.query<{ horizon: bigint; next: bigint }>(
      'select ledger.horizon() as horizon, ledger.next_transaction_number() as next',
    );
    const seen = rows[0];
    if (!seen) return 0;
    const now_ms = this.#monotonic();
    if (!this.#mark || seen.horizon >= this.#mark.next) this.#mark = { next: seen.next, since_ms: now_ms };
    return now_ms - this.#mark.since_ms;
  }
}
