import { currency, parseRatio } from '@purser/money';
import { describe, expect, test } from 'vitest';

import { type Amount, owedBy, type RaisesSpent } from './owed.ts';

const EUR = currency('EUR');
const NONE: RaisesSpent = { before: [], since: undefined, current: [] };
const fx = { as_of: Temporal.Instant.from('2026-11-01T00:00Z'), buffer: parseRatio('0'), rates: new Map() };
const month = (number: number): Temporal.Instant => Temporal.Instant.from(`2027-0${number}-01T00:00:00Z`);
const eur = (nanos: bigint): Amount => ({ unit: EUR, nanos });

/** Of months from January on: what may be spent in each, and what was taken. */
function owed(months: readonly (readonly [allowed: bigint, taken: bigint])[], raises: Partial<RaisesSpent> = {}): bigint[] {
  const spent = months.map(([ceiling, taken], index) => ({
    from: month(index + 1),
    allowed: [{ unit: EUR, ceiling, proven: ceiling }],
    taken,
  }));
  return owedBy(spent, EUR, { ...NONE, ...raises }, fx);
}

describe('what a month owes of those before it', () => {
  test('is what was spent of money that went back, paid by what later months are allowed', () => {
    expect(
      owed([
        [0n, 10n],
        [4n, 0n],
        [4n, 0n],
        [4n, 0n],
        [4n, 0n],
      ]),
    ).toEqual([0n, 10n, 6n, 2n, 0n]);
  });

  test('grows by what is spent meanwhile, and nothing that is left unspent pays for another month', () => {
    expect(
      owed([
        [5n, 8n],
        [5n, 5n],
        [20n, 0n],
        [5n, 6n],
        [0n, 0n],
      ]),
    ).toEqual([0n, 3n, 3n, 0n, 1n]);
    expect(
      owed([
        [100n, 1n],
        [5n, 7n],
        [0n, 0n],
      ]),
    ).toEqual([0n, 0n, 2n]);
  });

  test('a month that allows less than nothing takes nothing from anybody', () => {
    expect(
      owed([
        [-7n, 3n],
        [1n, 0n],
        [1n, 0n],
      ]),
    ).toEqual([0n, 3n, 2n]);
  });

  test('is not what raises paid for: those of before at any time, those of now from their month on, and each once', () => {
    expect(
      owed(
        [
          [5n, 9n],
          [5n, 9n],
          [0n, 0n],
        ],
        { before: [eur(5n)] },
      ),
    ).toEqual([0n, 0n, 3n]);
    const current = { since: month(2), current: [eur(5n)] };
    expect(
      owed(
        [
          [5n, 9n],
          [5n, 9n],
          [0n, 0n],
        ],
        current,
      ),
    ).toEqual([0n, 4n, 3n]);
    expect(
      owed(
        [
          [5n, 9n],
          [5n, 9n],
          [0n, 0n],
        ],
        { ...current, since: undefined },
      ),
    ).toEqual([0n, 4n, 8n]);
    expect(
      owed(
        [
          [5n, 10n],
          [0n, 0n],
        ],
        { before: [eur(5n)] },
      ),
    ).toEqual([0n, 0n]);
  });

  test('raises of which more went back than was given are none', () => {
    expect(
      owed(
        [
          [5n, 9n],
          [0n, 0n],
        ],
        { before: [eur(-5n)] },
      ),
    ).toEqual([0n, 4n]);
  });
});
