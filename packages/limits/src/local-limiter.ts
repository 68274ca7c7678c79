import { LruCache, type Refusal, refuse } from '@purser/core';

import { blockedFor, countFailure, type FailureState } from './failures.ts';
import { headroomOf } from './headroom.ts';
import type { FailureRequest, RateAllowed, RateDecision, RateHeadroom, RateLimiter, RateRequest, RateSubject } from './rate.ts';
import { refuseBlocked, refuseRate } from './refuse-rate.ts';
import {
  adopt,
  countAtLeast,
  countCall,
  freshState,
  horizonUs,
  type SubjectState,
  uncountCall,
  type Wait,
  waitFor,
  windowOf,
} from './sliding.ts';

interface TrackedSubject {
  readonly state: SubjectState;
  /** From then on it holds nothing that counts. */
  idle_us: number;
}

const SUBJECTS_MAX = 100_000;
/** Whoever failed longest ago is forgotten first: then it has failed once less. */
const FAILED_MAX = 20_000;
const ALLOWED: RateAllowed = Object.freeze({ allowed: true, enforced: 'local' });

/** Sliding limits of one process. Memory is bounded: with `subjects_max` subjects still counting, a new one is refused rather than an old one forgotten. */
export class LocalRateLimiter implements RateLimiter {
  readonly enforced = 'local';
  readonly #known: LruCache<string, TrackedSubject>;
  readonly #failed = new LruCache<string, FailureState>(FAILED_MAX);
  /** Of the request at hand, subject by subject: looked up once, and not made anew for each. */
  readonly #keys: string[] = [];
  readonly #found: (TrackedSubject | undefined)[] = [];

  constructor(options: { readonly subjects_max?: number } = {}) {
    this.#known = new LruCache(options.subjects_max ?? SUBJECTS_MAX);
  }

  decide(request: RateRequest): RateDecision {
    const now_ms = request.now.epochMilliseconds;
    const longest = this.#longest(request, now_ms);
    return longest ? refuseRate(longest) : (this.#countFound(request, now_ms * 1_000) ?? ALLOWED);
  }

  get knowsNobody(): boolean {
    return this.#known.size === 0;
  }

  /** How many seconds a call would have to wait now; 0: it would be admitted. Counts nothing. */
  waitSeconds(request: RateRequest): number {
    const longest = this.#longest(request, request.now.epochMilliseconds);
    return longest === undefined ? 0 : Math.ceil(longest.us / 1_000_000);
  }

  #find({ scope, subjects }: RateRequest): void {
    for (let index = 0; index < subjects.length; index += 1) {
      const key = keyOf(scope, subjects[index]);
      this.#keys[index] = key;
      this.#found[index] = this.#known.get(key);
    }
  }

  #longest(request: RateRequest, now_ms: number): Wait | undefined {
    this.#find(request);
    const { subjects } = request;
    let longest: Wait | undefined;
    for (let index = 0; index < subjects.length; index += 1) {
      const subject = subjects[index];
      const known = this.#found[index];
      if (subject === undefined) continue;
      if (known) longest = longerWait(longest, known.state, subject, now_ms * 1_000);
      if (subject.block === undefined || this.#failed.size === 0) continue;
      const failed = this.#failed.get(this.#keys[index] ?? '');
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
    failed.times_ms = [];
    failed.until_ms = request.now.epochMilliseconds + block_ms;
  }

  #failedOf({ scope, subject, now }: FailureRequest): FailureState {
    const key = keyOf(scope, subject);
    let failed = this.#failed.get(key);
    if (failed === undefined) this.#failed.set(key, (failed = { at_ms: now.epochMilliseconds, times_ms: [], until_ms: 0 }));
    return failed;
  }

  headroom({ scope, subject, now }: Parameters<RateLimiter['headroom']>[0]): RateHeadroom | undefined {
    const known = this.#known.get(keyOf(scope, subject));
    const window = windowOf(subject.rules, known?.state, now.epochMilliseconds * 1_000);
    return window && headroomOf(window.rule, window.calls);
  }

  /** Counts a call that was admitted elsewhere, whatever the limits say. Refuses when there is no memory for its subjects. */
  record(request: RateRequest): Refusal | undefined {
    this.#find(request);
    return this.#countFound(request, request.now.epochMilliseconds * 1_000);
  }

  /** Takes back a call that was counted here a moment ago and then refused elsewhere. */
  takeBack({ scope, subjects }: RateRequest): void {
    for (const subject of subjects) {
      const known = this.#known.get(keyOf(scope, subject));
      if (known) uncountCall(known.state);
    }
  }

  /** Has the windows of known subjects, in turn, count at least so many calls. */
  raise({ scope, subjects }: RateRequest, sums: readonly number[]): void {
    let place = 0;
    for (const subject of subjects) {
      const known = this.#known.get(keyOf(scope, subject));
      for (const [index, rule] of subject.rules.entries()) {
        if (rule.kind !== 'window') continue;
        if (known) countAtLeast(known.state, index, sums[place] ?? 0);
        place += 1;
      }
    }
  }

  #countFound({ subjects }: RateRequest, now_us: number): Refusal | undefined {
    let unknown = 0;
    for (let index = 0; index < subjects.length; index += 1) if (this.#found[index] === undefined) unknown += 1;
    if (unknown > 0 && !this.#makeRoom(unknown, now_us)) {
      return refuse('overloaded', 'too many callers at once; try again in a second', { retryAfterSeconds: 1 });
    }
    for (const [index, subject] of subjects.entries()) {
      const known = this.#found[index] ?? { state: freshState(subject.rules), idle_us: 0 };
      adopt(known.state, subject.rules);
      countCall(known.state, now_us);
      known.idle_us = Math.max(known.idle_us, now_us + horizonUs(subject.rules));
      // Making room for one subject may have taken another.
      if (unknown > 0) this.#known.set(this.#keys[index] ?? '', known);
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

function keyOf(scope: string, subject: RateSubject | undefined): string {
  return `${scope}:${subject?.name ?? ''}`;
}

function longerWait(longest: Wait | undefined, state: SubjectState, subject: RateSubject, now_us: number): Wait | undefined {
  let longer = longest;
  adopt(state, subject.rules);
  for (let index = 0; index < subject.rules.length; index += 1) {
    const us = waitFor(state, index, now_us);
    const rule = subject.rules[index];
    if (rule && us > (longer?.us ?? 0)) longer = { us, subject, rule };
  }
  return longer;
}
