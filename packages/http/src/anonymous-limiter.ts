import { type Refusal, refuse } from '@purser/core';
import { LocalRateLimiter, type RateRequest, type RateRule } from '@purser/limits';

import { networkOf } from './address.ts';

const WINDOW_MS = 60_000;
const ADDRESSES_MAX = 50_000;
/** So many credentials of addresses over their bound are looked up at a time. */
const LOOKED_UP_MAX = 8;

/**
 * Bounds what an address may cost us without a valid credential: its requests are counted in a sliding minute, and beyond the bound
 * they are refused, but for those whose credential proves valid: who shares an address with a stranger, or with a forgotten program of
 * his own, is not locked out. Per process: it guards the process. While more addresses than it can remember count, those it knows stay
 * bounded.
 */
export class AnonymousLimiter {
  readonly #limiter = new LocalRateLimiter({ subjects_max: ADDRESSES_MAX });
  readonly #subjects: RateRequest['subjects'];
  readonly #elapsed_ms: () => number;
  #looking = 0;

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

  /** Looks up the credential of an address over its bound; undefined: too many are being looked up. */
  async lookUp<Found>(look: () => Found | Promise<Found>): Promise<Found | undefined> {
    if (this.#looking >= LOOKED_UP_MAX) return undefined;
    this.#looking += 1;
    try {
      return await look();
    } finally {
      this.#looking -= 1;
    }
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
