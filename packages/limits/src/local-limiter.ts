import { BoundedMap, type Refusal, refuse } from '@purser/base';

import type { RateAllowed, RateDecision, RateLimiter, RateRequest, RateSubject } from './rate.ts';
import { refuseRate } from './refuse-rate.ts';
import { advance, countCall, freshState, horizonUs, type SubjectState, type Wait, waitFor } from './sliding.ts';

interface Known {
  readonly state: SubjectState;
  /** From then on it holds nothing that counts. */
  idle_us: number;
}

/** A subject of a call, with what was counted for it so far. */
interface Counted {
  readonly key: string;
  readonly subject: RateSubject;
  readonly known: Known | undefined;
}

const SUBJECTS_MAX = 100_000;
const ALLOWED: RateAllowed = Object.freeze({ allowed: true, enforced: 'local' });

/** Sliding limits of one process. Memory is bounded: with `subjects_max` subjects still counting, a new one is refused rather than an old one forgotten. */
export class LocalRateLimiter implements RateLimiter {
  readonly enforced = 'local';
  readonly #known: BoundedMap<string, Known>;

  constructor(options: { readonly subjects_max?: number } = {}) {
    this.#known = new BoundedMap(options.subjects_max ?? SUBJECTS_MAX);
  }

  decide(request: RateRequest): RateDecision {
    const now_us = request.now.epochMilliseconds * 1_000;
    const counted = this.#find(request);
    let longest: Wait | undefined;
    for (const { subject, known } of counted) {
      if (!known) continue;
      const { state } = known;
      const t_us = advance(state, subject.rules, now_us);
      for (const rule of subject.rules) {
        const wait = waitFor(state, rule, t_us);
        const us = wait === 0 ? 0 : wait + t_us - now_us;
        if (us > (longest?.us ?? 0)) longest = { us, subject, rule };
      }
    }
    return longest ? refuseRate(longest) : (this.#count(counted, now_us) ?? ALLOWED);
  }

  /** Counts a call that was admitted elsewhere, whatever the limits say. Refuses when there is no memory for its subjects. */
  record(request: RateRequest): Refusal | undefined {
    return this.#count(this.#find(request), request.now.epochMilliseconds * 1_000);
  }

  #find({ scope, subjects }: RateRequest): Counted[] {
    return subjects.map((subject) => {
      const key = `${scope}:${subject.name}`;
      return { key, subject, known: this.#known.get(key) };
    });
  }

  #count(counted: readonly Counted[], now_us: number): Refusal | undefined {
    const unknown = counted.filter(({ known }) => known === undefined).length;
    if (unknown > 0 && !this.#makeRoom(unknown, now_us)) {
      return refuse('overloaded', 'too many callers at once to count them all', { retryAfterSeconds: 1 });
    }
    for (const { key, subject, known = { state: freshState(now_us), idle_us: 0 } } of counted) {
      const t_us = advance(known.state, subject.rules, now_us);
      countCall(known.state, subject.rules, t_us);
      known.idle_us = t_us + horizonUs(subject.rules);
      // Making room for one subject may have taken another.
      if (unknown > 0) this.#known.set(key, known);
    }
    return undefined;
  }

  /** Forgets subjects that no longer count for anything; never one that does. */
  #makeRoom(unknown: number, now_us: number): boolean {
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
