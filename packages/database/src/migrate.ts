import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { Fault } from '@purser/core';
import { keepAccess, restoreAccess } from './access.ts';
import type { Connection, Pool, Queryable } from './pool.ts';
import { transaction } from './transaction.ts';

/** The numbered, forward-only SQL files of one Postgres schema: `001_name.sql`, `002_…`. One package owns the schema. */
export interface SchemaMigrations {
  readonly schema: string;
  readonly directory: URL;
}

export const baseMigrations: SchemaMigrations = { schema: 'base', directory: new URL('../migrations/', import.meta.url) };

export interface Migration {
  readonly schema: string;
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const FILE = /^(\d{3})_([a-z0-9_]+)\.sql$/;

/** Reads and orders the migrations: schemas in the given order (those of lower packages first), files by number without a gap. */
export async function readMigrations(schemas: readonly SchemaMigrations[]): Promise<Migration[]> {
  const all: Migration[] = [];
  for (const { schema, directory } of schemas) {
    const files = (await readdir(fileURLToPath(directory))).filter((file) => file.endsWith('.sql')).toSorted();
    for (const [index, file] of files.entries()) {
      const match = FILE.exec(file);
      if (!match || Number(match[1]) !== index + 1) {
        throw new Fault(`migration ${schema}/${file} is out of order; want ${String(index + 1).padStart(3, '0')}_<name>.sql`, {
          retryable: false,
        });
      }
      const sql = await readFile(new URL(file, directory), 'utf8');
      all.push({ schema, number: index + 1, name: match[2] ?? '', sql, sha256: createHash('sha256').update(sql).digest('hex') });
    }
  }
  return all;
}

/** One migration runs at a time over the whole database, whatever the number of processes that start together. */
const MIGRATION_LOCK = 4780_001;

/**
 * Brings the database forward in one transaction. Returns what was applied; throws when a landed file has changed.
 * `say` is told what a restored dump had lost and was made good.
 */
export async function migrate(
  pool: Pool,
  schemas: readonly SchemaMigrations[],
  say: (line: string) => void = () => {},
): Promise<readonly Migration[]> {
  const { applied, access_restored } = await transaction(pool, (connection) => migrateWithin(connection, schemas));
  if (access_restored > 0) {
    say(
      `the database was restored without its roles: ${access_restored} policies and grants were missing and have been restored`,
    );
  }
  return applied;
}

/** As `migrate`, in the transaction of the caller; `wanted` leaves out migrations that it does not name. */
export async function migrateWithin(
  connection: Connection,
  schemas: readonly SchemaMigrations[],
  wanted: (migration: Migration) => boolean = () => true,
): Promise<{ readonly applied: readonly Migration[]; readonly access_restored: number }> {
  const all = (await readMigrations(schemas)).filter(wanted);
  await connection.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  const landed = await landedMigrations(connection);
  refuseNewer([...landed.keys()], await readMigrations(schemas));
  const access_restored = landed.size === 0 ? 0 : await restoreAccess(connection);
  const applied: Migration[] = [];
  for (const migration of all) {
    const before = landed.get(`${migration.schema}/${migration.number}`);
    if (before === undefined) {
      await apply(connection, migration);
      applied.push(migration);
    } else if (before !== migration.sha256) {
      throw new Fault(
        `migration ${migration.schema}/${migration.number} changed after it was applied; add a new file instead of editing it`,
        { retryable: false },
      );
    }
  }
  if (applied.length > 0) await keepAccess(connection);
  return { applied, access_restored };
}

/** A database that a newer program has brought forward may mean something else by what this one reads and writes. */
function refuseNewer(landed: readonly string[], known: readonly Migration[]): void {
  const [unknown, ...more] = unknownAmong(landed, known);
  if (unknown === undefined) return;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  throw new Fault(
    `the database is newer than this program: its migration ${unknown}${others} is not known here; start the version that made it, or a newer one`,
    { retryable: false },
  );
}

function unknownAmong(landed: readonly string[], known: readonly Migration[]): string[] {
  const names = new Set(known.map(({ schema, number }) => `${schema}/${number}`));
  return landed.filter((name) => !names.has(name)).toSorted();
}

/** The migrations of a database that this program does not know: a newer one has been there. */
export async function unknownMigrations(database: Queryable, schemas: readonly SchemaMigrations[]): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(`select room || '/' || number as name from base.migration`);
  return unknownAmong(
    rows.map(({ name }) => name),
    await readMigrations(schemas),
  );
}

async function landedMigrations(connection: Connection): Promise<Map<string, string>> {
  await connection.query(`
    create schema if not exists base;
    create table if not exists base.migration (
      room text not null, number int not null, name text not null, sha256 text not null,
      applied_at timestamptz not null default clock_timestamp(), primary key (room, number))`);
  const { rows } = await connection.query<{ room: string; number: number; sha256: string }>(
    'select room, number, sha256 from base.migration',
  );
  return new Map(rows.map((row) => [`${row.room}/${row.number}`, row.sha256]));
}

async function apply(connection: Connection, migration: Migration): Promise<void> {
  try {
    await connection.query(migration.sql);
  } catch (error) {
    throw new Fault(`migration ${migration.schema}/${migration.number}_${migration.name} failed: ${String(error)}`, {
      retryable: false,
      cause: error,
    });
  }
  await connection.query('insert into base.migration (room, number, name, sha256) values ($1, $2, $3, $4)', [
    migration.schema,
    migration.number,
    migration.name,
    migration.sha256,
  ]);
}
