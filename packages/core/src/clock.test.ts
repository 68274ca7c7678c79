import { expect, test } from 'vitest';

import { OffsetClock, systemClock, TestClock } from './clock.ts';

const NEW_YEAR = Temporal.Instant.from('2026-01-01T00:00:00Z');

test('a test clock stands still until it is moved, and never moves back', () => {
  const clock = new TestClock(NEW_YEAR);
  expect(clock.now()).toEqual(clock.now());
  clock.advance({ hours: 36 });
  expect(clock.now().toString()).toBe('2026-01-02T12:00:00Z');
  expect(() => clock.moveTo(NEW_YEAR)).toThrow(/is at 2026-01-02T12:00:00Z and only moves forward; got 2026-01-01T00:00:00Z/);
});

test('an offset clock keeps running after it was moved, and never moves back', () => {
  const base = new TestClock(NEW_YEAR);
  const clock = new OffsetClock(base);
  clock.moveTo(NEW_YEAR.add({ hours: 24 * 45 }));
  base.advance({ minutes: 1 });
  expect(clock.now().toString()).toBe('2026-02-15T00:01:00Z');
  expect(() => clock.moveTo(NEW_YEAR)).toThrow(RangeError);
});

test('an offset clock can start in the past or in the future, and runs on from there', () => {
  const base = new TestClock(NEW_YEAR);
  const clocks = ['2020-02-29T23:59:30Z', '2032-02-29T23:59:30Z'].map((at) => new OffsetClock(base, Temporal.Instant.from(at)));
  base.advance({ minutes: 1 });
  expect(clocks.map((clock) => clock.now().toString())).toEqual(['2020-03-01T00:00:30Z', '2032-03-01T00:00:30Z']);
});

test('the system clock tells the time of this machine', () => {
  const gap = Temporal.Now.instant().since(systemClock.now()).total('seconds');
  expect(Math.abs(gap)).toBeLessThan(5);
});
