import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PLATFORM, type WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { openPool } from './pool.ts';
import { addressAs, openRoles } from './roles.ts';
import { transaction, workspaceTransaction } from './transaction.ts';

const NOTES = `
  create schema example;
  grant usage on schema example to purser_app;
  create table example.note (workspace_id uuid not null, text text not null);
  alter table example.note enable row level security;
  create policy own_rows on example.note using (workspace_id = base.current_workspace());
  grant select, insert on example.note to purser_app;`;

let database: TestDatabase;
let folder: string;
const first = newId<'workspace'>();
const second = newId<'workspace'>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-migrations-'));
  await writeFile(path.join(folder, '001_note.sql'), NOTES);
  // One connection, so that every transaction below runs on the one that the last has used.
  database = await createTestDatabase([{ schema: 'example', directory: pathToFileURL(`${folder}/`) }], 1);
  await insert(first, 'of the first');
  await insert(second, 'of the second');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function insert(workspace: WorkspaceId, text: string): Promise<void> {
  await workspaceTransaction(database.pool, workspace, (connection) =>
    connection.query('insert into example.note values ($1, $2)', [workspace, text]),
  );
}

async function visible(workspace: WorkspaceId): Promise<string[]> {
  return workspaceTransaction(database.pool, workspace, async (connection) => {
    const { rows } = await connection.query<{ text: string }>('select text from example.note');
    return rows.map((row) => row.text);
  });
}

test('C10: a workspace sees its own rows alone, though the connection served another just before', async () => {
  expect(await visible(first)).toEqual(['of the first']);
  expect(await visible(second)).toEqual(['of the second']);
});

test('C10: a workspace cannot write a row of another', async () => {
  const forged = workspaceTransaction(database.pool, first, (connection) =>
    connection.query('insert into example.note values ($1, $2)', [second, 'forged']),
  );
  await expect(forged).rejects.toThrow(/row-level security/);
  expect(await visible(second)).toEqual(['of the second']);
});

test('C10: without a workspace set, the application role sees nothing', async () => {
  const found = await transaction(database.pool, async (connection) => {
    await connection.query(`set local role purser_app`);
    return connection.query('select * from example.note');
  });
  expect(found.rowCount).toBe(0);
});

test('role and workspace end with the transaction, even when it fails', async () => {
  await expect(workspaceTransaction(database.pool, first, () => Promise.reject(new Error('half way')))).rejects.toThrow(
    'half way',
  );
  const { rows } = await database.pool.query<{ role: string; workspace: string | null }>(
    'select current_user::text as role, base.current_workspace()::text as workspace',
  );
  expect(rows[0]?.workspace).toBeNull();
  expect(rows[0]?.role).not.toBe('purser_app');
});

test('C10: a pool with connections for tenants has what is a workspace’s done over them, and the platform is none', async () => {
  await openRoles(database.url, undefined);
  const tenants = openPool(addressAs(database.url, 'purser_app', undefined), { connections_max: 1 });
  const pool = openPool(addressAs(database.url, 'purser_work', undefined), { connections_max: 1, tenants });
  const who = `select session_user::text as who, current_user::text as works_as, base.current_workspace() as workspace`;
  const inside = await workspaceTransaction(pool, first, (connection) => connection.query(who));
  expect(inside.rows).toEqual([{ who: 'purser_app', works_as: 'purser_app', workspace: first }]);
  expect((await tenants.query(who)).rows).toEqual([{ who: 'purser_app', works_as: 'purser_app', workspace: null }]);
  expect((await pool.query(who)).rows).toEqual([{ who: 'purser_work', works_as: 'purser_work', workspace: null }]);
  await expect(workspaceTransaction(pool, PLATFORM, async () => {})).rejects.toThrow('a tenant transaction is of a workspace');
  const forged = "'; reset role; --" as WorkspaceId;
  await expect(workspaceTransaction(pool, forged, async () => {})).rejects.toThrow('a tenant transaction is of a workspace');
  await pool.end();
  await tenants.end();
});

test('a transaction that throws leaves nothing behind', async () => {
  const failed = transaction(database.pool, async (connection) => {
    await connection.query('insert into example.note values ($1, $2)', [first, 'half']);
    throw new Error('stop');
  });
  await expect(failed).rejects.toThrow('stop');
  expect(await visible(first)).toEqual(['of the first']);
});

test('bigint columns arrive as bigint, timestamptz as Temporal.Instant, exactly', async () => {
  const { rows } = await database.pool.query<{ big: bigint; at: Temporal.Instant }>(
    `select 9007199254740993::bigint as big, timestamptz '2026-03-29 01:30:00.123456+00' as at`,
  );
  expect(rows[0]?.big).toBe(9007199254740993n);
  expect(rows[0]?.at.toString()).toBe('2026-03-29T01:30:00.123456Z');
});
