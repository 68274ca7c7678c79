import fc from 'fast-check';
import { expect, test } from 'vitest';

import { backoffMs } from './backoff.ts';

test('the wait doubles from a second to five minutes, and at most half of it is left to chance', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempts, random) => {
      const most = Math.min(300_000, 1_000 * 2 ** Math.min(attempts - 1, 20));
      expect(backoffMs(attempts, random)).toBeGreaterThanOrEqual(most / 2);
      expect(backoffMs(attempts, random)).toBeLessThanOrEqual(most);
      expect(backoffMs(attempts, 0)).toBe(most);
    }),
  );
});
