import { expect, test } from 'vitest';

import { localTime } from './local-time.ts';

const AT = Temporal.Instant.from('2027-12-31T18:15:00Z');

test('a time is said on the clock of its reader, with the zone, and with the year when it is another one', () => {
  const now = Temporal.Instant.from('2027-12-30T00:00:00Z');
  expect(localTime(AT, 'UTC', now)).toBe('31 December, 18:15 (UTC)');
  expect(localTime(AT, 'Asia/Kathmandu', now)).toBe('1 January 2028, 00:00 (Asia/Kathmandu)');
  expect(localTime(AT, 'Asia/Kathmandu', AT)).toBe('1 January, 00:00 (Asia/Kathmandu)');
});

test('a text that is read later always has the year', () => {
  expect(localTime(AT, 'UTC')).toBe('31 December 2027, 18:15 (UTC)');
});
