import { BoundedMap, type Refusal, refuse } from '@purser/base';

import { blockedFor, countFailure, type FailureState } from './failures.ts';
import type { FailureRequest, RateAllowed, RateDecision, RateLimiter, RateRequest, RateSubject } from './rate.ts';
import { refuseBlocked, refuseRate } from './refuse-rate.ts';
import {
  advance,
  countAtLeast,
  countCall,
  freshState,
  horizonUs,
  type SubjectState,
  uncountCall,
  type Wait,
  waitFor,
} from './sliding.ts';

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
/** Whoever failed longest ago is forgotten first: then it has failed once less. */
const FAILED_MAX = 20_000;
const ALLOWED: RateAllowed = Object.freeze({ allowed: true, enforced: 'local' });

/** Sliding limits of one process. Memory is bounded: with `subjects_max` subjects still counting, a new one is refused rather than an old one forgotten. */
export class LocalRateLimiter implements RateLimiter {
  readonly enforced = 'local';
  readonly #known: BoundedMap<string, Known>;
  readonly #failed = new BoundedMap<string, FailureState>(FAILED_MAX);

  constructor(options: { readonly subjects_max?: number } = {}) {
    this.#known = new BoundedMap(options.subjects_max ?? SUBJECTS_MAX);
  }

  decide(request: RateRequest): RateDecision {
    const now_ms = request.now.epochMilliseconds;
    const counted = this.#find(request);
    const longest = this.#longest(counted, now_ms);
    return longest ? refuseRate(longest) : (this.#count(counted, now_ms * 1_000) ?? ALLOWED);
  }

  get knowsNobody(): boolean {
    return this.#known.size === 0;
  }

  /** How many seconds a call would have to wait now; 0: it would be admitted. Counts nothing. */
  waitSeconds(request: RateRequest): number {
    const longest = this.#longest(this.#find(request), request.now.epochMilliseconds);
    return longest === undefined ? 0 : Math.ceil(longest.us / 1_000_000);
  }

  #longest(counted: readonly Counted[], now_ms: number): Wait | undefined {
    const now_us = now_ms * 1_000;
    let longest: Wait | undefined;
    for (const { key, subject, known } of counted) {
      if (known) longest = longerWait(longest, known.state, subject, now_us);
      if (subject.block === undefined || this.#failed.size === 0) continue;
      const failed = this.#failed.get(key);
      const us = failed === undefined ? 0 : blockedFor(failed, subject.block, now_ms) * 1_000;
      if (us > (longest?.us ?? 0)) longest = { us, subject, rule: subject.block };
    }
    return longest;
  }

  fail(request: FailureRequest): Refusal | undefined {
    const { subject, now } = request;
    const failed = this.#failedOf(request);
    const wait_ms = blockedFor(failed, subject.block, now.epochMilliseconds);
    if (wait_ms > 0) return refuseBlocked(subject, subject.block, wait_ms);
    countFailure(failed, subject.block, now.epochMilliseconds);
    return undefined;
  }

  /** Keeps a subject out that others have found to fail too often. */
  block(request: FailureRequest, block_ms: number): void {
    const failed = this.#failedOf(request);
    failed.taken = 0;
    failed.until_ms = request.now.epochMilliseconds + block_ms;
  }

  #failedOf({ scope, subject, now }: FailureRequest): FailureState {
    const key = `${scope}:${subject.name}`;
    let failed = this.#failed.get(key);
    if (failed === undefined) this.#failed.set(key, (failed = { at_ms: now.epochMilliseconds, taken: 0, until_ms: 0 }));
    return failed;
  }

  /** Counts a call that was admitted elsewhere, whatever the limits say. Refuses when there is no memory for its subjects. */
  record(request: RateRequest): Refusal | undefined {
    return this.#count(this.#find(request), request.now.epochMilliseconds * 1_000);
  }

  /** Takes back a call that was counted here a moment ago and then refused elsewhere. */
  takeBack(request: RateRequest): void {
    for (const { subject, known } of this.#find(request)) if (known) uncountCall(known.state, subject.rules);
  }

  /** Has the windows of known subjects, in turn, count at least so many calls. */
  raise(request: RateRequest, sums: readonly number[]): void {
    let index = 0;
    for (const { subject, known } of this.#find(request)) {
      for (const rule of subject.rules) {
        if (rule.kind !== 'window') continue;
        if (known) countAtLeast(known.state, rule, sums[index] ?? 0, known.state.at_us);
        index += 1;
      }
    }
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
      return refuse('overloaded', 'too many callers at once to count them all; try again in a second', { retryAfterSeconds: 1 });
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

function longerWait(longest: Wait | undefined, state: SubjectState, subject: RateSubject, now_us: number): Wait | undefined {
  let longer = longest;
  const t_us = advance(state, subject.rules, now_us);
  for (const rule of subject.rules) {
    const wait = waitFor(state, rule, t_us);
    const us = wait === 0 ? 0 : wait + t_us - now_us;
    if (us > (longer?.us ?? 0)) longer = { us, subject, rule };
  }
  return longer;
}
