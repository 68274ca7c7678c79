import { isRefusal } from '@purser/core';
import { describe, expect, it } from 'vitest';

import { readInstant } from './local-instant.ts';

const read = (text: string, timezone = 'Europe/Berlin'): string => {
  const found = readInstant('at', text, timezone);
  return isRefusal(found) ? found.detail : found.toString();
};

describe('a time that somebody names', () => {
  it('is an instant where it says its offset, and the time of the workspace’s clocks where it does not', () => {
    expect(read('2027-03-10T09:00:00Z')).toBe('2027-03-10T09:00:00Z');
    expect(read('2027-03-10T09:00+05:45')).toBe('2027-03-10T03:15:00Z');
    expect(read('2027-03-10T09:00')).toBe('2027-03-10T08:00:00Z');
    expect(read('2027-03-10 09:00:30', 'Asia/Kathmandu')).toBe('2027-03-10T03:15:30Z');
  });

  it('is refused where clocks skip it, and the first where they show it twice', () => {
    expect(read('2027-03-28T02:30')).toContain('skip 2027-03-28T02:30');
    expect(read('2027-10-31T02:30')).toBe('2027-10-31T00:30:00Z');
  });

  it('is refused by its name where it is none', () => {
    for (const text of ['tomorrow', '2027-03-10', '2027-02-30T09:00', '2027-13-01T09:00Z', '09:00', '', 'x'.repeat(1_000)])
      expect(read(text)).toMatch(/^"at": want an instant/);
  });
});
