import { expect, test } from 'vitest';
import { z } from 'zod';

import { instantQuery } from './time-span.ts';

test('times that only some calendars reach are refused by name, like words that are no time', () => {
  const query = z.object({ from: instantQuery });
  for (const from of ['-271821-04-20T00:00:00Z', '+010000-01-01T00:00:00Z', '0000-06-01T00:00:00Z', 'yesterday', '2026-13-01']) {
    const parsed = query.safeParse({ from });
    expect(parsed.error?.issues[0]?.message, from).toMatch(/^want a time such as/);
  }
  expect(query.parse({ from: '2026-11-01' }).from.toString()).toBe('2026-11-01T00:00:00Z');
});
