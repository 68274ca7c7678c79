import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { baseMigrations, migrate, readMigrations, type SchemaMigrations, unknownMigrations } from './migrate.ts';
import { openPool } from './pool.ts';

let database: TestDatabase;
let folder: string;
let example: SchemaMigrations;

beforeEach(async () => {
  database = await createTestDatabase([]);
  folder = await mkdtemp(path.join(tmpdir(), 'purser-migrations-'));
  example = { schema: 'example', directory: pathToFileURL(`${folder}/`) };
  await write('001_first.sql', 'create schema example; create table example.first (n int);');
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

function write(file: string, sql: string): Promise<void> {
  return writeFile(path.join(folder, file), sql);
}

async function exists(table: string): Promise<boolean> {
  const { rows } = await database.pool.query<{ found: boolean }>('select to_regclass($1) is not null as found', [table]);
  return rows[0]?.found === true;
}

test('each migration is applied once, in order, and a later start applies only what is new', async () => {
  expect((await migrate(database.pool, [baseMigrations, example])).map(({ name }) => name)).toEqual(['first']);
  await write('002_second.sql', 'create table example.second (n int);');
  expect((await migrate(database.pool, [baseMigrations, example])).map(({ name }) => name)).toEqual(['second']);
  expect(await migrate(database.pool, [baseMigrations, example])).toEqual([]);
});

test('a program older than the schema is refused in one line that names what it does not know, and a running one can tell', async () => {
  await write('002_second.sql', 'create table example.second (n int);');
  await write('003_third.sql', 'create table example.third (n int);');
  await migrate(database.pool, [baseMigrations, example]);
  expect(await unknownMigrations(database.pool, [baseMigrations, example])).toEqual([]);
  await rm(path.join(folder, '003_third.sql'));
  await rm(path.join(folder, '002_second.sql'));
  await expect(migrate(database.pool, [baseMigrations, example])).rejects.toThrow(
    /^the database is newer than this program: its migration example\/2 and 1 more is not known here; start the version that made it, or a newer one$/,
  );
  expect(await unknownMigrations(database.pool, [baseMigrations, example])).toEqual(['example/2', 'example/3']);
});

test('a migration that changed after it was applied stops the start, and nothing else is applied', async () => {
  await migrate(database.pool, [baseMigrations, example]);
  await write('001_first.sql', 'create schema example; create table example.other (n int);');
  await write('002_second.sql', 'create table example.second (n int);');
  await expect(migrate(database.pool, [baseMigrations, example])).rejects.toThrow(
    'migration example/1 changed after it was applied; add a new file instead of editing it',
  );
  expect(await exists('example.second')).toBe(false);
});

test('processes that start together apply each migration once', async () => {
  const pools = Array.from({ length: 6 }, () => openPool(database.url, { connections_max: 1 }));
  try {
    const applied = await Promise.all(pools.map((pool) => migrate(pool, [baseMigrations, example])));
    expect(applied.flat()).toHaveLength(1);
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
  }
});

test('a migration that fails half way leaves nothing of the whole round', async () => {
  await write('002_broken.sql', 'create table example.second (n int); select 1 / 0;');
  await expect(migrate(database.pool, [baseMigrations, example])).rejects.toThrow(
    /^migration example\/2_broken failed: .*division by zero/,
  );
  expect(await exists('example.first')).toBe(false);
});

test.each(['003_gap.sql', '2_short.sql', '002_Capital.sql'])(
  'a file that is out of order is refused by name: %s',
  async (file) => {
    await write(file, 'select 1;');
    await expect(readMigrations([example])).rejects.toThrow(`migration example/${file} is out of order; want 002_<name>.sql`);
  },
);

test('a migration that was renamed keeps its place', async () => {
  await migrate(database.pool, [baseMigrations, example]);
  await rename(path.join(folder, '001_first.sql'), path.join(folder, '001_beginning.sql'));
  expect(await migrate(database.pool, [baseMigrations, example])).toEqual([]);
});
