import { afterAll, beforeAll, expect, test } from 'vitest';

import { allMigrations, createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { INVENTORY, inventoryTable } from '@purser/privacy';

import { DEPENDENCIES } from './dependencies.ts';

let database: TestDatabase;
beforeAll(async () => {
  const [, ...aboveBase] = allMigrations(new URL('./', import.meta.url), Object.keys(DEPENDENCIES));
  database = await createTestDatabase(aboveBase);
});
afterAll(() => database.drop());

/** A column that could hold a text: text itself, JSON, bytes, and lists of these. */
const TEXTS = `
  select n.nspname || '.' || c.relname as table, array_agg(a.attname::text order by a.attname) filter (
    where format_type(a.atttypid, null) ~ '^(text|json|jsonb|bytea|character|name|"char"|xml|citext)') as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
  group by 1 order by 1`;

test('every table and every column that could hold a text is in the inventory: whoever adds one says what lies there, for how long, and what an erasure does', async () => {
  const { rows } = await database.pool.query<{ table: string; columns: string[] | null }>(TEXTS);
  const known = INVENTORY.map(({ table, codes = '', personal = '', content = '', secrets = '' }) => ({
    table,
    columns: [codes, personal, content, secrets]
      .flatMap((names) => names.split(' '))
      .filter((name) => name !== '')
      .toSorted(),
  }));
  const there = rows.map(({ table, columns }) => ({ table, columns: (columns ?? []).toSorted() }));
  expect(known.toSorted((a, b) => (a.table < b.table ? -1 : 1))).toEqual(there.toSorted((a, b) => (a.table < b.table ? -1 : 1)));
});

test('docs/privacy-inventory.md is that inventory (if not: run this test with -u)', async () => {
  const head =
    '# What is kept of persons, table by table\n\nWritten from the inventory of the package `privacy`; what it is for is in [privacy.md](privacy.md).\n\n';
  await expect(head + inventoryTable()).toMatchFileSnapshot('docs/privacy-inventory.md');
});
