import { describe, expect, it } from 'vitest';
import { monthStart } from './calendar.ts';
import { agoWords, dayWords, durationWords, instantMs, localTimes, momentWords, tookWords, untilWords } from './time.ts';

const now_ms = instantMs('2026-11-21T12:00:00Z');

describe('times in words', () => {
  it('uses the largest unit that fits and the right number', () => {
    expect(durationWords(0)).toBe('0 seconds');
    expect(durationWords(900)).toBe('1 second');
    expect(durationWords(59_500)).toBe('60 seconds');
    expect(durationWords(60_000)).toBe('1 minute');
    expect(durationWords(26 * 3_600_000)).toBe('26 hours');
    expect(durationWords(9 * 86_400_000)).toBe('9 days');
  });

  it('says what is past and what is to come', () => {
    expect(agoWords('2026-11-21T11:57:00Z', now_ms)).toBe('3 minutes ago');
    expect(agoWords('2026-11-21T12:00:30Z', now_ms)).toBe('just now');
    expect(untilWords('2026-11-21T12:00:40Z', now_ms)).toBe('in 40 seconds');
    expect(untilWords('2026-11-21T11:00:00Z', now_ms)).toBe('now');
  });

  it('says how long a call took', () => {
    expect(tookWords(42)).toBe('42 ms');
    expect(tookWords(420)).toBe('0.4 s');
    expect(tookWords(12_400)).toBe('12 s');
  });

  it('names days, with the year only when it is another one', () => {
    expect(dayWords('2026-12-01T00:00:00Z', now_ms, 'UTC')).toBe('1 Dec');
    expect(dayWords('2027-01-31T00:00:00Z', now_ms, 'UTC')).toBe('31 Jan 2027');
    expect(momentWords('2026-11-21T12:39:05Z', { time_zone: 'UTC', now_ms })).toBe('21 Nov, 12:39:05');
  });

  it('writes the times of a sentence as the reader does, with their zone', () => {
    expect(localTimes('It resets at 2026-12-01T00:00:00Z, not 2026.', 'Asia/Kathmandu')).toBe(
      'It resets at 1 Dec 2026, 05:45 GMT+5:45, not 2026.',
    );
  });

  it('finds the start of a month across the turn of the year', () => {
    expect(monthStart(now_ms, 0)).toBe('2026-11-01T00:00:00Z');
    expect(monthStart(now_ms, 2)).toBe('2027-01-01T00:00:00Z');
    expect(monthStart(now_ms, -11)).toBe('2025-12-01T00:00:00Z');
  });
});
