import { PLATFORM } from '@purser/core';
import { addressAs, openPool, type Pool, SERVING_ROLES, type ServingRole, workspaceTransaction } from '@purser/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTwoTenants, type Tenant, tenantTables, type TestServer, type TwoTenants } from './testing/index.ts';

/* Two tenants that both left rows in as many tables as they can, and what SQL shows of one to the other. */

let two: TwoTenants;
let server: TestServer;
let mine: Tenant;
let theirs: Tenant;
/** One connection, logged in as the tenants’ role. */
let one: Pool;
beforeAll(async () => {
  two = await startTwoTenants();
  ({ server, mine, theirs } = two);
  one = poolAs('purser_app', 1);
});
afterAll(async () => {
  await one.end();
  await two.close();
});

function poolAs(role: ServingRole, connections_max: number): Pool {
  return openPool(addressAs(server.database.url, role, undefined), { connections_max, application: 'purser-test' });
}

describe('SQL under the application role (C10)', () => {
  const count = async (table: string, pool: Pick<Pool, 'query'>): Promise<bigint> =>
    (await pool.query<{ rows: bigint }>(`select count(*) as rows from ${table}`)).rows[0]!.rows;

  it('C10: every table with a workspace_id is closed to who reads it without a workspace, and open to the own rows alone', async () => {
    const tables = await tenantTables(server, 'select');
    const filled: string[] = [];
    for (const table of tables) {
      const { rows } = await server.database.pool.query<{ both: boolean }>(
        `select count(distinct workspace_id) = 2 as both from ${table} where workspace_id = any($1::uuid[])`,
        [[mine.id, theirs.id]],
      );
      if (rows[0]?.both) filled.push(table);
      const others = await workspaceTransaction(one, mine.id, (connection) =>
        connection.query<{ rows: bigint }>(`select count(*) as rows from ${table} where workspace_id <> $1`, [mine.id]),
      );
      const without = await count(table, one);
      expect([table, others.rows[0]?.rows, without]).toEqual([table, 0n, 0n]);
    }
    expect(tables.length).toBeGreaterThan(12);
    expect(filled).toEqual(
      expect.arrayContaining(['audit.entry', 'identity.api_key', 'identity.invitation', 'identity.member', 'identity.workspace']),
    );
    expect(filled.length).toBeGreaterThan(8);
  });

  it('C10: a pooled connection leaks no workspace to the next, whether the work before ended well, threw, or was cut off', async () => {
    const tables = await tenantTables(server, 'select');
    const endings: ((connection: { query: (sql: string) => Promise<unknown> }) => Promise<unknown>)[] = [
      () => Promise.resolve(),
      () => Promise.reject(new Error('thrown')),
      (connection) => connection.query('select 1 / 0'),
      (connection) => connection.query(`set local statement_timeout = '20ms'; select pg_sleep(5)`),
    ];
    for (const ending of endings) {
      await workspaceTransaction(one, theirs.id, ending).catch(() => {});
      const { rows } = await one.query<{ role: string; workspace: string | null }>(
        `select current_user::text as role, nullif(current_setting('purser.workspace_id', true), '') as workspace`,
      );
      expect(rows).toEqual([{ role: 'purser_app', workspace: null }]);
      for (const table of tables) expect([table, await count(table, one)]).toEqual([table, 0n]);
    }
  });

  it('C10: many at once over few connections each see their own, whether they end well or not, and leave nothing behind', async () => {
    const few = poolAs('purser_app', 2);
    const seen = await Promise.all(
      Array.from({ length: 200 }, (_, n) => {
        const { id } = n % 2 === 0 ? mine : theirs;
        return workspaceTransaction(few, id, async (connection) => {
          const before = await connection.query<{ of: string }>(`select distinct workspace_id as of from audit.entry`);
          if (n % 5 === 0) await connection.query('select pg_sleep(0.002)');
          const after = await connection.query<{ of: string }>(`select distinct workspace_id as of from identity.api_key`);
          if (n % 7 === 0) await connection.query('select 1 / 0');
          return [...before.rows, ...after.rows].every(({ of }) => of === id) && before.rows.length + after.rows.length === 2;
        }).catch((error: unknown) => (String(error).includes('division by zero') ? true : String(error)));
      }),
    );
    expect(new Set(seen)).toEqual(new Set([true]));
    const workspaceOf = () => few.query<{ workspace: string | null }>('select base.current_workspace() as workspace');
    const left = await Promise.all([workspaceOf(), workspaceOf()]);
    expect(left.map(({ rows }) => rows[0]?.workspace)).toEqual([null, null]);
    await few.end();
  });

  it('C10: nothing is written into, moved to or taken from another workspace', async () => {
    const refused = async (sql: string, values: unknown[]): Promise<string | undefined> => {
      const tried = workspaceTransaction(one, mine.id, (connection) => connection.query(sql, values));
      const answer = await tried.then(({ rowCount }) => rowCount, String);
      return answer === 0 || /row-level security|permission denied/.test(String(answer)) ? undefined : `${sql}: ${answer}`;
    };
    const leaks: (string | undefined)[] = [];
    for (const table of await tenantTables(server, 'update')) {
      const [column] = await columns(table, 'update');
      leaks.push(await refused(`update ${table} set workspace_id = $1`, [theirs.id]));
      leaks.push(await refused(`update ${table} set ${column} = ${column} where workspace_id = $1`, [theirs.id]));
    }
    for (const table of await tenantTables(server, 'delete')) {
      leaks.push(await refused(`delete from ${table} where workspace_id = $1`, [theirs.id]));
    }
    // As a copy of a row of one's own, so that nothing but the policy can refuse it.
    const inserted = await tenantTables(server, 'insert');
    for (const table of inserted) {
      const names = (await columns(table, 'insert')).join(', ');
      leaks.push(
        await refused(
          `insert into ${table} (${names})
           select ${names} from (select (jsonb_populate_record(t, jsonb_build_object('workspace_id', $1::text))).* from ${table} t) r`,
          [theirs.id],
        ),
      );
    }
    expect(leaks.filter((leak) => leak !== undefined)).toEqual([]);
    expect(inserted.length).toBeGreaterThan(8);
  });

  /** Those of a table that the tenants’ role may write. */
  async function columns(table: string, privilege: 'insert' | 'update'): Promise<string[]> {
    const { rows } = await server.database.pool.query<{ name: string }>(
      `select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
         and has_column_privilege('purser_app', attrelid, attnum, $2)`,
      [table, privilege],
    );
    return rows.map(({ name }) => name);
  }

  it('C10: the platform is no tenant: set as the workspace it shows nothing', async () => {
    for (const table of await tenantTables(server, 'select')) {
      const seen = await one.query(
        `begin; set local purser.workspace_id = '${PLATFORM}'; select from ${table} limit 1; rollback`,
      );
      expect([table, (seen as unknown as { rowCount: number }[])[2]?.rowCount]).toEqual([table, 0]);
    }
  });
});

describe('a running server (C10)', () => {
  it('C10: has no connection that owns a table or bypasses a policy, while it starts, serves and works in the background', async () => {
    await Promise.all([server.ask('/api/usage', { key: mine.key }), server.admin('/api/admin/ledger/verify')]);
    const { rows } = await server.database.pool.query<{ usename: string; application_name: string }>(
      `select distinct a.usename, a.application_name from pg_stat_activity a
       where a.datname = current_database() and a.backend_type = 'client backend' and a.application_name <> 'purser-test' order by 2, 1`,
    );
    expect(rows).toEqual([
      { usename: 'purser_work', application_name: 'purser' },
      { usename: 'purser_work', application_name: 'purser-holds' },
      { usename: 'purser_work', application_name: 'purser-listen' },
      { usename: 'purser_work', application_name: 'purser-probes' },
      { usename: 'purser_app', application_name: 'purser-tenants' },
    ]);
  });

  it.each(SERVING_ROLES)('C10: its role %s becomes nobody else, and changes neither the books nor the rules', async (role) => {
    const pool = poolAs(role, 1);
    const allowed: string[] = [];
    for (const sql of attacksOf(role)) {
      const refused = await pool.query(`begin; set local purser.workspace_id = '${mine.id}'; ${sql}`).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      await pool.query('rollback');
      if (
        !/permission denied|must be owner|must have admin option|must be able to|must be superuser|would be affected by row-level/.test(
          refused ?? '',
        )
      ) {
        allowed.push(`${sql}: ${refused}`);
      }
    }
    expect(allowed).toEqual([]);
    for (const back of ['reset role', 'set role none', 'reset session authorization', 'discard all']) {
      await pool.query(back);
      expect((await pool.query('select current_user::text as name')).rows).toEqual([{ name: role }]);
    }
    await pool.end();
  });

  it('C10: its role for work across workspaces adds to the books and reads them, as who owns nothing', async () => {
    const pool = poolAs('purser_work', 1);
    const { rows } = await pool.query<{ of: string }>(`select distinct workspace_id as of from ledger.posting`);
    expect(rows.map(({ of }) => of)).toEqual(expect.arrayContaining([mine.id, theirs.id]));
    await pool.end();
  });
});

/** Ways out of a role, and what no role but the owner may do. */
function attacksOf(role: ServingRole): string[] {
  const other = role === 'purser_app' ? 'purser_work' : 'purser_app';
  const books = [
    'ledger.posting',
    'ledger.attempt',
    'ledger.period',
    'audit.entry',
    'audit.block',
    'license.event',
    'license.change',
  ];
  return [
    'set role postgres',
    `set role ${other}`,
    'set session authorization postgres',
    `set session authorization ${other}`,
    `alter role ${role} bypassrls`,
    `alter role ${role} superuser`,
    `grant postgres to ${role}`,
    `grant ${other} to ${role}`,
    'create role another superuser',
    'set session_replication_role = replica',
    'create schema another',
    'create function ledger.another() returns int language sql as $$ select 1 $$',
    'create or replace function base.current_workspace() returns uuid language sql as $$ select null::uuid $$',
    'alter function base.current_workspace() security definer',
    `create policy another on ledger.posting to ${role} using (true)`,
    'drop policy own_rows on ledger.posting',
    'alter policy own_rows on ledger.posting using (true)',
    'select name from base.migration',
    `copy identity.workspace to program 'true'`,
    `select pg_read_file('PG_VERSION')`,
    ...books.flatMap((table) => [
      `truncate ${table}`,
      `delete from ${table}`,
      `update ${table} set workspace_id = workspace_id`.replace(
        'audit.block set workspace_id = workspace_id',
        'audit.block set seq = seq',
      ),
      `alter table ${table} disable row level security`,
      `alter table ${table} disable trigger append_only`,
      `alter table ${table} owner to ${role}`,
      `lock table ${table} in access exclusive mode`,
      `drop table ${table}`,
    ]),
    ...(role === 'purser_app'
      ? [
          'set local row_security = off; select from ledger.posting',
          `insert into ledger.posting (workspace_id) values ('${mine.id}')`,
          `select ledger.post(now(), '${mine.id}', null, 'granted:gift', 'wallet', 5, 'credit')`,
          `update identity.workspace set plan = 'ENTERPRISE'`,
          'update meters.panel set caps = array(select cap + 1 from unnest(caps) cap)',
          'select value from identity.shared_secret',
          'select from marketplace.reversal',
          'select from audit.block',
          'select from ledger.rollup_margin_daily',
        ]
      : ['insert into ledger.posting (xid) values (1)', 'delete from identity.workspace', 'delete from meters.hold']),
  ];
}
