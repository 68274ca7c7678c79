import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { rollUp } from './roll-up.ts';
import { createBooks, post, rollUpAll } from './testing/books.ts';
import { trialBalance } from './trial-balance.ts';

let books: TestDatabase;
beforeAll(async () => {
  books = await createBooks();
});
afterAll(() => books.drop());

test('every account stands per unit with its debits and credits, and each unit nets to zero, rolled up or not', async () => {
  expect(await trialBalance(books.pool)).toEqual([]);
  await post(books.pool, { debit: 'granted:monthly', credit: 'wallet', amount: 200n, unit: 'credit' });
  await post(books.pool, { debit: 'wallet', credit: 'spent', amount: 3n, unit: 'credit' });
  await rollUpAll(books.pool);
  await post(books.pool, { debit: 'wallet', credit: 'spent', amount: 4n, unit: 'credit', plan: 'PRO' });
  await post(books.pool, { debit: 'cost', credit: 'payable:gemini', amount: 12n, unit: 'USD', reported: [11n, 'EUR'] });

  const balance = await trialBalance(books.pool);
  expect(balance).toEqual([
    { account: 'cost', unit: 'USD', debit: 12n, credit: 0n, net: 12n },
    { account: 'payable:gemini', unit: 'USD', debit: 0n, credit: 12n, net: -12n },
    { account: 'granted:monthly', unit: 'credit', debit: 200n, credit: 0n, net: 200n },
    { account: 'spent', unit: 'credit', debit: 0n, credit: 7n, net: -7n },
    { account: 'wallet', unit: 'credit', debit: 7n, credit: 200n, net: -193n },
  ]);
  await rollUpAll(books.pool);
  expect(await trialBalance(books.pool)).toEqual(balance);
});

test('no sum is lost beyond 64 bits', async () => {
  const huge = 2n ** 63n - 1n;
  for (let n = 0; n < 3; n += 1)
    await post(books.pool, { debit: 'receivable', credit: 'revenue:subscription', amount: huge, unit: 'JPY' });
  await rollUp(books.pool, { account_rows_max: 1, margin_rows: 1 });
  const line = (await trialBalance(books.pool)).find(({ account }) => account === 'receivable');
  expect(line).toEqual({ account: 'receivable', unit: 'JPY', debit: 3n * huge, credit: 0n, net: 3n * huge });
});
