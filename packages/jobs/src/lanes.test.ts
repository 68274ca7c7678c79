import fc from 'fast-check';
import { expect, test } from 'vitest';

import { LANE_SHARES, type Lane, laneLimits, LANES, LaneTurns } from './lanes.ts';

const lanes = fc.uniqueArray(fc.constantFrom<Lane>(...LANES), { minLength: 1 });

test('slots are handed out in proportion to the shares of the lanes that ask, none left over, none starved', () => {
  fc.assert(
    fc.property(lanes, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (asking, batches) => {
      const turns = new LaneTurns();
      const sum = asking.reduce((total, lane) => total + LANE_SHARES[lane], 0);
      const given = new Map<Lane, number>();
      let slots = 0;
      for (const batch of batches) {
        slots += batch;
        const taken = turns.take(batch, new Set(asking));
        expect(LANES.reduce((total, lane) => total + taken[lane], 0)).toBe(batch);
        for (const lane of LANES) given.set(lane, (given.get(lane) ?? 0) + taken[lane]);
      }
      for (const lane of LANES) {
        const fair = asking.includes(lane) ? (slots * LANE_SHARES[lane]) / sum : 0;
        expect(Math.abs((given.get(lane) ?? 0) - fair)).toBeLessThan(asking.length);
      }
    }),
  );
});

test('no lane may be without a slot, and only the highest may take all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1_000 }), (slots) => {
      const limits = laneLimits(slots);
      expect(limits.critical).toBe(slots);
      for (const lane of LANES.slice(1)) {
        expect(limits[lane]).toBeGreaterThanOrEqual(1);
        expect(limits[lane]).toBeLessThan(slots);
      }
    }),
  );
});
