import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { lastUntil } from './last-until.ts';
import { aMonthFrom, monthsOf, partOf } from './months.ts';

const at = (text: string): Temporal.Instant => Temporal.Instant.from(`${text}T10:00:00Z`);
const days = (from: string, to: string): readonly string[] =>
  monthsOf({ from: at(from), to: at(to) }).map(
    (month) => `${month.from.toString().slice(0, 10)} ${month.to.toString().slice(0, 10)}`,
  );

describe('the months of a term', () => {
  test('a remainder of up to four days is part of the last one, a longer one is a month of its own', () => {
    expect(days('2027-02-28', '2027-04-01')).toEqual(['2027-02-28 2027-04-01']);
    expect(days('2027-02-28', '2027-04-02')).toEqual(['2027-02-28 2027-03-28', '2027-03-28 2027-04-02']);
    expect(days('2027-01-10', '2027-02-13')).toEqual(['2027-01-10 2027-02-13']);
    expect(days('2027-01-10', '2027-02-15')).toEqual(['2027-01-10 2027-02-10', '2027-02-10 2027-02-15']);
  });

  test('are the whole of it without a gap, however short it is, and ten years of them at most', () => {
    expect(days('2027-01-10', '2027-01-12')).toEqual(['2027-01-10 2027-01-12']);
    expect(days('2027-01-31', '2027-04-30')).toEqual(['2027-01-31 2027-02-28', '2027-02-28 2027-03-31', '2027-03-31 2027-04-30']);
    const years = days('2027-01-10', '2047-01-10');
    expect([years.length, years.at(-1)]).toEqual([120, '2036-12-10 2037-01-10']);
    expect(days('2027-01-10', '2037-01-10')).toHaveLength(120);
  });

  test('a month from a day is until that day of the next, or its last', () => {
    expect(aMonthFrom(at('2027-01-31')).to).toEqual(at('2027-02-28'));
    expect(aMonthFrom(at('2027-03-31')).to).toEqual(at('2027-04-30'));
  });
});

describe('what of a whole is for each of its months', () => {
  const parts = (whole: bigint, from: string, to: string): bigint[] => {
    const months = monthsOf({ from: at(from), to: at(to) });
    return months.map((_, index) => partOf(whole, index, months));
  };

  test('equal parts; what does not divide comes last', () => {
    expect(parts(12n, '2027-01-10', '2027-05-10')).toEqual([3n, 3n, 3n, 3n]);
    expect(parts(10n, '2027-01-10', '2027-04-10')).toEqual([3n, 3n, 4n]);
    expect(parts(7n, '2027-01-10', '2027-02-10')).toEqual([7n]);
    expect(parts(7n, '2027-01-10', '2027-01-12')).toEqual([7n]);
  });

  test('a shorter last month has the part that its length is of one; a little longer one is as the others', () => {
    // 14 days of the 28 from 10 February on.
    expect(parts(300n, '2027-01-10', '2027-02-24')).toEqual([200n, 100n]);
    expect(parts(300n, '2027-01-10', '2027-03-12')).toEqual([150n, 150n]);
  });

  test('of less than nothing too: the first together are never more than their share, and all are the whole', () => {
    expect(parts(-10n, '2027-01-10', '2027-04-10')).toEqual([-4n, -3n, -3n]);
    expect(parts(-9n, '2027-01-10', '2027-04-10')).toEqual([-3n, -3n, -3n]);
    fc.assert(
      fc.property(fc.bigInt({ min: -1000n, max: 1000n }), fc.integer({ min: 1, max: 400 }), (whole, length) => {
        const months = monthsOf({ from: at('2027-01-31'), to: at('2027-01-31').add({ hours: 24 * length }) });
        const own = months.map((_, index) => partOf(whole, index, months));
        expect(own.reduce((sum, one) => sum + one, 0n)).toBe(whole);
      }),
    );
  });
});

test('the last that is not after a moment is found among any that are in the order of time', () => {
  const moments = fc.array(fc.nat(20), { maxLength: 12 }).map((all) => all.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(moments, fc.nat(20), (all, asked) => {
      const instants = all.map((ms) => Temporal.Instant.fromEpochMilliseconds(ms));
      const found = lastUntil(instants, Temporal.Instant.fromEpochMilliseconds(asked), (one) => one);
      expect(found).toBe(all.findLastIndex((ms) => ms <= asked));
    }),
  );
});
