import { Fault } from '@purser/core';
import type { Connection } from './pool.ts';
import { SERVING_ROLES } from './roles.ts';

/**
 * Makes good what a restored dump leaves out: roles belong to the database server and not to a dump, and where they are missing
 * every policy and grant that names them fails. What they may do is kept as data beside the migrations, and done again.
 * Returns how many rules were missing. @throws Fault in one line when nobody here may make the roles, or nothing says what they may do.
 */
export async function restoreAccess(connection: Connection): Promise<number> {
  const missing = await missingRoles(connection);
  if (!(await hasRules(connection))) {
    if (missing.length === 0) return 0;
    throw new Fault(
      `this database was restored from a dump without the roles ${missing.join(' and ')}, and the dump is too old to say what they may do: ` +
        'create them (docs/operating.md, "The roles of the database") and restore the dump once more into an empty database',
      { retryable: false },
    );
  }
  for (const role of missing) await makeRole(connection, role);
  const { rows } = await connection.query<{ statement: string }>(
    'select statement from base.access_rule where key not in (select key from base.current_access()) order by key',
  );
  for (const { statement } of rows) await connection.query(statement);
  return rows.length;
}

/** To be called when migrations have changed who may do what. */
export async function keepAccess(connection: Connection): Promise<void> {
  if (!(await hasRules(connection, false))) return;
  await connection.query('delete from base.access_rule');
  await connection.query('insert into base.access_rule (key, statement) select key, statement from base.current_access()');
}

async function missingRoles(connection: Connection): Promise<string[]> {
  const { rows } = await connection.query<{ role: string }>(
    'select role from unnest($1::text[]) role where role not in (select rolname from pg_roles)',
    [SERVING_ROLES],
  );
  return rows.map(({ role }) => role);
}

/** Whether the table is there, and (unless it may be empty) says something. */
async function hasRules(connection: Connection, filled = true): Promise<boolean> {
  const { rows } = await connection.query<{ there: boolean }>(`select to_regclass('base.access_rule') is not null as there`);
  if (rows[0]?.there !== true) return false;
  if (!filled) return true;
  return (await connection.query('select from base.access_rule limit 1')).rowCount === 1;
}

async function makeRole(connection: Connection, role: string): Promise<void> {
  await connection.query('savepoint role');
  try {
    await connection.query(`create role ${role} nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Another start, on another database of the server, made it at this moment.
    if (code === '42710' || code === '23505') {
      await connection.query('rollback to savepoint role');
      return;
    }
    if (code !== '42501') throw error;
    throw new Fault(
      `this database was restored where there is no role ${role}, and the user of DATABASE_URL may not create it: have it created ` +
        '(docs/operating.md, "The roles of the database") and start again; its rights are then restored',
      { retryable: false, cause: error },
    );
  }
}
