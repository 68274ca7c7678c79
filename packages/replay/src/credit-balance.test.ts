import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CreditBalance } from './credit-balance.ts';
import type { RecordedGrant } from './recorded.ts';

const START = Temporal.Instant.from('2026-11-01T00:00:00Z');
const day = (count: number) => START.add({ hours: 24 * count });
const grant = (
  id: string,
  credits: bigint,
  expires: number | null,
  source: RecordedGrant['source'] = 'monthly',
): RecordedGrant => ({
  id,
  source,
  credits,
  expires_at: expires === null ? null : day(expires),
});

describe('C2 a purse that is replayed', () => {
  test('burns what expires first, and of that what was given away', () => {
    const purse = new CreditBalance();
    for (const one of [grant('c', 5n, null, 'purchased'), grant('b', 5n, 30), grant('a', 5n, 30, 'gift'), grant('d', 5n, 10)])
      purse.add(one);
    purse.spend(7n, day(1));
    // Three of the gift are left, five of the month, five that were bought.
    expect(purse.free(day(11))).toBe(13n);
    purse.spend(3n, day(11));
    expect(purse.free(day(30))).toBe(5n);
  });

  test('opens with what was left in what burns last, and gives back what was bought alone', () => {
    const grants = [grant('a', 10n, 5), grant('b', 10n, 30), grant('c', 4n, null, 'purchased')];
    const purse = CreditBalance.opened(grants, 12n);
    expect([purse.free(day(1)), purse.free(day(5)), purse.free(day(30))]).toEqual([12n, 12n, 4n]);
    purse.takeBack(9n);
    expect(purse.free(day(30))).toBe(0n);
  });

  test('what is free is what was given less what was spent, while nothing lapses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(1n, 50n), fc.option(fc.integer({ min: 10, max: 40 })))),
        fc.bigInt(0n, 400n),
        (given, spent) => {
          const purse = new CreditBalance();
          given.forEach(([credits, expires], n) => purse.add(grant(String(n), credits, expires)));
          const total = given.reduce((sum, [credits]) => sum + credits, 0n);
          purse.spend(spent < total ? spent : total, day(1));
          expect(purse.free(day(1))).toBe(spent < total ? total - spent : 0n);
        },
      ),
    );
  });
});
