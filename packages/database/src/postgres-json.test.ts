import fc from 'fast-check';
import { expect, test } from 'vitest';

import { toPostgresJson } from './postgres-json.ts';

test('what no database keeps as text becomes U+FFFD, at any depth, and everything else stays as it is', () => {
  expect(toPostgresJson({ a: ['x\0y', { b: 'half \ud800' }], c: 'whole 😀' })).toBe(
    '{"a":["x�y",{"b":"half �"}],"c":"whole 😀"}',
  );
  expect(toPostgresJson('a backslash before u0000: \\u0000')).toBe(JSON.stringify('a backslash before u0000: \\u0000'));
});

test('whatever is said, the text is well formed and without U+0000', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      for (const word of JSON.parse(toPostgresJson([...words, '\0', '\udc00'])) as string[]) {
        expect(word.isWellFormed() && !word.includes('\0')).toBe(true);
      }
    }),
  );
});
