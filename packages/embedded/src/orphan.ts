import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { Fault } from '@purser/core';
import type { Home } from './home.ts';
import { processMark } from './process-mark.ts';

const run = promisify(execFile);

/** How long open transactions get to roll back and the last checkpoint to be written, before the server is stopped at once. */
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;

/**
 * Ends the server that a killed owner left behind on this data folder.
 * Call it only as the owner of the folder. A process that merely inherited the pid is left alone.
 */
export async function stopOrphan({ data }: Home, log: (line: string) => void): Promise<void> {
  const file = path.join(data, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (Number.isSafeInteger(pid) && pid > 1 && (await serves(pid, data))) {
    log(`a database server (process ${pid}) was left running by an earlier process; stopping it before a new one starts`);
    await stopServer(pid, data);
  }
}

/** Postgres takes the traces of a killed server for a living one when its pid is in use again, or stays as a zombie that nobody reaps. */
export async function clearTraces(data: string, sockets: string): Promise<void> {
  await rm(path.join(data, 'postmaster.pid'), { force: true });
  for (const file of await readdir(sockets)) await rm(path.join(sockets, file), { force: true });
}

/** Stops in Postgres' own two steps: fast (roll back, checkpoint, end), then immediate (end now, recover from the log at the next start). */
export async function stopServer(pid: number, data: string): Promise<void> {
  for (const [signal, limit_ms] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
  ] as const) {
    // Asked each time before a signal is sent: the number may have become that of another process.
    if (!(await serves(pid, data)) || !sendSignal(pid, signal)) return;
    const until = performance.now() + limit_ms;
    while (performance.now() < until) {
      if (!(await serves(pid, data))) return;
      await sleep(20);
    }
  }
  throw new Fault(`the database server (process ${pid}) on ${data} does not stop; stop it by hand`, { retryable: false });
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Whether that process really is a Postgres on this data folder: Postgres works from inside it. */
async function serves(pid: number, data: string): Promise<boolean> {
  if ((await processMark(pid)) === undefined) return false;
  try {
    if (process.platform === 'linux') {
      const name = await readFile(`/proc/${pid}/comm`, 'utf8');
      return name.startsWith('postgres') && (await readlink(`/proc/${pid}/cwd`)) === (await realpath(data));
    }
    const { stdout } = await run('/bin/ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes('postgres') && stdout.includes(data);
  } catch {
    return false;
  }
}
