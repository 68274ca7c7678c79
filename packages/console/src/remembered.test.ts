import { TestClock } from '@purser/core';
import { describe, expect, it } from 'vitest';

import { Remembered } from './remembered.ts';

const start = Temporal.Instant.from('2027-03-10T12:00:00Z');

describe('a remembered answer', () => {
  it('is worked out once for all who ask within its time, and anew after it', async () => {
    const clock = new TestClock(start);
    const remembered = new Remembered<number>(clock, { for_ms: 10_000, entries_max: 4 });
    let worked = 0;
    const ask = (): Promise<number> => remembered.of('sum', async () => (worked += 1));
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    clock.advance({ seconds: 9 });
    expect(await ask()).toBe(1);
    clock.advance({ seconds: 2 });
    expect(await ask()).toBe(2);
  });

  it('that takes longer than its time is still worked out once for all who wait, and its age counts from its end', async () => {
    const clock = new TestClock(start);
    const remembered = new Remembered<number>(clock, { for_ms: 10_000, entries_max: 4 });
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = remembered.of('sum', () => promise);
    clock.advance({ seconds: 30 });
    const second = remembered.of('sum', async () => 2);
    resolve(1);
    expect(await Promise.all([first, second])).toEqual([1, 1]);
    clock.advance({ seconds: 9 });
    expect(await remembered.of('sum', async () => 3)).toBe(1);
    clock.advance({ seconds: 2 });
    expect(await remembered.of('sum', async () => 4)).toBe(4);
  });

  it('that failed is asked for anew', async () => {
    const remembered = new Remembered<number>(new TestClock(start), { for_ms: 10_000, entries_max: 4 });
    await expect(remembered.of('sum', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await remembered.of('sum', async () => 3)).toBe(3);
  });
});
