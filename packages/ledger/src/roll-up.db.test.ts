import { setTimeout as wait } from 'node:timers/promises';

import { Fault } from '@purser/core';
import { createLog } from '@purser/log';
import type { TestDatabase } from '@purser/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { rollUp, startRollUp } from './roll-up.ts';
import { createBooks, killedAt, post, rollUpAll } from './testing/books.ts';
import { trialBalance } from './trial-balance.ts';
import { verifyPostings } from './verify-postings.ts';

let books: TestDatabase;
beforeEach(async () => {
  books = await createBooks(12);
});
afterEach(() => books.drop());

const entry = { debit: 'cost', credit: 'payable:gemini', amount: 1n, unit: 'USD' };

async function rolled(): Promise<bigint> {
  const { rows } = await books.pool.query<{ n: bigint }>(
    'select coalesce(sum(postings), 0)::bigint as n from ledger.rollup_account_daily',
  );
  return rows[0]?.n ?? 0n;
}

test('a row that commits after rows with higher ids is not skipped', async () => {
  const slow = await books.pool.connect();
  await slow.query('begin');
  await post(slow, entry);
  for (let n = 0; n < 5; n += 1) await post(books.pool, entry);
  await rollUp(books.pool);
  expect(await rolled()).toBe(0n);
  await slow.query('commit');
  slow.release();
  await rollUpAll(books.pool);
  expect(await rolled()).toBe(6n);
});

test('writers that commit in any order while several roll up: every posting is in the sums exactly once', async () => {
  let writing = true;
  const roll = async (): Promise<void> => {
    while (writing) await rollUp(books.pool, { account_rows_max: 7, margin_rows: 5 });
  };
  const write = async (writer: number): Promise<void> => {
    for (let turn = 0; turn < 30; turn += 1) {
      const connection = await books.pool.connect();
      await connection.query('begin');
      for (let n = 0; n <= (writer + turn) % 4; n += 1) {
        await post(connection, entry);
        await wait((writer * 7 + turn * 3 + n) % 5);
      }
      await connection.query(turn % 5 === 4 ? 'rollback' : 'commit');
      connection.release();
    }
  };
  const rollers = [roll(), roll()];
  await Promise.all(Array.from({ length: 6 }, (_, writer) => write(writer)));
  writing = false;
  await Promise.all(rollers);
  await rollUpAll(books.pool);
  const { rows } = await books.pool.query<{ n: bigint }>('select count(*) as n from ledger.posting');
  expect(await rolled()).toBe(rows[0]?.n);
  expect(await verifyPostings(books.pool)).toMatchObject({ balanced: true, entries: rows[0]?.n });
});

test.each(['ledger.rollup_account_daily', 'ledger.rollup_margin_daily'])(
  'a roll-up that is killed when it comes to %s counts nothing twice and leaves nothing out',
  async (table) => {
    for (let n = 0; n < 20; n += 1) await post(books.pool, entry);
    expect(await killedAt(books.pool, table, () => rollUp(books.pool, { account_rows_max: 7, margin_rows: 5 }))).toBeInstanceOf(
      Error,
    );
    await rollUpAll(books.pool);
    expect(await rolled()).toBe(20n);
    expect((await verifyPostings(books.pool)).balanced).toBe(true);
  },
);

test('books that stand beyond the counter of their database are refused, not misread', async () => {
  await post(books.pool, entry);
  await books.pool.query(`update ledger.rollup_position set xid = 9000000000000000000, id = 1 where name = 'account'`);
  await expect(trialBalance(books.pool)).rejects.toThrow(Fault);
  await expect(rollUp(books.pool)).rejects.toThrow(/restored from a dump/);
});

test('kept close behind by a timer, which tells of its failures and stops when told', async () => {
  await post(books.pool, entry);
  const told: string[] = [];
  const rolling = startRollUp({
    pool: books.pool,
    every_ms: 5,
    log: createLog({ level: 'error', write: (line) => told.push(line) }),
  });
  while ((await rolled()) < 1n) await wait(5);
  await books.pool.query('alter table ledger.rollup_position rename to elsewhere');
  while (told.length === 0) await wait(5);
  await books.pool.query('alter table ledger.elsewhere rename to rollup_position');
  await post(books.pool, entry);
  while ((await rolled()) < 2n) await wait(5);
  await rolling.stop();
  expect(told[0]).toContain('the daily sums of the ledger could not be updated');
});
