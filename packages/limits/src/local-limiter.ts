import { BoundedMap, type Refusal, refuse } from '@purser/base';

import type { RateDecision, RateLimiter, RateRequest, RateSubject } from './rate.ts';
import { refuseRate } from './refuse-rate.ts';
import { advance, countCall, freshState, horizonUs, type SubjectState, type Wait, waitFor } from './sliding.ts';

interface Known {
  readonly state: SubjectState;
  /** From then on it holds nothing that counts. */
  idle_us: number;
}

const SUBJECTS_MAX = 100_000;

/** Sliding limits of one process. Memory is bounded: with `subjects_max` subjects still counting, a new one is refused rather than an old one forgotten. */
export class LocalRateLimiter implements RateLimiter {
  readonly enforced = 'local';
  readonly #known: BoundedMap<string, Known>;

  constructor(options: { readonly subjects_max?: number } = {}) {
    this.#known = new BoundedMap(options.subjects_max ?? SUBJECTS_MAX);
  }

  decide(request: RateRequest): RateDecision {
    const now_us = request.now.epochMilliseconds * 1_000;
    let longest: Wait | undefined;
    for (const subject of request.subjects) {
      const state = this.#known.get(keyOf(request, subject))?.state;
      if (!state) continue;
      const t_us = advance(state, subject.rules, now_us);
      for (const rule of subject.rules) {
        const wait = waitFor(state, rule, t_us);
        const us = wait === 0 ? 0 : wait + t_us - now_us;
        if (us > (longest?.us ?? 0)) longest = { us, subject, rule };
      }
    }
    if (longest) return refuseRate(longest);
    return this.record(request) ?? { allowed: true, enforced: this.enforced };
  }

  /** Counts a call that was admitted elsewhere, whatever the limits say. Refuses when there is no memory for its subjects. */
  record(request: RateRequest): Refusal | undefined {
    const now_us = request.now.epochMilliseconds * 1_000;
    if (!this.#makeRoom(request, now_us)) {
      return refuse('overloaded', 'too many callers at once to count them all', { retryAfterSeconds: 1 });
    }
    for (const subject of request.subjects) {
      const key = keyOf(request, subject);
      const known = this.#known.get(key) ?? { state: freshState(now_us), idle_us: 0 };
      const t_us = advance(known.state, subject.rules, now_us);
      countCall(known.state, subject.rules, t_us);
      known.idle_us = t_us + horizonUs(subject.rules);
      this.#known.set(key, known);
    }
    return undefined;
  }

  /** Forgets subjects that no longer count for anything; never one that does. */
  #makeRoom(request: RateRequest, now_us: number): boolean {
    const unknown = request.subjects.filter((subject) => !this.#known.get(keyOf(request, subject))).length;
    while (this.#known.size + unknown > this.#known.size_max) {
      const oldest = this.#known.oldest();
      if (!oldest || oldest[1].idle_us > now_us) return false;
      this.#known.delete(oldest[0]);
    }
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function keyOf(request: RateRequest, subject: RateSubject): string {
  return `${request.scope}:${subject.name}`;
}
