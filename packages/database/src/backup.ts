import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

import { Fault } from '@purser/core';
import { type BackupPart, BackupReader, type Header, writeBackupFile } from './backup-file.ts';
import { type Migration, migrateWithin, readMigrations, type SchemaMigrations } from './migrate.ts';
import type { Connection, Pool } from './pool.ts';
import { transaction } from './transaction.ts';

/** What a backup or a restore moved. */
export interface BackupSummary {
  readonly tables: number;
  readonly rows: number;
  /** When the backup was made. */
  readonly made_at: string;
}

/** What the migrations themselves write, and a restore makes again. */
const OF_MIGRATIONS = new Set(['base.migration', 'base.access_rule']);

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Tables that must be filled before it. */
  readonly after: readonly string[];
}

/** Tables of the packages, with the columns that a row is made of. */
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name,
    (select array_agg(quote_ident(a.attname) order by a.attnum) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
    coalesce((select array_agg(distinct format('%I.%I', fn.nspname, f.relname)) from pg_constraint k
      join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
      where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid), '{}') as after
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname in (select room from base.migration)
  order by 1`;

/**
 * Writes everything that is in the packages' tables to one file, as it was at one moment; nobody waits for it. The file holds rows
 * and no tables: those are made by the migrations, so it can be restored into any supported version of PostgreSQL.
 * The connection is the owner's.
 */
export async function backUp(pool: Pool, file: string, now: Temporal.Instant): Promise<BackupSummary> {
  return transaction(
    pool,
    async (connection) => {
      const header = await headerOf(connection, now);
      const moved = { tables: 0, rows: 0, made_at: header.made_at };
      async function* parts(): AsyncGenerator<BackupPart> {
        for (const { name, columns } of inOrder(await tablesOf(connection))) {
          if (OF_MIGRATIONS.has(name)) continue;
          const stream = connection.query(copyTo(`copy ${name} (${columns.join(', ')}) to stdout`));
          try {
            yield { head: { table: name, columns: [...columns] }, rows: rowsOf(stream) };
          } finally {
            // A COPY that is left half way never gives its connection back: what nobody writes down any more is read all the same.
            stream.resume();
          }
          moved.tables += 1;
          moved.rows += stream.rowCount;
        }
      }
      await writeBackupFile(file, header, parts());
      return moved;
    },
    'begin isolation level repeatable read read only',
  );
}

/**
 * Fills a database that holds nothing yet from a backup, and brings it forward to this program; all of it or nothing.
 * @throws Fault in one line when the database is not empty, or the backup is of a newer program, or is damaged.
 */
export async function restoreBackup(pool: Pool, schemas: readonly SchemaMigrations[], file: string): Promise<BackupSummary> {
  await using reader = new BackupReader(file);
  const header = await reader.header();
  const known = await readMigrations(schemas);
  const within = migrationsOf(header, known);
  // Awaited here, for the reader is closed when this function is left.
  return await transaction(pool, async (connection) => {
    await refuseFilled(connection);
    await migrateWithin(connection, schemas, within);
    const made = new Map((await tablesOf(connection)).map((table) => [table.name, table]));
    // What the migrations wrote down at their own time comes as it was at the time of the backup.
    for (const { name } of inOrder([...made.values()]).toReversed()) {
      const { rowCount } = await connection.query(`select from ${name} limit 1`);
      if (rowCount === 1 && !OF_MIGRATIONS.has(name)) await connection.query(`delete from ${name}`);
    }
    const triggers = await insertTriggers(connection);
    for (const { table, name } of triggers) await connection.query(`alter table ${table} disable trigger ${name}`);
    const moved = { tables: 0, rows: 0, made_at: header.made_at };
    for await (const { head, rows } of reader.tables()) {
      const table = made.get(head.table);
      if (table === undefined || head.columns.some((column) => !table.columns.includes(column))) {
        throw new Fault(`${file} cannot be restored: it contains ${head.table}, which the migrations do not create`, {
          retryable: false,
        });
      }
      const target = connection.query(copyFrom(`copy ${head.table} (${head.columns.join(', ')}) from stdin`));
      await pipeline(rows, target);
      moved.tables += 1;
      moved.rows += target.rowCount;
    }
    for (const { table, name } of triggers) await connection.query(`alter table ${table} enable trigger ${name}`);
    for (const { name, last, called } of header.sequences) {
      await connection.query('select setval($1::regclass, $2::bigint, $3)', [name, last, called]);
    }
    await migrateWithin(connection, schemas);
    return moved;
  });
}

function rowsOf(stream: Readable): AsyncIterable<Buffer> {
  return stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

async function headerOf(connection: Connection, now: Temporal.Instant): Promise<Header> {
  const { rows: there } = await connection.query<{ there: boolean }>(
    `select to_regclass('base.installation') is not null as there`,
  );
  if (there[0]?.there !== true) {
    throw new Fault('this database has no installation of this version: run `purser migrate` first', { retryable: false });
  }
  const { rows } = await connection.query<Pick<Header, 'migrations' | 'server_version' | 'installation'>>(
    `select current_setting('server_version') as server_version, (select id::text from base.installation) as installation,
       (select jsonb_agg(jsonb_build_object('room', room, 'number', number, 'sha256', sha256) order by room, number) from base.migration) as migrations`,
  );
  const [head] = rows;
  if (head === undefined) throw new Fault('the head of the backup could not be read', { retryable: true });
  const { rows: sequences } = await connection.query<Header['sequences'][number]>(
    `select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value, start_value)::text as last, last_value is not null as called
     from pg_sequences where schemaname in (select room from base.migration) order by 1`,
  );
  return { purser_backup: 1, made_at: now.toString(), ...head, sequences };
}

/** Which of our migrations the backup was made on. */
function migrationsOf({ migrations }: Header, known: readonly Migration[]): (migration: Migration) => boolean {
  const wanted = new Map(migrations.map(({ room, number, sha256 }) => [`${room}/${number}`, sha256]));
  const ours = new Map(known.map((migration) => [`${migration.schema}/${migration.number}`, migration.sha256]));
  const strange = [...wanted].find(([name, sha256]) => ours.get(name) !== sha256);
  if (strange !== undefined) {
    throw new Fault(
      `the backup was made by a newer or another program (its migration ${strange[0]} is not known here): restore it with the program that made it, or a later one`,
      { retryable: false },
    );
  }
  return ({ schema, number }) => wanted.has(`${schema}/${number}`);
}

async function refuseFilled(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ there: boolean }>(`select to_regnamespace('base') is not null as there`);
  if (rows[0]?.there !== true) return;
  throw new Fault(
    'the database is not empty: restore the backup into a new one (`create database …`); this one has an installation',
    {
      retryable: false,
    },
  );
}

/** What follows from a row that is inserted is in the backup already. */
async function insertTriggers(connection: Connection): Promise<{ table: string; name: string }[]> {
  const { rows } = await connection.query<{ table: string; name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as table, quote_ident(t.tgname) as name
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where not t.tgisinternal and t.tgtype & 4 <> 0 and t.tgenabled = 'O' and n.nspname in (select room from base.migration)`,
  );
  return rows;
}

async function tablesOf(connection: Connection): Promise<Table[]> {
  return (await connection.query<Table>(TABLES)).rows;
}

/** Each table after those that its rows point to. */
function inOrder(tables: readonly Table[]): Table[] {
  const ordered: Table[] = [];
  const waiting = new Map(tables.map((table) => [table.name, table]));
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ after }) => !after.some((name) => waiting.has(name)));
    if (ready.length === 0)
      throw new Fault(`tables refer to each other in a cycle: ${[...waiting.keys()].join(', ')}`, { retryable: false });
    for (const table of ready) {
      ordered.push(table);
      waiting.delete(table.name);
    }
  }
  return ordered;
}
