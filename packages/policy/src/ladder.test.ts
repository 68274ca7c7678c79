import { parseRatio } from '@purser/money';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { effectsOf, levelAt } from './ladder.ts';

const ladder = {
  climb_back: parseRatio('0.05'),
  levels: [
    { at: parseRatio('0.70'), effects: { candidates_max: 20, pause: ['images'] } },
    { at: parseRatio('0.80'), effects: { candidates_max: 10, quotas: { jobs_month: 5n } } },
    { at: parseRatio('0.95'), effects: { pause: ['ai'], quotas: { tokens_month: 9n } } },
  ],
};
const CAP = 1_000n;
const spent = fc.bigInt(0n, 1_100n);

describe('F5 S4 a ladder', () => {
  test.each([
    [699n, 0, 0],
    [700n, 0, 1],
    [799n, 0, 1],
    [950n, 0, 3],
    [1_100n, 0, 3],
    [700n, 1, 1],
    [650n, 1, 1],
    [649n, 1, 0],
    [750n, 2, 2],
    [749n, 2, 1],
    [899n, 3, 2],
    [0n, 3, 0],
  ])('at %d of 1000, from level %d, is on level %d', (at, before, level) => {
    expect(levelAt(ladder, at, CAP, before)).toBe(level);
  });

  test('does not flap: use that moves by less than climb_back around any share changes the level at most once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_050 }),
        fc.array(fc.integer({ min: 0, max: 49 }), { maxLength: 30 }),
        (low, moves) => {
          let level = levelAt(ladder, BigInt(low), CAP);
          let changes = 0;
          for (const move of moves) {
            const next = levelAt(ladder, BigInt(low + move), CAP, level);
            if (next !== level) changes += 1;
            level = next;
          }
          expect(changes).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test('more use never climbs up, and what is seen twice is seen once', () => {
    fc.assert(
      fc.property(spent, spent, fc.integer({ min: 0, max: 3 }), (a, b, before) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(levelAt(ladder, less, CAP, before)).toBeLessThanOrEqual(levelAt(ladder, more, CAP, before));
        const once = levelAt(ladder, a, CAP, before);
        expect(levelAt(ladder, a, CAP, once)).toBe(once);
      }),
    );
  });

  test('over a cap of zero there is no share, and no level', () => {
    expect(levelAt(ladder, 5n, 0n, 3)).toBe(0);
  });

  test('a level keeps what those before it set; pauses and quotas add up', () => {
    expect(effectsOf(ladder, 0)).toEqual({});
    expect(effectsOf(ladder, 2)).toEqual({ candidates_max: 10, pause: ['images'], quotas: { jobs_month: 5n } });
    expect(effectsOf(ladder, 3)).toEqual({
      candidates_max: 10,
      pause: ['images', 'ai'],
      quotas: { jobs_month: 5n, tokens_month: 9n },
    });
  });
});
