import { afterAll, beforeAll, expect, test } from 'vitest';

import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { databaseFault, isTransientDatabaseError, openPool } from './pool.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([]);
});
afterAll(() => database.drop());

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a database that is away is a fault worth trying again, and its address is not told', async () => {
  const pool = openPool('postgres://purser:hunter2@127.0.0.1:1/none', { connect_timeout_ms: 500 });
  const error = await failure(pool.query('select 1'));
  await pool.end();
  expect(isTransientDatabaseError(error)).toBe(true);
  expect(databaseFault(error)).toMatchObject({ retryable: true, message: 'the database did not answer' });
});

test.each(
  // Each as Postgres itself raises it.
  `08006 08003 08P01 25006 25P03 40001 40P01 53000 53100 53200 53300 53400 55P03 57014 57P01 57P02 57P03 57P05 58000 58030`.split(
    ' ',
  ),
)('SQLSTATE %s passes: a read-only, full, overloaded or restarting database is worth trying again', async (code) => {
  const raised = await failure(database.pool.query(`do $$ begin raise exception using errcode = '${code}'; end $$`));
  expect(isTransientDatabaseError(raised)).toBe(true);
  expect(databaseFault(raised)).toMatchObject({ retryable: true });
});

test.each('22P02 23505 23514 40002 42P01 42501 P0002 XX001'.split(' '))('SQLSTATE %s does not pass by itself', async (code) => {
  const raised = await failure(database.pool.query(`do $$ begin raise exception using errcode = '${code}'; end $$`));
  expect(isTransientDatabaseError(raised)).toBe(false);
});

test('a wrong statement is not worth trying again', async () => {
  expect(isTransientDatabaseError(await failure(database.pool.query('select nonsense')))).toBe(false);
});

test('a caller who gets no connection in time meets a fault instead of waiting for ever', async () => {
  const pool = openPool(database.url, { connections_max: 1, connect_timeout_ms: 100 });
  const held = await pool.connect();
  const error = await failure(pool.query('select 1'));
  held.release();
  await pool.end();
  expect(isTransientDatabaseError(error)).toBe(true);
});

test('a connection that the server ends while it is idle is replaced', async () => {
  const pool = openPool(database.url, { connections_max: 1 });
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});
