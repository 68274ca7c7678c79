import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { allMigrations, createTestDatabase, dumpSchema, type TestDatabase } from '@purser/database/testing';

import { DEPENDENCIES } from './dependencies.ts';

let database: TestDatabase;
beforeAll(async () => {
  const [, ...aboveBase] = allMigrations(new URL('./', import.meta.url), Object.keys(DEPENDENCIES));
  database = await createTestDatabase(aboveBase);
});
afterAll(() => database.drop());

test('docs/schema.sql is what the migrations add up to (if not: npm run schema)', async () => {
  expect(await dumpSchema(database.pool)).toBe(await readFile(new URL('docs/schema.sql', import.meta.url), 'utf8'));
});

const TENANT_TABLES = `
  select c.oid, c.oid::regclass::text as name, c.relrowsecurity from pg_attribute a join pg_class c on c.oid = a.attrelid
  where a.attname = 'workspace_id' and not a.attisdropped and c.relkind in ('r', 'p')
    and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')`;

test('C10: every table with a workspace_id has row-level security, and a policy for either role that serves', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select name, role from (${TENANT_TABLES}) t cross join unnest(array['purser_app', 'purser_work']) role
    where not (relrowsecurity and exists (
      select from pg_policy p where p.polrelid = t.oid and p.polroles = array[role::regrole::oid]))`);
  expect(rows).toEqual([]);
  const { rows: tables } = await database.pool.query(TENANT_TABLES);
  expect(tables.length).toBeGreaterThan(35);
});

test('C10: a policy lets the tenants’ role see its workspace alone, the other role all, and nobody else anything', async () => {
  // Narrower is welcome, wider is not. What has no workspace_id is reached through what has one.
  const { rows } = await database.pool.query<{ name: string; rule: string }>(`
    select p.polrelid::regclass::text as name, p.polname, p.polroles::regrole[]::text as roles, r.rule
    from pg_policy p, lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) r (rule)
    where not p.polpermissive or p.polroles not in (array['purser_app'::regrole::oid], array['purser_work'::regrole::oid])
      or p.polroles = array['purser_work'::regrole::oid] and r.rule <> 'true'
      or p.polroles = array['purser_app'::regrole::oid] and (r.rule ~ ' (OR|UNION|NOT) '
        or r.rule <> '(workspace_id = base.current_workspace())'
          and r.rule not like '((workspace_id = base.current_workspace()) AND %'
          and r.rule not like '(EXISTS ( SELECT%WHERE ((%) AND (_.workspace_id = base.current_workspace()))))')`);
  expect(rows).toEqual([]);
});

/** A view that reads its tables with the eyes of whoever reads it. */
const SEES_AS_WHO_ASKS = "(c.relkind = 'v' and coalesce('security_invoker=true' = any (c.reloptions), false))";

test('C10: the tenants’ role reaches no table without row-level security', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class c
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relrowsecurity and not ${SEES_AS_WHO_ASKS}
      and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
      and has_any_column_privilege('purser_app', c.oid, 'select, insert, update, references')`);
  expect(rows).toEqual([]);
});

/** Each replaces the texts of persons in one append-only table, and can do nothing else; to serve it is enough to be let call them. */
const ERASES = [
  'audit.erase_entries(uuid,text[],text,bigint,bigint,bigint,bigint)',
  'ledger.erase_attempts(uuid,text[],text,bigint,bigint,bigint,bigint)',
  'ledger.erase_postings(uuid,text[],text,bigint,bigint,bigint,bigint)',
];

test('C10: no view and no function lends a role the eyes of the owner, but for those that erase texts of what is append-only', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select c.oid::regclass::text as name from pg_class c
    where c.relkind in ('v', 'm') and not ${SEES_AS_WHO_ASKS} and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    union all
    select p.oid::regprocedure::text from pg_proc p
    where p.prosecdef and p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    order by 1`);
  expect(rows.map(({ name }) => name)).toEqual(ERASES);
  const { rows: open } = await database.pool.query(
    `select f from unnest($1::regprocedure[]) f where has_function_privilege('purser_app', f, 'execute')`,
    [ERASES],
  );
  expect(open).toEqual([]);
});

test('C10: the roles that serve own nothing, bypass nothing, make nothing and are members of nothing', async () => {
  const { rows } = await database.pool.query(`
    select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powerful,
      (select count(*)::int from pg_class where relowner = r.oid) as owned,
      (select count(*)::int from pg_auth_members where member = r.oid) as memberships,
      (select count(*)::int from pg_namespace n where n.nspname !~ '^pg_' and has_schema_privilege(r.oid, n.oid, 'create')) as schemas
    from pg_roles r where rolname in ('purser_app', 'purser_work') order by 1`);
  const nothing = { powerful: false, owned: 0, memberships: 0, schemas: 0 };
  expect(rows).toEqual([
    { rolname: 'purser_app', ...nothing },
    { rolname: 'purser_work', ...nothing },
  ]);
});

test('C9, C10: what is append-only is so for either role; the tenants’ writes none of the books', async () => {
  const { rows } = await database.pool.query<{ name: string }>(`
    select t.name, role from unnest(array['ledger.posting', 'ledger.attempt', 'ledger.period', 'audit.entry', 'audit.block',
      'audit.block_part', 'license.event', 'license.change', 'catalog.version', 'catalog.price_list']) t (name)
    cross join unnest(array['purser_app', 'purser_work']) role
    where has_any_column_privilege(role, t.name, 'update, references') or has_table_privilege(role, t.name, 'delete, truncate, trigger')
      or role = 'purser_app' and t.name <> 'audit.entry' and has_any_column_privilege(role, t.name, 'insert')
      or t.name in ('ledger.posting', 'ledger.attempt', 'audit.entry') and has_column_privilege(role, t.name, 'xid', 'insert')`);
  expect(rows).toEqual([]);
});
