import { isRefusal } from '@purser/core';
import { expect, test } from 'vitest';

import { formatHead, parseHead } from './head-text.ts';

test('a head that was kept as text is the head again', () => {
  const head = { seq: 12n, digest: '9f'.repeat(32) };
  expect(parseHead(`${formatHead(head)}\n`)).toEqual(head);
});

test.each(['', '12', `12:${'9f'.repeat(31)}`, `x:${'9f'.repeat(32)}`, `12:${'9F'.repeat(32)}`])(
  '%j is refused as a head',
  (text) => {
    const parsed = parseHead(text);
    expect(isRefusal(parsed) && parsed.code).toBe('invalid_request');
  },
);
