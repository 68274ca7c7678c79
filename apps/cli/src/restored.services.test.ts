import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { openPool, type Pool } from '@purser/database';
import { scratchDatabase, scratchFolder } from '@purser/embedded';
import { installedPostgres, OwnPostgres } from '@purser/embedded/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Cli, runCli, serveCli, TOKEN } from './testing.ts';

/* Real clusters of two major versions of PostgreSQL: backed up, and restored where there is nothing yet, as the guide says it. */

const run = promisify(execFile);
const PROGRAMS = installedPostgres() ?? '';
/** Each starts clusters and programs of its own. */
const LONG = { timeout: 180_000 };
let opened: AsyncDisposableStack;
let first: OwnPostgres;
let folder: string;
let source: Cli;
let workspace: { readonly id: string; readonly key: string };

beforeAll(async () => {
  opened = new AsyncDisposableStack();
  folder = opened.use(await scratchFolder()).folder;
  first = opened.use(await OwnPostgres.start());
  await over(first.url('postgres'), (pool) => pool.query('create database purser'));
  source = { folder, database_url: first.url('purser') };
  await using server = await serveCli(source);
  const made = [];
  for (const name of ['A', 'B']) made.push(await server.ask('/api/admin/workspaces', TOKEN, { name, plan: 'PRO' }));
  workspace = { id: String(made[0]?.json['id']), key: String(made[0]?.json['key']) };
  for (let calls = 0; calls < 3; calls++) expect((await call(server, workspace.key)).status).toBe(200);
});
afterAll(() => opened.disposeAsync());

const call = (server: Awaited<ReturnType<typeof serveCli>>, key: string) =>
  server.ask('/api/ai/generate', key, { operation: 'summarise', prompt: 'A text. And another sentence.' });

async function over<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(url, { connections_max: 1 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** What an operator does after a restore, and what a customer then finds. */
async function expectWhole(restored: Cli): Promise<void> {
  await using server = await serveCli(restored);
  expect(await call(server, workspace.key)).toMatchObject({ status: 200 });
  expect(await server.ask('/api/admin/ledger/verify', TOKEN)).toMatchObject({ json: { balanced: true, mismatches: [] } });
  const trail = await runCli(restored, 'audit', 'verify');
  expect([trail.code, trail.said]).toEqual([0, expect.stringMatching(/^intact: [1-9]/)]);
}

/** As the tenants' role: nothing without a workspace, and of two workspaces only the one that is set. */
async function expectBound(url: string): Promise<void> {
  await over(url, async (pool) => {
    const seen = async () => {
      const { rows } = await pool.query<{ own: number; strange: number }>(
        `select count(*) filter (where workspace_id = $1)::int as own, count(*) filter (where workspace_id <> $1)::int as strange
         from ledger.posting`,
        [workspace.id],
      );
      return rows[0];
    };
    await pool.query('set role purser_app');
    expect(await seen()).toEqual({ own: 0, strange: 0 });
    await pool.query(`set purser.workspace_id = '${workspace.id}'`);
    const bound = await seen();
    expect([bound?.strange, (bound?.own ?? 0) > 0]).toEqual([0, true]);
  });
  // A dump without privileges makes every function everybody's, also one that works as the owner.
  for (const sql of [
    `select ledger.erase_postings($1, null, 'erased-000000000000', null, null, 0, 0)`,
    'insert into ledger.posting (workspace_id) values ($1)',
  ]) {
    await over(url, async (pool) => {
      await pool.query('set role purser_app');
      await expect(pool.query(sql, [workspace.id])).rejects.toThrow('permission denied');
    });
  }
}

test('a dump restored into a new cluster without its roles is made whole by the next start, which says so', LONG, async () => {
  await using second = await OwnPostgres.start();
  await over(second.url('postgres'), (pool) => pool.query('create database purser'));
  const dump = path.join(folder, 'dump');
  await run(`${PROGRAMS}/pg_dump`, ['-Fc', '-f', dump, first.url('purser')]);
  await expect(run(`${PROGRAMS}/pg_restore`, ['-d', second.url('purser'), dump])).rejects.toThrow(
    /role "purser_app" does not exist/,
  );
  const restored = { folder, database_url: second.url('purser') };
  expect((await runCli(restored, 'migrate')).said).toMatch(
    /^the database was restored without its roles: \d+ policies and grants were missing and have been restored\n/,
  );
  await expectWhole(restored);
  await expectBound(second.url('purser'));
  expect((await runCli(restored, 'migrate')).said).toBe('the database is up to date\n');
});

test(
  'an owner who may make no roles is told in one line, and what they may do is made good once they are there',
  LONG,
  async () => {
    await using second = await OwnPostgres.start();
    await over(second.url('postgres'), async (pool) => {
      await pool.query('create role tenant login');
      await pool.query('create database purser owner tenant');
    });
    const owner = second.url('purser', 'tenant');
    const dump = path.join(folder, 'dump.sql');
    await run(`${PROGRAMS}/pg_dump`, ['--no-owner', '-f', dump, first.url('purser')]);
    await run(`${PROGRAMS}/psql`, ['-q', '-f', dump, owner]);
    const restored = { folder, database_url: owner };
    const refused = await runCli(restored, 'migrate');
    expect([refused.code, refused.said]).toEqual([
      1,
      expect.stringMatching(
        /^purser: [^\n]*there is no role purser_work, and the user of DATABASE_URL may not create it[^\n]*\n$/,
      ),
    ]);
    await over(second.url('postgres'), async (pool) => {
      for (const role of ['purser_app', 'purser_work']) await pool.query(`create role ${role} login password 'roles-password'`);
    });
    await expectWhole({ ...restored, environment: { DATABASE_ROLES_PASSWORD: 'roles-password' } });
    await expectBound(second.url('purser'));
  },
);

test('a dump restored without privileges, where the roles are, is made whole too', LONG, async () => {
  await using second = await OwnPostgres.start();
  await over(second.url('postgres'), async (pool) => {
    await pool.query('create database purser');
    for (const role of ['purser_app', 'purser_work']) await pool.query(`create role ${role}`);
  });
  const dump = path.join(folder, 'dump');
  await run(`${PROGRAMS}/pg_dump`, ['-Fc', '-f', dump, first.url('purser')]);
  await run(`${PROGRAMS}/pg_restore`, ['--no-owner', '--no-acl', '-d', second.url('purser'), dump]);
  const granted = `select from information_schema.role_table_grants where grantee = 'purser_app'`;
  expect((await over(second.url('purser'), (pool) => pool.query(granted))).rowCount).toBe(0);
  await expectWhole({ folder, database_url: second.url('purser') });
  await expectBound(second.url('purser'));
});

test('a backup goes to another major version and back, whole each time, and only where nothing is yet', LONG, async () => {
  const file = path.join(folder, 'purser.backup');
  expect((await runCli(source, 'backup', file)).said).toMatch(
    /purser\.backup: \d+ rows of \d+ tables, as they were at this moment\n$/,
  );
  await using newer = await scratchDatabase();
  const restored = { folder, database_url: newer.url };
  const { code, said } = await runCli(restored, 'restore', file);
  expect([code, said]).toEqual([0, expect.stringMatching(/^restored \d+ rows/)]);
  await expectWhole(restored);
  await expectBound(newer.url);

  const back = path.join(folder, 'back.backup');
  expect((await runCli(restored, 'backup', back)).code).toBe(0);
  await using older = await OwnPostgres.start();
  await over(older.url('postgres'), async (pool) => {
    await pool.query('create role tenant login createrole');
    await pool.query('create database purser owner tenant');
  });
  const again = {
    folder,
    database_url: older.url('purser', 'tenant'),
    environment: { DATABASE_ROLES_PASSWORD: 'roles-password' },
  };
  expect((await runCli(again, 'restore', back)).code).toBe(0);
  await expectWhole(again);
  expect((await runCli(again, 'restore', back)).said).toMatch(/^purser: the database is not empty/);
});

test('a backup that was cut, or is none, fills nothing and is refused in one line', LONG, async () => {
  await over(first.url('postgres'), (pool) => pool.query('create database other'));
  const other = { folder, database_url: first.url('other') };
  const file = path.join(folder, 'whole.backup');
  await runCli(source, 'backup', file);
  const cut = path.join(folder, 'cut.backup');
  await run('/bin/sh', ['-c', `head -c 4000 '${file}' > '${cut}'`]);
  await writeFile(path.join(folder, 'none.backup'), 'not one');
  for (const name of ['cut.backup', 'none.backup', 'away.backup']) {
    const { code, said } = await runCli(other, 'restore', path.join(folder, name));
    expect([code, said]).toEqual([1, expect.stringMatching(/^purser: [^\n]*cannot be restored: [^\n]+\n$/)]);
  }
  const { rows } = await over(first.url('other'), (pool) => pool.query(`select from pg_namespace where nspname = 'base'`));
  expect(rows).toEqual([]);
});
