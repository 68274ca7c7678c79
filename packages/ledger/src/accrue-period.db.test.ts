import { type Connection, newId, transaction } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { parseMoney } from '@purser/money';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { accruePeriods, type Period } from './accrue-period.ts';
import { createBooks } from './testing/books.ts';

let books: TestDatabase;
beforeAll(async () => {
  books = await createBooks(16);
});
afterAll(() => books.drop());

function period(more: Partial<Period> = {}): Period {
  return {
    workspace: newId<'workspace'>(),
    plan: 'PRO',
    price: parseMoney('15.99', 'EUR'),
    fees: parseMoney('0.49', 'EUR'),
    period_start: Temporal.Instant.from('2026-03-01T00:00:00Z'),
    ...more,
  };
}

const NOW = Temporal.Instant.from('2026-03-01T00:00:05Z');

async function accrue(...[connection, ...periods]: [Connection, ...Period[]]): Promise<number> {
  return accruePeriods(connection, NOW, periods);
}

async function booked(of: Period): Promise<unknown[]> {
  const { rows } = await books.pool.query<Record<string, unknown>>(
    `select debit, credit, amount::text, unit, reported::text, reported_unit, plan from ledger.posting where workspace_id = $1 order by id`,
    [of.workspace],
  );
  return rows;
}

test('C8: a period is booked as revenue and fees in the currency of its price', async () => {
  const march = period();
  expect(await transaction(books.pool, (connection) => accrue(connection, march))).toBe(1);
  const money = { unit: 'EUR', reported_unit: 'EUR', plan: 'PRO' };
  expect(await booked(march)).toEqual([
    { debit: 'receivable', credit: 'revenue:subscription', amount: '15990000000', reported: '15990000000', ...money },
    { debit: 'fees', credit: 'payable:payments', amount: '490000000', reported: '490000000', ...money },
  ]);
});

test('of many callers at once exactly one books a period', async () => {
  const march = period();
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, () => transaction(books.pool, (connection) => accrue(connection, march))),
  );
  expect(outcomes.filter(Boolean)).toHaveLength(1);
  expect(await booked(march)).toHaveLength(2);
});

test('a caller that rolls back has booked nothing, and the one that waited for it books', async () => {
  const march = period();
  const first = await books.pool.connect();
  await first.query('begin');
  await accrue(first, march);
  const second = transaction(books.pool, (connection) => accrue(connection, march));
  await first.query('rollback');
  first.release();
  expect(await second).toBe(1);
  expect(await booked(march)).toHaveLength(2);
});

test('each period of a workspace is booked, and a price of zero books no posting', async () => {
  const march = period();
  const april = { ...march, period_start: Temporal.Instant.from('2026-04-01T00:00:00Z') };
  const free = period({ plan: 'FREE', price: parseMoney('0', 'EUR'), fees: parseMoney('0', 'EUR') });
  await transaction(books.pool, async (connection) => {
    expect(await accrue(connection, march)).toBe(1);
    expect(await accrue(connection, april)).toBe(1);
    expect(await accrue(connection, free)).toBe(1);
    expect(await accrue(connection, free)).toBe(0);
  });
  expect(await booked(march)).toHaveLength(4);
  expect(await booked(free)).toEqual([]);
});

test('fees in another currency, or a price below zero, stop the work', async () => {
  const connection = await books.pool.connect();
  try {
    await expect(accrue(connection, period({ fees: parseMoney('0.49', 'USD') }))).rejects.toThrow(/cannot have fees in USD/);
    await expect(accrue(connection, period({ price: parseMoney('-1', 'EUR') }))).rejects.toThrow(/at least zero/);
  } finally {
    connection.release();
  }
});
