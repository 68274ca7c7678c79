import fc from 'fast-check';
import { expect, test } from 'vitest';

import { raiseLeft, type Reversal, reversedOf, settlementOf, stillPaidFor, type Whereabouts } from './entitlement.ts';

const cents = fc.bigInt(0n, 5_000n);
const reversal: fc.Arbitrary<Reversal> = fc.record({
  payment: fc.constantFrom('pi_1', 'pi_2', ''),
  kind: fc.constantFrom('charge', 'refund', 'dispute'),
  amount: cents,
  fee: fc.constant(0n),
  state: fc.constantFrom('open', 'failed', 'won', 'lost'),
});

test('C6: what is gone of a payment does not depend on the order of what is known, and is never less than nothing or more than all', () => {
  fc.assert(
    fc.property(fc.array(reversal, { maxLength: 8 }), fc.bigInt(1n, 5_000n), (known, paid) => {
      const gone = reversedOf(known, paid);
      expect(reversedOf(known.toReversed(), paid)).toBe(gone);
      expect(gone).toBeGreaterThanOrEqual(0n);
      expect(gone).toBeLessThanOrEqual(paid);
    }),
  );
});

test('a refund that is told twice, as itself and in the total of its charge, counts once', () => {
  const open = { payment: 'pi_1', fee: 0n, state: 'open' } as const;
  const twice: Reversal[] = [
    { kind: 'refund', amount: 1000n, ...open },
    { kind: 'charge', amount: 1000n, ...open },
  ];
  expect(reversedOf(twice, 2900n)).toBe(1000n);
  expect(reversedOf([...twice, { kind: 'refund', amount: 500n, ...open, state: 'failed' }], 2900n)).toBe(1000n);
});

test('what is still paid for is all, nothing, or in between, and never more than before', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 100_000n), fc.bigInt(1n, 5_000n), cents, cents, (credits, paid, one, other) => {
      const [less, more] = [one, other].map((gone) => (gone > paid ? paid : gone)).toSorted((a, b) => (a < b ? -1 : 1));
      const kept = stillPaidFor(credits, more ?? 0n, paid);
      expect(stillPaidFor(credits, 0n, paid)).toBe(credits);
      expect(stillPaidFor(credits, paid, paid)).toBe(0n);
      expect(kept).toBeLessThanOrEqual(stillPaidFor(credits, less ?? 0n, paid));
    }),
  );
});

test('C6: settling takes only what is free, restores only what was taken, and a second time changes nothing', () => {
  const count = fc.bigInt(0n, 1_000n);
  const whereabouts: fc.Arbitrary<Whereabouts> = fc.record({
    entitled: count,
    spent: count,
    held: count,
    free: count,
    taken: count,
    restored: fc.constant(0n),
    repaid: count,
    owed_paid: count,
  });
  fc.assert(
    fc.property(whereabouts, (where) => {
      const { take, restore, owed } = settlementOf(where);
      expect(take).toBeLessThanOrEqual(where.free);
      expect(restore).toBeLessThanOrEqual(where.taken + where.owed_paid);
      expect(owed).toBeGreaterThanOrEqual(where.owed_paid);
      expect(take > 0n && restore > 0n).toBe(false);
      const after = {
        ...where,
        free: where.free - take + restore,
        taken: where.taken + take,
        restored: where.restored + restore,
      };
      expect(settlementOf(after)).toEqual({ take: 0n, restore: 0n, owed });
    }),
  );
});

test('a purchase raises the ceiling by what margin and all fees leave of the money that stays: as sold, or less, never below nothing', () => {
  const sold = { margin: 85n, paid: 2_900n };
  fc.assert(
    fc.property(fc.bigInt(0n, 500n), fc.bigInt(0n, sold.paid), fc.bigInt(0n, 3_000n), (fees, reversed, reversal_fees) => {
      const ceiling_raise = (sold.paid * sold.margin) / 100n - fees;
      const left = raiseLeft({ ceiling_raise, paid: sold.paid, fees, reversed, reversal_fees });
      const allowed = ((sold.paid - reversed) * sold.margin) / 100n - fees - reversal_fees;
      expect(left).toBe(allowed > 0n ? allowed : 0n);
    }),
  );
});
