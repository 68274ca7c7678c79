import { isRefusal, TestClock } from '@purser/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LocalRateLimiter } from './local-limiter.ts';
import { abuseRules, planRules, type RateRule } from './rate.ts';
import { anyRules, anySteps, ReferenceLimiter, subjectsOf } from './testing/reference.ts';

const START = Temporal.Instant.from('2026-05-04T10:00:00.250Z');
const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms);
const workspace = (rules: readonly RateRule[]) => [{ name: 'workspace', rules }];

/** Calls until refused, at one instant. */
function admittedAt(limiter: LocalRateLimiter, rules: readonly RateRule[], now: Temporal.Instant, tries = 1_000): number {
  for (let count = 0; count < tries; count += 1) {
    if (isRefusal(limiter.decide({ scope: 'w', subjects: workspace(rules), now }))) return count;
  }
  return tries;
}

describe('the limiter of one process', () => {
  test('T5 decides as the reference model does, for workspaces and users, however the calls and clocks fall', () => {
    fc.assert(
      fc.property(fc.record({ workspace: anyRules, user: anyRules }), anySteps, (rules, steps) => {
        const limiter = new LocalRateLimiter();
        const reference = new ReferenceLimiter();
        let now_ms = START.epochMilliseconds;
        for (const step of steps) {
          now_ms += step.moved_ms;
          const subjects = subjectsOf(step, rules);
          const wait_ms = reference.decide('w', subjects, now_ms);
          const decision = limiter.decide({ scope: 'w', subjects, now: instant(now_ms) });
          expect(isRefusal(decision)).toBe(wait_ms > 0);
          if (isRefusal(decision)) expect(decision.retryAfterSeconds).toBe(Math.max(1, Math.ceil(wait_ms / 1_000)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('T5 never more than rpm in any 60 s, wherever the span begins', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 50, maxLength: 300 }),
        fc.integer({ min: 1, max: 30 }),
        (gaps, rpm) => {
          const limiter = new LocalRateLimiter();
          const rules: RateRule[] = [{ kind: 'window', name: 'rpm', count_max: rpm, window_ms: 60_000, code: 'rate_limited' }];
          let now_ms = START.epochMilliseconds;
          const admitted: number[] = [];
          for (const gap of gaps) {
            now_ms += gap;
            if (!isRefusal(limiter.decide({ scope: 'w', subjects: workspace(rules), now: instant(now_ms) })))
              admitted.push(now_ms);
          }
          for (const [index, from] of admitted.entries()) {
            expect(admitted.slice(index).filter((at) => at < from + 60_000).length).toBeLessThanOrEqual(rpm);
          }
        },
      ),
    );
  });

  test('T5 a plan admits its burst at once, then its rate, and no more than its minute', () => {
    const rules = planRules({ rps: 5, rpm: 20, burst: 10 });
    const limiter = new LocalRateLimiter();
    expect(admittedAt(limiter, rules, START)).toBe(10);
    expect(admittedAt(limiter, rules, START.add({ seconds: 1 }))).toBe(5);
    expect(admittedAt(limiter, rules, START.add({ seconds: 10 }))).toBe(5);
    expect(admittedAt(limiter, rules, START.add({ seconds: 20 }))).toBe(0);
    expect(admittedAt(limiter, rules, START.add({ seconds: 61 }))).toBe(10);
  });

  test('who waits as long as it was told is admitted', () => {
    const rules = planRules({ rps: 2, rpm: 5, burst: 3 });
    const limiter = new LocalRateLimiter();
    const clock = new TestClock(START);
    let admitted = 0;
    for (let call = 0; call < 40; call += 1) {
      const decision = limiter.decide({ scope: 'w', subjects: workspace(rules), now: clock.now() });
      if (!isRefusal(decision)) {
        admitted += 1;
        continue;
      }
      clock.advance({ seconds: decision.retryAfterSeconds! });
      expect(isRefusal(limiter.decide({ scope: 'w', subjects: workspace(rules), now: clock.now() }))).toBe(false);
      admitted += 1;
    }
    expect(admitted).toBeGreaterThan(20);
  });

  test('C4 a user keeps 3 s between requests and makes 30 a minute; another user is not held up', () => {
    const rules = abuseRules({ requests_minute: 30, gap_ms: 3_000 });
    const limiter = new LocalRateLimiter();
    const call = (user: string, now: Temporal.Instant) =>
      limiter.decide({ scope: 'w', subjects: [{ name: `user:${user}`, rules }], now });
    expect(call('ada', START)).toEqual({ allowed: true, enforced: 'local' });
    expect(call('ada', START.add({ milliseconds: 2_999 }))).toMatchObject({ code: 'min_gap', retryAfterSeconds: 1 });
    expect(call('grace', START.add({ milliseconds: 2_999 }))).toMatchObject({ allowed: true });
    expect(call('ada', START.add({ milliseconds: 3_000 }))).toMatchObject({ allowed: true });
  });

  test('a call refused for its user is not counted for its workspace', () => {
    const rules: RateRule[] = [{ kind: 'window', name: 'rpm', count_max: 2, window_ms: 60_000, code: 'rate_limited' }];
    const limiter = new LocalRateLimiter();
    const subjects = (user: string) => [
      ...workspace(rules),
      { name: `user:${user}`, rules: [{ ...rules[0]!, count_max: 1 } as RateRule] },
    ];
    expect(limiter.decide({ scope: 'w', subjects: subjects('ada'), now: START })).toMatchObject({ allowed: true });
    for (let call = 0; call < 5; call += 1)
      expect(isRefusal(limiter.decide({ scope: 'w', subjects: subjects('ada'), now: START }))).toBe(true);
    expect(limiter.decide({ scope: 'w', subjects: subjects('grace'), now: START })).toMatchObject({ allowed: true });
  });

  test('a clock set far back keeps the counts for one window and then lets go', () => {
    const rules = planRules({ rps: 10, rpm: 10, burst: 10 });
    const limiter = new LocalRateLimiter();
    expect(admittedAt(limiter, rules, START)).toBe(10);
    const back = START.subtract({ hours: 5 });
    expect(admittedAt(limiter, rules, back)).toBe(0);
    expect(admittedAt(limiter, rules, back.add({ seconds: 59 }))).toBe(0);
    expect(admittedAt(limiter, rules, back.add({ seconds: 62 }))).toBe(10);
  });

  test('memory is bounded: a new caller is refused while all known ones count, and admitted when one has been idle', () => {
    const rules = planRules({ rps: 10, rpm: 10, burst: 10 });
    const limiter = new LocalRateLimiter({ subjects_max: 100 });
    const call = (scope: number, now: Temporal.Instant) =>
      limiter.decide({ scope: `w${scope}`, subjects: workspace(rules), now });
    for (let scope = 0; scope < 100; scope += 1) expect(call(scope, START)).toMatchObject({ allowed: true });
    expect(call(100, START)).toMatchObject({ code: 'overloaded' });
    expect(call(7, START)).toMatchObject({ allowed: true });
    expect(call(100, START.add({ seconds: 62 }))).toMatchObject({ allowed: true });
  });
});
