import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { scratchDatabase } from '@purser/embedded';
import { HAS_PGBOUNCER, OwnPgBouncer } from '@purser/embedded/testing';
import { examineDatabase } from './examine.ts';
import { openPool, type Pool } from './pool.ts';

let database: Awaited<ReturnType<typeof scratchDatabase>>;
let owner: Pool;
beforeAll(async () => {
  database = await scratchDatabase();
  owner = openPool(database.url);
});
afterAll(async () => {
  await owner.end();
  await database[Symbol.asyncDispose]();
});

test('a database of another encoding than UTF8 is refused in one line', async () => {
  await owner.query(`create database bytes encoding 'SQL_ASCII' locale_provider libc locale 'C' template template0`);
  await expect(examineDatabase(database.url.replace('/purser?', '/bytes?'))).rejects.toThrow(
    `DATABASE_URL: the database there cannot be used: its encoding is SQL_ASCII; want one made with encoding 'UTF8'`,
  );
});

test('a database that does not answer is told by host and port alone', async () => {
  await expect(examineDatabase('postgres://purser:hunter2@127.0.0.1:1/none')).rejects.toThrow(
    /^DATABASE_URL: the database at 127\.0\.0\.1:1 does not answer: /,
  );
});

test('whatever a server, a database or a role has set, a session of ours has the settings that our statements take for granted', async () => {
  await owner.query('create database foreign_defaults');
  const foreign = {
    default_transaction_isolation: `'serializable'`,
    statement_timeout: `'1s'`,
    lock_timeout: `'1s'`,
    search_path: 'nowhere',
    timezone: `'Asia/Tokyo'`,
    datestyle: `'German'`,
    intervalstyle: `'iso_8601'`,
    bytea_output: `'escape'`,
    standard_conforming_strings: 'off',
    extra_float_digits: '-15',
    transform_null_equals: 'on',
    client_encoding: `'LATIN1'`,
    row_security: 'off',
    synchronous_commit: 'off',
    jit: 'on',
  };
  for (const [name, value] of Object.entries(foreign)) {
    await owner.query(`alter database foreign_defaults set ${name} = ${value}`);
  }
  const pool = openPool(database.url.replace('/purser?', '/foreign_defaults?'), { query_timeout_ms: 7_000 });
  try {
    const { rows } = await pool.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings where name = any($1)',
      [Object.keys(foreign).concat('TimeZone', 'DateStyle', 'IntervalStyle')],
    );
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name.toLowerCase(), setting]))).toEqual({
      default_transaction_isolation: 'read committed',
      statement_timeout: '7000',
      lock_timeout: '0',
      search_path: '"$user", public',
      timezone: 'UTC',
      datestyle: 'ISO, MDY',
      intervalstyle: 'postgres',
      bytea_output: 'hex',
      standard_conforming_strings: 'on',
      extra_float_digits: '1',
      transform_null_equals: 'off',
      client_encoding: 'UTF8',
      row_security: 'on',
      synchronous_commit: 'on',
      jit: 'off',
    });
  } finally {
    await pool.end();
  }
});

describe.runIf(HAS_PGBOUNCER)('behind PgBouncer', () => {
  test.each(['transaction', 'statement'] as const)('in %s mode the database is refused by name', async (mode) => {
    await using pooler = await OwnPgBouncer.start(database.url, mode);
    await expect(examineDatabase(pooler.url)).rejects.toThrow(/shares sessions between clients.*pool_mode = session/);
  });

  test('in session mode it is one that Purser works on', async () => {
    await using pooler = await OwnPgBouncer.start(database.url, 'session');
    await examineDatabase(pooler.url);
    const pool = openPool(pooler.url);
    expect((await pool.query('show timezone')).rows).toEqual([{ TimeZone: 'UTC' }]);
    await pool.end();
  });
});
