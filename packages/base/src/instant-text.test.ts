import { expect, test } from 'vitest';

import { instantOfPostgres, instantText } from './instant-text.ts';

test.each([
  ['2026-11-29T00:00:00Z', true],
  ['2026-11-29T00:00:00.123456789+14:00', true],
  ['0001-01-01T00:00:00Z', true],
  ['0001-01-01T00:00:00+00:01', false],
  ['0000-12-31T23:59:59Z', false],
  ['9999-12-31T23:59:59Z', true],
  ['9999-12-31T23:59:59-00:01', false],
  ['2026-11-29T00:00:00.1234567891Z', false],
  ['2026-11-29', false],
])('%s is a time that can be kept: %s', (text, keepable) => {
  expect(instantText.safeParse(text).success).toBe(keepable);
});

test.each([
  ['2026-11-29 12:00:00.5+00', '2026-11-29T12:00:00.5Z'],
  ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00Z'],
  ['275760-09-13 00:00:00+00', '+275760-09-13T00:00:00Z'],
  ['0001-12-31 00:00:00+00 BC', '0000-12-31T00:00:00Z'],
  ['0045-03-15 00:00:00+00 BC', '-000044-03-15T00:00:00Z'],
])('%s, as Postgres writes it, is %s', (text, instant) => {
  expect(instantOfPostgres(text).toString()).toBe(Temporal.Instant.from(instant).toString());
});
