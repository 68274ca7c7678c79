import { newId, transaction } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type LedgerTotal, ledgerTotals } from './ledger-totals.ts';
import { createBooks, post } from './testing/books.ts';

let books: TestDatabase;
beforeAll(async () => {
  books = await createBooks();
});
afterAll(() => books.drop());

async function totals(): Promise<LedgerTotal[]> {
  const all: LedgerTotal[] = [];
  await transaction(books.pool, async (connection) => {
    for await (const total of ledgerTotals(connection)) all.push(total);
  });
  return all;
}

test('the totals of a workspace are those of its postings, per unit, money as reported', async () => {
  const own = { workspace: newId<'workspace'>() };
  await post(books.pool, { ...own, debit: 'granted:monthly', credit: 'wallet', amount: 200n, unit: 'credit' });
  await post(books.pool, { ...own, debit: 'wallet', credit: 'spent:monthly', amount: 7n, unit: 'credit' });
  await post(books.pool, { ...own, debit: 'wallet', credit: 'spent', amount: 1n, unit: 'credit' });
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
  const none = { ...own, granted: 0n, spent: 0n, expired: 0n, cost: 0n, overrun: 0n, unreconciled: 0n };
  expect((await totals()).toSorted((a, b) => a.unit.localeCompare(b.unit))).toEqual([
    { ...none, unit: 'credit', granted: 200n, spent: 8n, expired: 3n },
    { ...none, unit: 'EUR', cost: 14n, overrun: 2n, unreconciled: 5n },
  ]);
});

test('totals are read to the end whatever the number of workspaces', async () => {
  await books.pool.query(
    `select ledger.post(now(), gen_random_uuid(), null, 'cost', 'payable:x', 1, 'USD') from generate_series(1, 2500)`,
  );
  expect((await totals()).filter(({ cost }) => cost === 1n)).toHaveLength(2_500);
});
