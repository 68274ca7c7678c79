import { createHash } from 'node:crypto';

import { baseMigrations, migrate, readMigrations, type SchemaMigrations } from '../migrate.ts';
import { openPool, type Pool } from '../pool.ts';

/** A database of one test file: a clone of a migrated template, dropped at the end. */
export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

let clones = 0;

/**
 * Clones a database that has the given schemas (and `base`) migrated; needs `PURSER_TEST_DATABASE_URL`,
 * the address of a server on which databases may be created (the test runner sets it).
 */
export async function createTestDatabase(schemas: readonly SchemaMigrations[], connections_max = 8): Promise<TestDatabase> {
  const server = process.env['PURSER_TEST_DATABASE_URL'];
  if (!server) throw new Error('PURSER_TEST_DATABASE_URL is not set; run the tests by `npm test`');
  const all = [baseMigrations, ...schemas];
  const hash = createHash('sha256');
  for (const migration of await readMigrations(all)) hash.update(migration.sha256);
  const template = `purser_template_${hash.digest('hex').slice(0, 16)}`;
  const name = `purser_test_${process.pid}_${Date.now().toString(36)}_${clones++}`;

  const admin = openPool(server, { connections_max: 1 });
  const lock = await admin.connect();
  try {
    // `create database … template` wants the template alone, so cloning is one at a time too.
    await lock.query(`select pg_advisory_lock(hashtext('purser_template'))`);
    const { rowCount } = await lock.query('select 1 from pg_database where datname = $1', [template]);
    if (rowCount === 0) {
      await lock.query(`create database ${template}_new`);
      const pool = openPool(withDatabase(server, `${template}_new`), { connections_max: 1 });
      try {
        await migrate(pool, all);
      } finally {
        await pool.end();
      }
      await lock.query(`alter database ${template}_new rename to ${template}`);
    }
    await lock.query(`create database ${name} template ${template}`);
  } catch (error) {
    await lock.query(`drop database if exists ${template}_new`).catch(() => {});
    throw error;
  } finally {
    await lock.query(`select pg_advisory_unlock(hashtext('purser_template'))`);
    lock.release();
  }

  const url = withDatabase(server, name);
  const pool = openPool(url, { connections_max, application: 'purser-test' });
  return {
    url,
    pool,
    async drop() {
      if (!pool.ended) await pool.end();
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin.end();
    },
  };
}

function withDatabase(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
