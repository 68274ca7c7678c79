import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isUuid, PLATFORM } from './ids.ts';

test('a UUID is recognised, and nothing else is', () => {
  expect(isUuid(PLATFORM)).toBe(true);
  fc.assert(fc.property(fc.uuid(), (id) => isUuid(id) && isUuid(id.toUpperCase())));
  fc.assert(fc.property(fc.string(), (text) => !isUuid(text)));
  fc.assert(fc.property(fc.uuid(), fc.constantFrom(' ', 'x', '\n'), (id, more) => !isUuid(id + more) && !isUuid(more + id)));
});
