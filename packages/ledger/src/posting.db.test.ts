import { newId, workspaceTransaction } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createBooks, post } from './testing/books.ts';

let books: TestDatabase;
const workspace = newId<'workspace'>();
const hold = newId<'hold'>();
const CHANGES = ['update {} set workspace_id = workspace_id', 'delete from {}', 'truncate {}'];
const TABLES = ['ledger.posting', 'ledger.attempt', 'ledger.period'];

beforeAll(async () => {
  books = await createBooks();
  await post(books.pool, { workspace, hold, debit: 'cost', credit: 'payable:gemini', amount: 5n, unit: 'USD' });
  await books.pool.query(`select ledger.record_attempts($1)`, [
    JSON.stringify([
      {
        workspace_id: workspace,
        hold_id: hold,
        ordinal: 1,
        actor: 'key',
        operation: 'chat',
        kind: 'text',
        provider: 'gemini',
        model: 'flash',
        started_at: '2026-03-10T12:00:00Z',
        duration_ms: 12,
        outcome: 'ok',
      },
    ]),
  ]);
  await books.pool.query(
    `select ledger.accrue_periods($1::timestamptz, array[$2::uuid], '{PRO}', array[$1::timestamptz], '{0}', '{0}', '{EUR}')`,
    ['2026-03-01T00:00:00Z', workspace],
  );
});
afterAll(() => books.drop());

describe.each(TABLES)('C9: %s is append-only', (table) => {
  test.each(CHANGES)('the owner cannot %s', async (change) => {
    await expect(books.pool.query(change.replace('{}', table))).rejects.toThrow(/append-only/);
  });

  test.each(CHANGES)('not even as a replica can the owner %s', async (change) => {
    const connection = await books.pool.connect();
    try {
      await connection.query('begin');
      await connection.query(`set local session_replication_role = 'replica'`);
      await expect(connection.query(change.replace('{}', table))).rejects.toThrow(/append-only/);
    } finally {
      await connection.query('rollback');
      connection.release();
    }
  });

  test.each([...CHANGES, 'insert into {} default values'])('the tenant role may not %s', async (change) => {
    const denied = workspaceTransaction(books.pool, workspace, (connection) => connection.query(change.replace('{}', table)));
    await expect(denied).rejects.toThrow(/permission denied/);
  });

  test('C10: a workspace sees its own rows and no other’s', async () => {
    const count = (as: typeof workspace): Promise<bigint | undefined> =>
      workspaceTransaction(books.pool, as, async (connection) => {
        const { rows } = await connection.query<{ n: bigint }>(`select count(*) as n from ${table}`);
        return rows[0]?.n;
      });
    expect(await count(workspace)).toBe(1n);
    expect(await count(newId<'workspace'>())).toBe(0n);
  });
});

test('without a workspace the tenant role sees nothing', async () => {
  const connection = await books.pool.connect();
  try {
    await connection.query('begin; set local role purser_app');
    const { rows } = await connection.query('select 1 from ledger.posting');
    expect(rows).toEqual([]);
  } finally {
    await connection.query('rollback');
    connection.release();
  }
});

describe('a posting that is not one is refused', () => {
  const right = { debit: 'cost', credit: 'payable:gemini', amount: 5n, unit: 'USD' };
  test.each([
    ['an amount of zero', { ...right, amount: 0n }],
    ['an amount below zero', { ...right, amount: -1n }],
    ['one account on both sides', { ...right, credit: 'cost' }],
    ['a reported value below zero', { ...right, reported: [-1n, 'EUR'] as [bigint, string] }],
  ])('%s', async (_, entry) => {
    await expect(post(books.pool, entry)).rejects.toThrow(/violates check constraint/);
  });

  test.each([
    ['a reported value without its unit', [7, null]],
    ['a reported unit without a value', [null, 'EUR']],
  ])('%s', async (_, reported) => {
    const denied = books.pool.query(`select ledger.post(now(), $1, null, 'cost', 'payable:x', 5, 'USD', $2, $3)`, [
      workspace,
      ...reported,
    ]);
    await expect(denied).rejects.toThrow(/violates check constraint/);
  });

  test('its number and its transaction are not for the writer to choose', async () => {
    const forged = books.pool.query(
      `insert into ledger.posting (id, workspace_id, posted_at, debit, credit, amount, unit) values (1, $1, now(), 'a', 'b', 1, 'USD')`,
      [workspace],
    );
    await expect(forged).rejects.toThrow(/cannot insert a non-DEFAULT value/);
  });
});
