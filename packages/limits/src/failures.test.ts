import { isRefusal } from '@purser/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LocalRateLimiter } from './local-limiter.ts';
import { abuseRules, blockRule } from './rate.ts';

const START = Temporal.Instant.from('2026-05-04T10:00:00Z');
const block = blockRule({ failures_block: 5, failures_seconds: 900, block_seconds: 900 });
const subject = (user: string) => ({ name: `user:${user}`, rules: [], block });

function bench() {
  const limiter = new LocalRateLimiter();
  return {
    fail: (seconds: number, user = 'ada') =>
      limiter.fail({ scope: 'w', subject: subject(user), now: START.add({ milliseconds: Math.round(seconds * 1_000) }) }),
    decide: (seconds: number, user = 'ada') =>
      limiter.decide({
        scope: 'w',
        subjects: [subject(user)],
        now: START.add({ milliseconds: Math.round(seconds * 1_000) }),
      }),
  };
}

describe('failures', () => {
  test('C4 five keep a user out for as long as the plan says, and no other user of the workspace', () => {
    const { fail, decide } = bench();
    for (const second of [0, 3, 6, 9]) expect(fail(second)).toBeUndefined();
    expect(decide(10)).toMatchObject({ allowed: true });
    expect(fail(12)).toBeUndefined();
    expect(decide(13)).toMatchObject({ code: 'temporarily_blocked', retryAfterSeconds: 899 });
    expect(fail(13)).toMatchObject({ code: 'temporarily_blocked', retryAfterSeconds: 899 });
    expect(decide(13, 'grace')).toMatchObject({ allowed: true });
    expect(decide(911.999)).toMatchObject({ code: 'temporarily_blocked', retryAfterSeconds: 1 });
    expect(decide(912)).toMatchObject({ allowed: true });
  });

  test('C4 five in any fifteen minutes are too many, however they lie; four never are, and who sat a block out begins anew', () => {
    const spans = fc.array(fc.integer({ min: 0, max: 1_200_000 }), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(spans, (gaps) => {
        const { fail } = bench();
        let counted: number[] = [];
        let at_ms = 0;
        let until_ms = 0;
        for (const gap of gaps) {
          at_ms += gap;
          const refused = isRefusal(fail(at_ms / 1_000) ?? {});
          expect(refused).toBe(at_ms < until_ms);
          if (refused) continue;
          counted = [...counted.filter((time) => at_ms - time < 900_000), at_ms];
          if (counted.length < 5) continue;
          until_ms = at_ms + 900_000;
          counted = [];
        }
      }),
    );
  });

  test('who waits as long as it was told is admitted, whatever was wrong: rate, gap or failures', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ fails: fc.boolean(), moved_ms: fc.integer({ min: 0, max: 5_000 }) }), { maxLength: 80 }),
        (steps) => {
          const limiter = new LocalRateLimiter();
          const ada = { name: 'user:ada', rules: abuseRules({ requests_minute: 6, gap_ms: 1_500 }), block };
          let now = START;
          for (const { fails, moved_ms } of steps) {
            now = now.add({ milliseconds: moved_ms });
            const answer = fails
              ? limiter.fail({ scope: 'w', subject: ada, now })
              : limiter.decide({ scope: 'w', subjects: [ada], now });
            if (!isRefusal(answer)) continue;
            now = now.add({ seconds: answer.retryAfterSeconds ?? Number.NaN });
            expect(limiter.decide({ scope: 'w', subjects: [ada], now })).toMatchObject({ allowed: true });
          }
        },
      ),
    );
  });

  test('a clock set far back keeps nobody out for longer than a block', () => {
    const { fail, decide } = bench();
    for (let call = 0; call < 5; call += 1) fail(36_000);
    expect(decide(0)).toMatchObject({ code: 'temporarily_blocked', retryAfterSeconds: 900 });
    expect(decide(900)).toMatchObject({ allowed: true });
  });
});
