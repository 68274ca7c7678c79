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

test('C10: every table with a workspace_id has row-level security and a policy that compares it with the transaction’s workspace', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attname = 'workspace_id' and not a.attisdropped and c.relkind in ('r', 'p')
      and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      and not (c.relrowsecurity and exists (
        select from pg_policy p where p.polrelid = c.oid and 'purser_app'::regrole = any(p.polroles)))`);
  expect(rows.map(({ name }) => name)).toEqual([]);
  // Narrower is welcome, wider is not.
  const { rows: policies } = await database.pool.query<{ name: string; rule: string }>(`
    select p.polrelid::regclass::text as name, r.rule
    from pg_policy p, lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) r (rule)
    where r.rule is not null and r.rule <> '(workspace_id = base.current_workspace())'
      and r.rule not like '((workspace\\_id = base.current\\_workspace()) AND %'`);
  expect(policies).toEqual([]);
});

test('C10: no view and no function lends the application role the eyes of its owner', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class c
    where c.relkind in ('v', 'm') and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      and has_table_privilege('purser_app', c.oid, 'select') and not coalesce('security_invoker=true' = any(c.reloptions), false)
    union all
    select p.oid::regprocedure::text from pg_proc p
    where p.prosecdef and p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      and has_function_privilege('purser_app', p.oid, 'execute')`);
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
