import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

import { settleHome } from './home.ts';
import { processMark } from './process-mark.ts';
import { startServer } from './server.ts';
import { type EmbeddedDatabase, startEmbedded } from './start.ts';

const asRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
const OWNER = fileURLToPath(new URL('owner.fixture.ts', import.meta.url));
const Report = z.object({
  url: z.string().default(''),
  folder: z.string().default(''),
  pid: z.number().default(0),
  refused: z.string().default(''),
  log: z.array(z.string()),
});

let root: string;
let dataDir: string;
let stage: string;
let running: EmbeddedDatabase[] = [];
let owners: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'purser-embedded-'));
  await chmod(root, 0o755);
  dataDir = path.join(root, 'data');
  stage = path.join(root, 'stage');
  running = [];
  owners = [];
});

afterEach(async () => {
  for (const owner of owners) {
    if (owner.exitCode === null && owner.signalCode === null && owner.kill('SIGKILL')) await once(owner, 'exit');
  }
  for (const database of running) await database.stop();
  // Whatever a test left behind is stopped as an orphan, by the very rule under test.
  if (owners.length > 0) await (await startEmbedded({ dataDir, stage })).stop();
  await rm(root, { recursive: true, force: true });
});

/** What is tried here is who may start what and where; only one test asks for the disk, and those with an owner that is killed. */
async function start(log: (line: string) => void = () => {}, durable = false): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({ dataDir, stage, log, durable });
  running.push(database);
  return database;
}

/** Another process that owns the data folder. */
async function startOwner(
  options: { uid?: number; gid?: number } = {},
): Promise<z.infer<typeof Report> & { process: ChildProcess }> {
  // As strict a umask as there is: what must be open to the server's user is opened by us, not by luck.
  const words = ['-c', 'umask 077; exec "$0" "$@"', process.execPath, OWNER, dataDir, stage];
  const child = spawn('/bin/sh', words, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  owners.push(child);
  const [line] = z.tuple([z.string()]).parse(await once(createInterface(child.stdout), 'line'));
  return { ...Report.parse(JSON.parse(line)), process: child };
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('data is kept over a restart, and every commit reaches the disk', async () => {
  const onDisk = (): Promise<EmbeddedDatabase> => start(undefined, true);
  const first = await onDisk();
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  const second = await onDisk();
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  const [settings] = await query(
    second.url,
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
            current_setting('full_page_writes') as pages, current_setting('listen_addresses') as network`,
  );
  expect(settings).toEqual({ fsync: 'on', commit: 'on', pages: 'on', network: '' });
});

test('the address is a URL whose path names the database', async () => {
  const { url } = await start();
  const other = new URL(url);
  other.pathname = '/postgres';
  expect(await query(other.href, 'select current_database() as name')).toEqual([{ name: 'postgres' }]);
});

test('an orphan left by kill -9 of its owner is stopped, and nothing committed is lost', async () => {
  const owner = await startOwner();
  await query(owner.url, 'create table kept as select generate_series(1, 1000) as n');
  owner.process.kill('SIGKILL');
  await once(owner.process, 'exit');
  expect(await processMark(owner.pid)).toBeDefined();

  const lines: string[] = [];
  const next = await start((line) => lines.push(line));
  expect(lines.join()).toContain(`process ${owner.pid}`);
  expect(await processMark(owner.pid)).toBeUndefined();
  expect(await query(next.url, 'select count(*)::int as rows from kept')).toEqual([{ rows: 1000 }]);
});

test('after kill -9 of owner and server together the next start recovers', async () => {
  const owner = await startOwner();
  await query(owner.url, 'create table kept as select 7 as n');
  // A signal is sent before it has killed.
  const ended = once(owner.process, 'exit');
  owner.process.kill('SIGKILL');
  process.kill(owner.pid, 'SIGKILL');
  await ended;
  const next = await start();
  expect(await query(next.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('a server that dies under a living owner is started again', async () => {
  const lines: string[] = [];
  const database = await start((line) => lines.push(line));
  await query(database.url, 'create table kept as select 7 as n');
  const before = database.pid();
  process.kill(before, 'SIGKILL');
  while (database.pid() === before) await sleep(20);
  expect(await query(database.url, 'select n from kept')).toEqual([{ n: 7 }]);
  expect(lines.at(-1)).toBe('the database server ended unexpectedly (SIGKILL); starting it again');
});

test('a server that ends in the moment it is launched is heard of at once, not waited for', async () => {
  const database = await start();
  await database.stop();
  const home = await settleHome(dataDir, stage, () => {});
  const missing = { initdb: '', postgres: path.join(root, 'no-such-program'), major: '18' };
  await expect(startServer(home, missing)).rejects.toThrow(/^the embedded database did not start: .*no-such-program/);
});

test('a second start on the same data is refused in one line that names the owner', async () => {
  const owner = await startOwner();
  await expect(startEmbedded({ dataDir, stage })).rejects.toThrow(
    `${owner.folder} is in use by process ${owner.process.pid}; stop it first, or set PURSER_DATA to another folder`,
  );
  expect(await query(owner.url, 'select 1 as still')).toEqual([{ still: 1 }]);
});

test('of two first starts at the same moment one wins and the other is refused', async () => {
  const reports = await Promise.all([startOwner(), startOwner()]);
  expect(reports.filter((report) => report.url !== '')).toHaveLength(1);
  expect(reports.filter((report) => report.refused.includes('is in use by process'))).toHaveLength(1);
});

test('a stale pid file that names an innocent process is cleared, and that process left alone', async () => {
  const first = await start();
  await first.stop();
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  try {
    await writeFile(
      path.join(first.folder, 'postgres', 'postmaster.pid'),
      `${bystander.pid}\n${first.folder}/postgres\n0\n5432\n`,
    );
    const next = await start();
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(bystander.exitCode).toBeNull();
  } finally {
    bystander.kill('SIGKILL');
  }
});

test('an owner file of a process id that lives a second life does not lock the data', async () => {
  await (await start()).stop();
  await writeFile(path.join(dataDir, 'owner'), `${process.pid} another-boot/1\n`);
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a first start that died half way leaves nothing in the way', async () => {
  await mkdir(path.join(dataDir, 'postgres.new', 'base'), { recursive: true });
  expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('data of another PostgreSQL is refused by both versions, untouched', async () => {
  const database = await start();
  await database.stop();
  const file = path.join(database.folder, 'postgres', 'PG_VERSION');
  await writeFile(file, '17\n');
  await expect(startEmbedded({ dataDir, stage })).rejects.toThrow(/holds data of PostgreSQL 17, and PostgreSQL 18 is installed/);
  expect(await readFile(file, 'utf8')).toBe('17\n');
});

test('a data folder that cannot be one is refused in one line', async () => {
  await writeFile(dataDir, 'a file');
  await expect(startEmbedded({ dataDir, stage })).rejects.toThrow(/^the data folder [^\n]* cannot be created: [^\n]*$/);
  // Where nothing may be made though the folder above is there; a recursive mkdir of Node's tries for ever.
  if (process.platform === 'linux') {
    await expect(startEmbedded({ dataDir: '/proc/purser/data', stage })).rejects.toThrow(
      /^the data folder [^\n]* cannot be created: [^\n]*$/,
    );
  }
});

test('a path too long for a socket is served all the same', async () => {
  dataDir = path.join(root, 'x'.repeat(100), 'data');
  const database = await start();
  expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('whoever is not the owner of the server cannot reach its socket', async () => {
  const database = await start();
  const sockets = new URL(database.url).searchParams.get('host') ?? '';
  expect((await stat(sockets)).mode & 0o077).toBe(0);
});

test('in a folder closed to all others the database is served, and the folder stays as it was', async () => {
  const closed = path.join(root, 'closed');
  await mkdir(closed, { mode: 0o700 });
  dataDir = path.join(closed, 'data');
  const lines: string[] = [];
  const first = await start((line) => lines.push(line));
  await query(first.url, 'create table kept as select 7 as n');
  await first.stop();
  expect((await stat(closed)).mode & 0o777).toBe(0o700);
  if (asRoot) {
    const instance = (await readFile(path.join(dataDir, 'instance'), 'utf8')).trim();
    expect(first.folder).toBe(path.join(stage, instance));
    expect(lines.join()).toContain(`the database is kept in ${first.folder}`);
  } else {
    expect(first.folder).toBe(dataDir);
  }
  expect(await query((await start()).url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('under a umask that closes every new file, the database is served all the same', async () => {
  const closed = path.join(root, 'closed');
  await mkdir(closed, { mode: 0o700 });
  dataDir = path.join(closed, 'data');
  const owner = await startOwner();
  expect(owner.refused).toBe('');
  expect(await query(owner.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

if (asRoot) {
  test('started by root, the server runs as another user', async () => {
    const database = await start();
    expect((await stat(`/proc/${database.pid()}`)).uid).not.toBe(0);
  });
}

// Root can start a process as a plain user, if that user can enter the folder of this very file.
if (asRoot && spawnSync('/bin/sh', ['-c', 'test -r "$0"', OWNER], NOBODY).status === 0) {
  test('started by a plain user, the server runs as that user, and root later serves that data as its owner', async () => {
    await mkdir(dataDir);
    await chown(dataDir, NOBODY.uid, NOBODY.gid);
    const owner = await startOwner(NOBODY);
    expect(owner.refused).toBe('');
    expect((await stat(`/proc/${owner.pid}`)).uid).toBe(NOBODY.uid);
    owner.process.kill('SIGTERM');
    await once(owner.process, 'exit');
    const next = await start();
    expect((await stat(`/proc/${next.pid()}`)).uid).toBe(NOBODY.uid);
  });

  test('data that belongs to another user is refused in one line', async () => {
    await (await start()).stop();
    await chown(dataDir, NOBODY.uid, NOBODY.gid);
    const owner = await startOwner(NOBODY);
    expect(owner.refused).toMatch(/belongs to user \d+; start as that user or as root, or set PURSER_DATA$/);
  });
}
