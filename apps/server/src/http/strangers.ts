import { type Refusal, refuse } from '@purser/base';

const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

/**
 * Bounds what an address may cost us without a valid credential: wrong keys and anonymous calls are counted, and beyond
 * the bound its requests are refused before anything is hashed or looked up. Per process, in fixed windows of a minute.
 */
export class Strangers {
  readonly #per_minute_max: number;
  readonly #elapsed_ms: () => number;
  readonly #seen = new Map<string, { count: number; ends_ms: number }>();

  /** `elapsed_ms` is a monotonic timer: a clock that jumps neither locks out nor lets in. */
  constructor(per_minute_max: number, elapsed_ms: () => number = () => performance.now()) {
    this.#per_minute_max = per_minute_max;
    this.#elapsed_ms = elapsed_ms;
  }

  /** A refusal when this address has used up its minute. */
  refusal(address: string): Refusal | undefined {
    const seen = this.#seen.get(address);
    if (seen === undefined || seen.count < this.#per_minute_max) return undefined;
    const left_ms = seen.ends_ms - this.#elapsed_ms();
    if (left_ms <= 0) {
      this.#seen.delete(address);
      return undefined;
    }
    return refuse('rate_limited', 'too many requests without a valid key came from this address', {
      retryAfterSeconds: Math.ceil(left_ms / 1000),
    });
  }

  /** One more request of this address that carried no valid credential. */
  count(address: string): void {
    const now_ms = this.#elapsed_ms();
    const seen = this.#seen.get(address);
    if (seen !== undefined && seen.ends_ms > now_ms) {
      seen.count += 1;
      return;
    }
    this.#seen.delete(address);
    if (this.#seen.size >= ADDRESSES_MAX) {
      const oldest = this.#seen.keys().next();
      if (oldest.done !== true) this.#seen.delete(oldest.value);
    }
    this.#seen.set(address, { count: 1, ends_ms: now_ms + WINDOW_MS });
  }
}
