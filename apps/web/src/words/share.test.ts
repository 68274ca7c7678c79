import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readShares, shareWords } from './share.ts';

describe('shares of a limit', () => {
  it('reads percentages as people type them, and refuses what is none', () => {
    expect(readShares('70, 85;95 % 100')).toEqual(['0.7', '0.85', '0.95', '1']);
    expect(readShares('97.5')).toEqual(['0.975']);
    for (const wrong of ['0', '101', 'half', '-5', '1e2', '70,many']) expect(readShares(wrong), wrong).toBeUndefined();
  });

  it('shows every share as it can be read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (ten_thousandths) => {
        const typed = `${Math.floor(ten_thousandths / 100)}.${String(ten_thousandths % 100).padStart(2, '0')}`;
        const [share = ''] = readShares(typed) ?? [];
        expect(Number(share)).toBeCloseTo(ten_thousandths / 10_000, 8);
        expect(readShares(shareWords(share))).toEqual([share]);
      }),
    );
  });
});
