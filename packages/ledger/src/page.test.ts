import { isRefusal } from '@purser/core';
import { expect, test } from 'vitest';

import { pageSize, parseCursor, toPage } from './page.ts';

test.each([
  [undefined, 50],
  [0, 1],
  [-5, 1],
  [7.9, 7],
  [200, 200],
  [10_000_000, 200],
  [Number.NaN, 50],
])('a page asked to hold %s rows holds %s', (limit, size) => {
  expect(pageSize(limit)).toBe(size);
});

test('a cursor leads to the rows after the page it came from, and the last page has none', () => {
  const rows = [
    { xid: 9n, id: 3n },
    { xid: 9n, id: 2n },
    { xid: 4n, id: 8n },
  ];
  const page = toPage(rows, 2);
  expect(page).toEqual({ rows: rows.slice(0, 2), next: '9.2' });
  expect(parseCursor(page.next)).toEqual({ xid: 9n, id: 2n });
  expect(toPage(rows, 3).next).toBeNull();
});

test.each(['', '1', '1.', '.1', '1.2.3', 'a.b', '-1.2', '1.99999999999999999999', "1.1'; drop table", '9999999999999999999.1'])(
  'the cursor %j is refused as invalid_request',
  (cursor) => {
    const parsed = parseCursor(cursor);
    expect(isRefusal(parsed) && parsed.code).toBe('invalid_request');
  },
);
