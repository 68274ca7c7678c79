import { expect, test } from 'vitest';

import { instantOfPostgres } from './instant-of-postgres.ts';

test.each([
  ['2026-11-29 12:00:00.5+00', '2026-11-29T12:00:00.5Z'],
  ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00Z'],
  ['275760-09-13 00:00:00+00', '+275760-09-13T00:00:00Z'],
  ['0001-12-31 00:00:00+00 BC', '0000-12-31T00:00:00Z'],
  ['0045-03-15 00:00:00+00 BC', '-000044-03-15T00:00:00Z'],
])('%s, as Postgres writes it, is %s', (text, instant) => {
  expect(instantOfPostgres(text).toString()).toBe(Temporal.Instant.from(instant).toString());
});
