import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { createBooks, post, rollUpAll, tamper } from './testing/books.ts';
import { verifyPostings } from './verify-postings.ts';

let books: TestDatabase;
const workspace = newId<'workspace'>();
beforeAll(async () => {
  // One connection, so that what a test does to the books, and what it then sees, is in one transaction that is rolled back.
  books = await createBooks(1);
  const own = { workspace, plan: 'PRO' };
  await post(books.pool, { ...own, debit: 'granted:monthly', credit: 'wallet', amount: 200n, unit: 'credit' });
  await post(books.pool, { ...own, debit: 'wallet', credit: 'spent:monthly', amount: 7n, unit: 'credit' });
  await post(books.pool, { ...own, debit: 'wallet', credit: 'expired', amount: 3n, unit: 'credit' });
  await post(books.pool, { ...own, debit: 'cost', credit: 'payable:gemini', amount: 12n, unit: 'USD', reported: [11n, 'EUR'] });
  await post(books.pool, { ...own, debit: 'overrun', credit: 'payable:gemini', amount: 2n, unit: 'USD', reported: [2n, 'EUR'] });
  await post(books.pool, {
    ...own,
    debit: 'unreconciled',
    credit: 'payable:gemini',
    amount: 9n,
    unit: 'USD',
    reported: [8n, 'EUR'],
  });
  await post(books.pool, { ...own, debit: 'cost', credit: 'unreconciled', amount: 4n, unit: 'USD', reported: [3n, 'EUR'] });
  await rollUpAll(books.pool);
  await post(books.pool, { ...own, debit: 'receivable', credit: 'revenue:subscription', amount: 99n, unit: 'EUR' });
});
beforeEach(() => books.pool.query('begin'));
afterEach(() => books.pool.query('rollback'));
afterAll(() => books.drop());

async function details(): Promise<string[]> {
  const { balanced, mismatches } = await verifyPostings(books.pool);
  expect(balanced).toBe(mismatches.length === 0);
  return mismatches.map(({ detail }) => detail);
}

test('books that are in order verify, and every posting was read', async () => {
  expect(await verifyPostings(books.pool)).toEqual({ balanced: true, entries: 8n, mismatches: [] });
});

describe('what is wrong is named', () => {
  test.each([
    [
      'an account the books do not know',
      { debit: 'pocket', credit: 'wallet', unit: 'credit' },
      /unknown account pocket in 1 postings/,
    ],
    ['a unit the books do not know', { debit: 'cost', credit: 'payable:x', unit: 'bananas' }, /unknown unit bananas/],
  ])('%s', async (_, entry, detail) => {
    // As books of before the chart of accounts, or a hand at the database, may have it.
    await books.pool.query('drop trigger if exists in_chart_of_accounts on ledger.posting');
    await post(books.pool, { ...entry, amount: 1n });
    expect(await details()).toEqual([expect.stringMatching(detail)]);
  });

  test('an amount that was changed after it was rolled up', async () => {
    await tamper(books.pool, 'ledger.posting', `update ledger.posting set amount = 8 where credit = 'spent:monthly'`);
    expect(await details()).toEqual([
      expect.stringMatching(/daily sums of 2026-03-10, plan PRO, debit wallet, credit spent:monthly/),
      expect.stringMatching(/daily margin of 2026-03-10, plan PRO, pack , credit/),
      expect.stringMatching(/daily sums by model of 2026-03-10, plan PRO, credit/),
    ]);
  });

  test('a posting that was deleted', async () => {
    await tamper(books.pool, 'ledger.posting', `delete from ledger.posting where debit = 'overrun'`);
    expect(await details()).toHaveLength(3);
  });

  test('a daily sum that was changed', async () => {
    await books.pool.query(`update ledger.rollup_margin_daily set cost = cost - 1 where cost > 0`);
    expect(await details()).toEqual([expect.stringMatching(/daily margin of 2026-03-10, plan PRO, pack , EUR/)]);
  });

  test('a daily sum of a model that was changed, and a call that was left out of one', async () => {
    await books.pool.query(`update ledger.rollup_model_daily set cost = cost + 1 where unit = 'EUR' and plan = 'PRO'`);
    await books.pool.query(`insert into ledger.rollup_attempt_daily values ('2026-03-10', 'acme', 'flash', 'chat', 'ok', 2, 9)`);
    expect(await details()).toEqual([
      'the daily sums by model of 2026-03-10, plan PRO, EUR are not those of the postings',
      '2 calls of 2026-03-10 by acme/flash are in the daily sums, 0 were recorded',
    ]);
  });

  test('rules that were lifted and broken', async () => {
    await books.pool.query('alter table ledger.posting drop constraint sound');
    await post(books.pool, { debit: 'cost', credit: 'payable:x', amount: -5n, unit: 'USD' });
    expect(await details()).toEqual([
      expect.stringMatching(/1 postings debit cost, credit payable:x on 2026-03-10 break a rule/),
    ]);
  });

  test('a posting from a transaction that has not been', async () => {
    await books.pool.query(`insert into ledger.posting (workspace_id, posted_at, debit, credit, amount, unit, xid)
      values ('${workspace}', '2026-03-10T12:00:00Z', 'cost', 'payable:x', 1, 'USD', 8000000000000000000)`);
    expect(await details()).toEqual([expect.stringMatching(/bears transaction 8000000000000000000, which has not been/)]);
  });

  test.each([
    ['alter table ledger.posting disable trigger append_only', 'ledger.posting: the append-only trigger is missing or disabled'],
    ['alter table ledger.posting enable trigger append_only', 'ledger.posting: the append-only trigger is missing or disabled'],
    ['drop trigger append_only on ledger.attempt', 'ledger.attempt: the append-only trigger is missing or disabled'],
    ['alter table ledger.attempt disable row level security', 'ledger.attempt: row-level security is off'],
    ['grant update on ledger.period to purser_app', 'ledger.period: purser_app may update'],
    ['grant insert on ledger.posting to public', 'ledger.posting: purser_app may insert'],
  ])('a guard that is gone: %s', async (statement, detail) => {
    await books.pool.query(statement);
    expect(await details()).toEqual([detail]);
  });
});
