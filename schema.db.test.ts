import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { allMigrations, createTestDatabase, dumpSchema, type TestDatabase } from '@purser/base/testing';

import { ARROWS } from './arrows.ts';

let database: TestDatabase;
beforeAll(async () => {
  const [, ...aboveBase] = allMigrations(new URL('./', import.meta.url), Object.keys(ARROWS));
  database = await createTestDatabase(aboveBase);
});
afterAll(() => database.drop());

test('docs/schema.sql is what the migrations add up to (if not: npm run schema)', async () => {
  expect(await dumpSchema(database.pool)).toBe(await readFile(new URL('docs/schema.sql', import.meta.url), 'utf8'));
});

test('C10: every table with a workspace that the application role can touch has row-level security and a policy', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select a.attrelid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attname = 'workspace_id' and c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text not in ('pg_catalog')
      and has_table_privilege('purser_app', c.oid, 'select, insert, update, delete')
      and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))`);
  expect(rows.map(({ name }) => name)).toEqual([]);
});

test('C10: the application role owns nothing, bypasses nothing, and cannot change a posting', async () => {
  const { rows } = await database.pool.query(`
    select rolsuper, rolbypassrls, rolcanlogin, (select count(*)::int from pg_class where relowner = r.oid) as owned,
           has_table_privilege('purser_app', 'ledger.posting', 'update') as updates,
           has_table_privilege('purser_app', 'ledger.posting', 'delete') as deletes
    from pg_roles r where rolname = 'purser_app'`);
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcanlogin: false, owned: 0, updates: false, deletes: false }]);
});
