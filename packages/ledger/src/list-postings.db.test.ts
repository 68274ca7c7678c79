import { assert, isRefusal, type Refusal } from '@purser/core';
import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { listAttempts } from './list-attempts.ts';
import { listPostings } from './list-postings.ts';
import type { Page } from './page.ts';
import { createBooks, post } from './testing/books.ts';

let books: TestDatabase;
const mine = newId<'workspace'>();
const other = newId<'workspace'>();
const POSTINGS = 23;

beforeAll(async () => {
  books = await createBooks();
  for (let n = 1; n <= POSTINGS; n += 1) {
    await post(books.pool, { workspace: mine, debit: 'cost', credit: 'payable:gemini', amount: BigInt(n), unit: 'USD' });
    await post(books.pool, { workspace: other, debit: 'cost', credit: 'payable:gemini', amount: 999n, unit: 'USD' });
    await books.pool.query(
      `select ledger.record_attempts(jsonb_build_array(jsonb_build_object('workspace_id', $1::uuid, 'hold_id', $2::uuid, 'ordinal', 1,
         'actor', 'key:1', 'operation', 'chat', 'kind', 'text', 'provider', 'gemini', 'model', 'flash', 'started_at', '2026-03-10T12:00:00Z'::text,
         'duration_ms', $3::integer, 'outcome', 'ok', 'usage', '{"input_tokens": 5}'::jsonb, 'cost', $3::integer, 'cost_unit', 'USD')))`,
      [n % 2 === 0 ? mine : other, newId<'hold'>(), n],
    );
  }
});
afterAll(() => books.drop());

async function all<Row>(page: (cursor: string | null) => Promise<Page<Row> | Refusal>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null = null; ;) {
    const next = await page(cursor);
    assert(!isRefusal(next), 'a cursor of ours was refused');
    rows.push(...next.rows);
    if (next.next === null) return rows;
    cursor = next.next;
  }
}

test('a workspace pages through its own postings, newest first, each once', async () => {
  const rows = await all((cursor) => listPostings(books.pool, { workspace: mine, cursor, limit: 5 }));
  expect(rows.map((row) => row.amount)).toEqual(Array.from({ length: POSTINGS }, (_, n) => BigInt(POSTINGS - n)));
  expect(new Set(rows.map((row) => row.workspace))).toEqual(new Set([mine]));
});

test('the operator pages through the postings of all workspaces, newest first, each once', async () => {
  const rows = await all((cursor) => listPostings(books.pool, { workspace: null, cursor, limit: 7 }));
  expect(rows).toHaveLength(2 * POSTINGS);
  expect(rows.map((row) => row.id)).toEqual(rows.map((row) => row.id).toSorted((a, b) => Number(b - a)));
});

test('a posting arrives as it was written, amounts as bigint and times as Instant', async () => {
  const page = await listPostings(books.pool, { workspace: mine, limit: 1 });
  assert(!isRefusal(page), 'refused');
  expect(page.rows[0]).toMatchObject({
    workspace: mine,
    hold: null,
    debit: 'cost',
    credit: 'payable:gemini',
    amount: BigInt(POSTINGS),
    unit: 'USD',
    reported: null,
    reported_unit: null,
    plan: null,
    reason: null,
  });
  expect(page.rows[0]?.posted_at.toString()).toBe('2026-03-10T12:00:00Z');
});

test('S6, C9: a workspace pages through its own calls with their cost, newest first', async () => {
  const rows = await all((cursor) => listAttempts(books.pool, { workspace: mine, cursor, limit: 4 }));
  expect(rows.map((row) => row.cost)).toEqual([22n, 20n, 18n, 16n, 14n, 12n, 10n, 8n, 6n, 4n, 2n]);
  expect(rows[0]).toMatchObject({
    workspace: mine,
    provider: 'gemini',
    model: 'flash',
    usage: { input_tokens: 5 },
    cost_unit: 'USD',
  });
  expect(await all((cursor) => listAttempts(books.pool, { workspace: null, cursor, limit: 200 }))).toHaveLength(POSTINGS);
});

test('a cursor that is not ours is refused, and a page is bounded whatever is asked for', async () => {
  for (const list of [listPostings, listAttempts]) {
    const refused = await list(books.pool, { workspace: mine, cursor: 'x' });
    expect(isRefusal(refused) && refused.code).toBe('invalid_request');
  }
  const page = await listPostings(books.pool, { workspace: null, limit: 0 });
  assert(!isRefusal(page), 'refused');
  expect(page.rows).toHaveLength(1);
});
