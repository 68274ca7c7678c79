import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

import { adoptRestoredDatabase, describeMissing, type MarkPlaces, reportMissing, watchMarks } from '@purser/audit';
import { systemClock } from '@purser/core';
import { examineDatabase, migrate, openPool } from '@purser/database';
import type { Settings } from '@purser/settings';
import type { Log } from '@purser/log';
import { provenCatalog, MIGRATIONS, type RunningServer, startServer } from '@purser/server';

import { keepSecret, readKeptSecret } from './kept-secret.ts';
import { watchLastResort } from './last-resort.ts';
import { startDatabase } from './open-database.ts';

const ADMIN_TOKEN = 'admin-token';
const WEB = path.resolve(import.meta.dirname, '..', '..', 'web', 'dist');

export interface Started {
  readonly running: RunningServer;
  /** Where its data is, for a person. */
  readonly database: string;
  readonly admin_token: string;
  /** Made by us, because the settings have none. */
  readonly generated: boolean;
}

/**
 * Database, migrations, proof, server, and then until a signal: the whole life of a serving process.
 * @throws Fault in one line; then nothing is left running.
 */
export async function runServer(options: {
  readonly settings: Settings;
  readonly log: Log;
  readonly say?: (line: string) => void;
  /** It answers health checks and metrics alone. */
  readonly jobs_only?: true;
  readonly started: (started: Started) => Promise<void>;
}): Promise<void> {
  const { settings, log, jobs_only } = options;
  await using opened = new AsyncDisposableStack();
  const signalled = firstSignal(opened);
  const lastResort = opened.use(watchLastResort(log, signalled.end));
  const say = options.say ?? ((line: string) => log.info(line));
  // What is wrong with the catalog is said before a database is made for it.
  const catalog = await provenCatalog(settings, systemClock.now(), log);
  const database = await startDatabase(settings, say);
  opened.defer(() => database.stop());
  const marks = markPlaces(settings);
  await bringForward(database.url, { log, say, marks });
  if (signalled.fired) return;
  const { admin_token, generated } = await adminToken(settings);
  const running = await startServer({
    settings,
    database_url: database.url,
    admin_token,
    catalog,
    log,
    // Nobody else reads this terminal when the database is our own.
    ...(settings.database_url === undefined && { print: (text: string) => console.log(text) }),
    ...(jobs_only ? { jobs_only } : existsSync(WEB) && { web_directory: WEB }),
  });
  opened.defer(() => running.stop());
  const watch = watchMarks({ ...marks, pool: running.composition.deps.pool, clock: systemClock, log });
  opened.defer(() => watch.stop());
  const { metrics } = running.composition.deps;
  lastResort.count = (work) => metrics.backgroundFailed(work);
  await options.started({ running, admin_token, generated, database: database.where });
  say(`stopping (${await signalled.signal}); running calls end first`);
}

async function bringForward(
  url: string,
  { log, say, marks }: { log: Log; say: (line: string) => void; marks: MarkPlaces },
): Promise<void> {
  await examineDatabase(url);
  const pool = openPool(url, { connections_max: 1 });
  try {
    const applied = await migrate(pool, MIGRATIONS, say);
    if (applied.length > 0) say(`the database was migrated (${applied.length} migrations)`);
    if (await adoptRestoredDatabase(pool))
      say('the database was restored from a dump: its transaction counter continues from the ledger');
    const missing = await reportMissing(pool, systemClock, marks);
    if (missing !== undefined) log.error(describeMissing(missing));
  } finally {
    await pool.end();
  }
}

/** Each server keeps its own file, so that several can share a folder. */
export function markPlaces({ data_folder, marks_folder, port }: Settings): MarkPlaces {
  const name = `${hostname().replace(/[^A-Za-z0-9.-]/g, '_')}-${port}`;
  return { name, folders: [path.join(data_folder, 'marks'), ...(marks_folder === undefined ? [] : [marks_folder])] };
}

async function adminToken(settings: Settings): Promise<{ admin_token: string; generated: boolean }> {
  if (settings.admin_token !== undefined) return { admin_token: settings.admin_token, generated: false };
  const kept = await readKeptSecret(settings.data_folder, ADMIN_TOKEN);
  if (kept !== undefined) return { admin_token: kept, generated: true };
  const admin_token = `admin_${randomBytes(24).toString('base64url')}`;
  await keepSecret(settings.data_folder, ADMIN_TOKEN, admin_token);
  return { admin_token, generated: true };
}

/** One Ctrl-C can arrive several times at once: from the terminal, and again from each program that passes it on. */
const ECHO_MS = 1_000;

interface FirstSignal {
  /** What asked to stop, in a word. */
  readonly signal: Promise<string>;
  readonly fired: boolean;
  /** Asks to stop as a signal does. */
  readonly end: (why: string) => void;
}

/** The first SIGINT or SIGTERM asks to stop; a second one, by someone who grew impatient, leaves at once. */
function firstSignal(opened: AsyncDisposableStack): FirstSignal {
  const { promise, resolve } = Promise.withResolvers<string>();
  const state = {
    signal: promise,
    fired: false,
    end(why: string) {
      state.fired = true;
      resolve(why);
    },
  };
  let first_ms = 0;
  const handle = (signal: string): void => {
    if (state.fired && performance.now() - first_ms < ECHO_MS) return;
    if (state.fired) process.exit(signal === 'SIGINT' ? 130 : 143);
    first_ms = performance.now();
    state.end(signal);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, handle);
    opened.defer(async () => {
      process.off(name, handle);
    });
  }
  return state;
}
