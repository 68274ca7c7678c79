import { type Refusal, refuse } from '@purser/base';
import { LocalRateLimiter, type RateRequest, type RateRule } from '@purser/limits';

import { networkOf } from './address.ts';

const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 50_000;

/**
 * Bounds what an address may cost us without a valid credential: its requests are counted in a sliding minute, and beyond the bound
 * they are refused before anything is hashed or looked up. Per process: it guards the process. While more addresses than it can
 * remember count, those it knows stay bounded.
 */
export class Strangers {
  readonly #limiter = new LocalRateLimiter({ subjects_max: ADDRESSES_MAX });
  readonly #subjects: RateRequest['subjects'];
  readonly #elapsed_ms: () => number;

  /** `elapsed_ms` is a monotonic timer: a clock that jumps neither locks out nor lets in. */
  constructor(per_minute_max: number, elapsed_ms: () => number = () => performance.now()) {
    const rules: RateRule[] = [
      { kind: 'window', name: 'minute', count_max: per_minute_max, window_ms: WINDOW_MS, code: 'rate_limited' },
    ];
    this.#subjects = [{ name: 'address', rules }];
    this.#elapsed_ms = elapsed_ms;
  }

  /** A refusal when this address has used up its minute. */
  refusal(address: string): Refusal | undefined {
    if (this.#limiter.knowsNobody) return undefined;
    const retryAfterSeconds = this.#limiter.waitSeconds(this.#request(address));
    if (retryAfterSeconds === 0) return undefined;
    return refuse(
      'rate_limited',
      `too many requests without a valid key came from this address; wait ${retryAfterSeconds} s, and send a valid key`,
      { retryAfterSeconds },
    );
  }

  /** One more request of this address that carried no valid credential. */
  count(address: string): void {
    this.#limiter.record(this.#request(address));
  }

  #request(address: string): RateRequest {
    const now = Temporal.Instant.fromEpochMilliseconds(Math.floor(this.#elapsed_ms()));
    return { scope: networkOf(address), subjects: this.#subjects, now };
  }
}
