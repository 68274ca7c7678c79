import fc from 'fast-check';

import type { BucketRule, RateRule, RateSubject, WindowRule } from '../rate.ts';
import { SLOTS } from '../sliding.ts';

/**
 * What the limits mean, with no thought for speed: every admitted call is remembered for ever and every decision replays them all.
 * Times are whole milliseconds and never run backwards by more than the servers' clocks may differ.
 */
export class ReferenceLimiter {
  readonly #calls = new Map<string, number[]>();
  /** The time of each subject's last admitted call: it does not go back. */
  readonly #seen = new Map<string, number>();

  /** Milliseconds to wait; 0: admitted and counted. */
  decide(scope: string, subjects: readonly RateSubject[], now_ms: number): number {
    const times = subjects.map((subject) => Math.max(now_ms, this.#seen.get(`${scope} ${subject.name}`) ?? now_ms));
    const waits = subjects.flatMap((subject, index) => {
      const t_ms = times[index] ?? now_ms;
      return subject.rules.map((rule) => {
        const wait = wait_ms(rule, this.#of(scope, subject), t_ms);
        return wait === 0 ? 0 : wait + t_ms - now_ms;
      });
    });
    const longest = Math.max(0, ...waits);
    for (const [index, subject] of subjects.entries()) {
      const calls = this.#of(scope, subject);
      if (longest > 0) continue;
      calls.push(times[index] ?? now_ms);
      this.#seen.set(`${scope} ${subject.name}`, times[index] ?? now_ms);
    }
    return longest;
  }

  #of(scope: string, subject: RateSubject): number[] {
    const key = `${scope} ${subject.name}`;
    const calls = this.#calls.get(key) ?? [];
    this.#calls.set(key, calls);
    return calls;
  }
}

function wait_ms(rule: RateRule, calls: readonly number[], t_ms: number): number {
  return rule.kind === 'bucket' ? bucketWait(rule, calls, t_ms) : windowWait(rule, calls, t_ms);
}

/** The bucket drains `count` calls per `per_ms`; computed in units of 1/per_ms of a call, so exactly. */
function bucketWait(rule: BucketRule, calls: readonly number[], t_ms: number): number {
  let level = 0;
  let last = calls[0] ?? t_ms;
  for (const call of [...calls, t_ms]) {
    level = Math.max(0, level - (call - last) * rule.count) + rule.per_ms;
    last = call;
  }
  const over = level - rule.burst * rule.per_ms;
  return Math.max(0, over / rule.count);
}

/** Calls count by slots of window/60: each until its slot and the 60 after it have gone by. */
function windowWait(rule: WindowRule, calls: readonly number[], t_ms: number): number {
  const length_ms = rule.window_ms / SLOTS;
  const ends = calls.map((call) => (Math.floor(call / length_ms) + SLOTS + 1) * length_ms).filter((end) => end > t_ms);
  const surplus = ends.length + 1 - rule.count_max;
  if (surplus <= 0) return 0;
  return (ends.toSorted((a, b) => a - b)[surplus - 1] ?? t_ms + (SLOTS + 1) * length_ms) - t_ms;
}

const bucket = fc.record({
  kind: fc.constant('bucket' as const),
  name: fc.constant('rps'),
  count: fc.integer({ min: 1, max: 20 }),
  per_ms: fc.constantFrom(1_000, 3_000),
  burst: fc.integer({ min: 1, max: 6 }),
  code: fc.constant('rate_limited' as const),
});
const window = fc.record({
  kind: fc.constant('window' as const),
  name: fc.constant('rpm'),
  count_max: fc.integer({ min: 1, max: 12 }),
  window_ms: fc.constantFrom(6_000, 60_000),
  code: fc.constant('rate_limited' as const),
});
export const anyRules: fc.Arbitrary<readonly RateRule[]> = fc.oneof(fc.tuple(bucket), fc.tuple(window), fc.tuple(bucket, window));

/** One call: who makes it, and how far the clock has moved since the last (a little backwards, now and then). */
export interface Step {
  readonly user: string | null;
  readonly moved_ms: number;
}

const moved = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -2_000, max: 0 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 150_000 }) },
);
export const anySteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ user: fc.constantFrom(null, 'ada', 'grace'), moved_ms: moved }),
  { maxLength: 80 },
);

export function subjectsOf(step: Step, rules: { workspace: readonly RateRule[]; user: readonly RateRule[] }): RateSubject[] {
  const workspace = { name: 'workspace', rules: rules.workspace };
  return step.user === null ? [workspace] : [workspace, { name: `user:${step.user}`, rules: rules.user }];
}
