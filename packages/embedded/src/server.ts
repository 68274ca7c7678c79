import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { inBackground } from '@purser/core';
import { Fault } from '@purser/core';
import { runAs, spawnOptions } from './account.ts';
import type { Binaries } from './binaries.ts';
import type { Home } from './home.ts';
import { clearTraces, stopServer } from './orphan.ts';

const MB = 1024 * 1024;

/** An eighth of the memory of the machine, or of the container; what of it nobody needs is never touched. */
const MEMORY_MB = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / MB;
const BUFFERS_MB = Math.min(Math.max(Math.floor(MEMORY_MB / 8), 128), 4096);

/** Tuned for one machine with a few gigabytes: durable to the last commit, and checkpoints rare enough not to be felt. */
const CONFIGURATION = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '120',
  shared_buffers: `${BUFFERS_MB}MB`,
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Its only method that every build has takes more of the processor than the disk gains.
  wal_compression: 'off',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  log_checkpoints: 'off',
  log_min_messages: 'warning',
  jit: 'off',
  update_process_title: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** For a database that is thrown away with its process: nothing is waited for on its way to the disk. */
const THROWN_AWAY = { fsync: 'off', full_page_writes: 'off' };

const USER = 'postgres';
export const DATABASE = 'purser';
const PORT = '5432';
const LOG_SIZE_MAX = 10_000_000;
/** Recovery after a crash replays at most `max_wal_size` of log, which can take a while on a slow disk. */
const START_MS = 180_000;
/** Children of a killed server leave within moments of its death; until then its memory is in use. */
const LEAVE_MS = 10_000;

/** The address of a database of this home, for `pg` and every client that knows `host` as a parameter; also a valid `URL`. */
export function addressOf(home: Home, database: string): string {
  const url = new URL(`postgres://${USER}@localhost:${PORT}/${database}`);
  url.searchParams.set('host', home.sockets);
  return url.href;
}

/** Makes the data folder when there is none; one of another PostgreSQL is refused. */
export async function initialise(home: Home, binaries: Binaries, durable = true): Promise<void> {
  const found = await readFile(path.join(home.data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (found !== undefined) {
    if (found.trim() === binaries.major) return;
    throw new Fault(
      `${home.data} holds data of PostgreSQL ${found.trim()}, and PostgreSQL ${binaries.major} is installed: write a backup with the release that made it (\`purser backup\`), and restore it into a new PURSER_DATA with this one`,
      { retryable: false },
    );
  }
  // Made beside its place and then renamed, so that a start that dies half way leaves no half database.
  const draft = `${home.data}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (home.account) await chown(draft, home.account.uid, home.account.gid);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${USER}`, '--auth-local=trust', '--auth-host=reject'];
  const words = [`--pgdata=${draft}`, ...access, ...locale, ...(durable ? [] : ['--no-sync'])];
  const { code, output } = await runAs(home.account, binaries.initdb, words);
  if (code !== 0) {
    throw new Fault(`the database could not be created in ${home.data}: ${lastComplaint(output)}`, { retryable: false });
  }
  await rename(draft, home.data);
}

export interface Server {
  readonly pid: number;
  /** Resolves with the words for how it ended: a signal or an exit code. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the server and returns when it answers. It lives on when this process is killed: the next start finds it.
 * One that is not durable loses its data with the machine, not with its own end.
 */
export async function startServer(home: Home, binaries: Binaries, durable = true): Promise<Server> {
  const file = path.join(home.folder, 'postgres.log');
  const until = performance.now() + LEAVE_MS;
  for (;;) {
    await clearTraces(home.data, home.sockets);
    const offset = await trimmedSize(file);
    const { child, ended } = await launch(home, binaries, file, durable);
    const failure = await firstAnswer(home, child, ended);
    if (failure === undefined) return serverOf(child, ended, home);
    const written = (await readFile(file)).subarray(offset).toString('utf8');
    const inUse = /pre-existing shared memory block|is still in use/.test(written);
    if (!inUse || performance.now() > until) {
      throw new Fault(`the embedded database did not start: ${lastComplaint(written) || failure} (its log is ${file})`, {
        retryable: false,
      });
    }
    await sleep(200);
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

async function launch(home: Home, binaries: Binaries, log: string, durable: boolean): Promise<Launched> {
  const settings = { ...CONFIGURATION, ...(!durable && THROWN_AWAY), unix_socket_directories: home.sockets };
  const words = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const output = await open(log, 'a', 0o600);
  try {
    // In a session of its own, for Ctrl-C reaches a whole group: the database must outlive the calls that are still being settled.
    const child = spawn(binaries.postgres, ['-D', home.data, '-p', PORT, ...words], {
      ...spawnOptions(home.account),
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    child.unref();
    // Listened to before anything is awaited: one that dies at once would else end unheard, and be waited for in vain.
    return { child, ended: ending(child) };
  } finally {
    await output.close();
  }
}

function ending(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
}

/** Waits until the server takes connections, and makes our database. Returns what went wrong, if it ended instead. */
async function firstAnswer(home: Home, child: ChildProcess, ended: Promise<string>): Promise<string | undefined> {
  let end: string | undefined;
  inBackground(
    ended.then((how) => {
      end = how;
    }),
    (error) => {
      end = String(error);
    },
  );
  const abandon = async (why: string): Promise<string> => {
    if (end === undefined) await stopServer(child.pid ?? 0, home.data);
    return why;
  };
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (end !== undefined) return end;
    if (await isReady(home, child)) return await makeDatabase(home).catch((error: unknown) => abandon(String(error)));
    await sleep(10);
  }
  return abandon(`no answer within ${START_MS / 1000} seconds`);
}

/** The server keeps its state in the eighth line of its pid file; asking it by a connection would cost it a process each time. */
async function isReady(home: Home, child: ChildProcess): Promise<boolean> {
  const lines = (await readFile(path.join(home.data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return lines[0] === String(child.pid) && lines[7]?.trim() === 'ready';
}

async function makeDatabase(home: Home): Promise<undefined> {
  const client = new pg.Client({ connectionString: addressOf(home, 'postgres'), connectionTimeoutMillis: 30_000 });
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function serverOf(child: ChildProcess, ended: Promise<string>, home: Home): Server {
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    async stop() {
      // It is awaited from here on: a process with nothing else to do would end before it hears of the server's end.
      child.ref();
      if (child.exitCode === null && child.signalCode === null) await stopServer(pid, home.data);
      await ended;
    },
  };
}

/** The size of the log, which starts anew when it has grown large. */
async function trimmedSize(file: string): Promise<number> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0;
  if (size <= LOG_SIZE_MAX) return size;
  await rename(file, `${file}.1`);
  return 0;
}

/** The line that says why, out of all that Postgres writes. */
function lastComplaint(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const complaint = lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? '';
  return complaint.replace(/^.*?(?:FATAL|PANIC|error):\s*/, '').trim();
}
