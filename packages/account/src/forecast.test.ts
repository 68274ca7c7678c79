import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { forecast } from './forecast.ts';

const period = { start: Temporal.Instant.from('2026-11-01T00:00:00Z'), end: Temporal.Instant.from('2026-12-01T00:00:00Z') };
const after = (days: number): Temporal.Instant => period.start.add({ minutes: Math.round(days * 1440) });
const at = (days: number, spent: bigint, cap = 100n) => forecast({ period, spent, cap, now: after(days) });

describe('the forecast (C12)', () => {
  it.each([
    [5, 0n, null, /Nothing was spent/],
    [0.5, 10n, null, /after a day of use/],
    [10, 10n, null, /lasts until/],
    [10, 50n, '2026-11-21T00:00:00Z', /in 10 days/],
    [10, 91n, '2026-11-11T23:44:10.549Z', /within a day/],
    [10, 100n, '2026-11-11T00:00:00Z', /is reached/],
  ])('after %d days with %d of 100 spent', (days, spent, reached_at, text) => {
    expect(at(days, spent)).toEqual({ ceiling_reached_at: reached_at, text: expect.stringMatching(text) as unknown });
  });

  it('never lies in the past nor beyond the period, and comes no later when more was spent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 29 }),
        fc.bigInt({ min: 1n, max: 99n }),
        fc.bigInt({ min: 0n, max: 50n }),
        (days, spent, more) => {
          const one = at(days, spent).ceiling_reached_at;
          const other = at(days, spent + more).ceiling_reached_at;
          if (one === null) return;
          expect(Temporal.Instant.compare(one, after(days))).toBeGreaterThanOrEqual(0);
          expect(Temporal.Instant.compare(one, period.end)).toBeLessThan(0);
          expect(other).not.toBeNull();
          expect(Temporal.Instant.compare(other ?? period.end, one)).toBeLessThanOrEqual(0);
        },
      ),
    );
  });
});
