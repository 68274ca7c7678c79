import { openPool } from '../../pool.ts';

/**
 * Drops what test runs that were killed have left on a server: databases of test files whose process is gone, and all templates
 * but those in use. Templates are made under the same lock, so none is taken away under a clone.
 */
export async function sweepTestDatabases(server: string): Promise<void> {
  const pool = openPool(server, { connections_max: 1 });
  const connection = await pool.connect();
  try {
    await connection.query(`select pg_advisory_lock(hashtext('purser_template'))`);
    const { rows } = await connection.query<{ datname: string }>(
      `select datname from pg_database where datname ~ '^purser_(test|template)_' and datname not in
         (select datname from pg_stat_activity where datname is not null)`,
    );
    for (const { datname } of rows) {
      if (!isGone(datname)) continue;
      await connection.query(`drop database if exists "${datname}" with (force)`);
    }
  } finally {
    connection.release(true);
    await pool.end();
  }
}

/** `purser_test_<pid>_…` belongs to a process; a template belongs to nobody. */
function isGone(name: string): boolean {
  const pid = /^purser_test_(\d+)_/.exec(name)?.[1];
  if (pid === undefined) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}
