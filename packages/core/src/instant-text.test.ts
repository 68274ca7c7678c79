import { expect, test } from 'vitest';

import { instantText } from './instant-text.ts';

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
