import { createHash, randomBytes } from 'node:crypto';
import { chown, link, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Fault } from '@purser/core';
import { type Account, canUse, serverAccount } from './account.ts';
import { makeFolder, makeOpenFolder } from './open-folder.ts';

/** Where one database lives and as whom it is served. */
export interface Home {
  readonly account: Account | undefined;
  /** Holds `owner`, `postgres.log` and the data folder. */
  readonly folder: string;
  readonly data: string;
  /** Open to the account alone: whoever can enter it may connect. */
  readonly sockets: string;
}

/**
 * Settles on the home of a data folder. It is the folder itself, unless we are root and the account that must serve it
 * cannot get there (a clone under /root, say): then it is `<stage>/<instance>`, and the instance is kept in the data folder.
 * Folders that we did not make are never changed.
 */
export async function settleHome(dataDir: string, stage: string, log: (line: string) => void): Promise<Home> {
  await makeFolder(dataDir).catch((error: unknown) => {
    throw new Fault(`the data folder ${dataDir} cannot be created: ${reason(error)}`, { retryable: false, cause: error });
  });
  const staged = path.join(stage, await instanceOf(dataDir));
  for (const folder of [dataDir, staged]) {
    const owner = await ownerOf(path.join(folder, 'postgres'));
    if (owner !== undefined) return knownHome(folder, owner);
  }
  const account = await serverAccount(undefined);
  if (account === undefined || (await canKeepDataIn(dataDir, account))) return homeAt(dataDir, account);
  await makeOpenFolder(staged);
  log(`the database is kept in ${staged}, because the user ${account.name}, which runs it, cannot enter ${dataDir}`);
  return homeAt(staged, account);
}

async function knownHome(folder: string, owner: number): Promise<Home> {
  const account = await serverAccount(owner);
  const own = process.getuid?.();
  if (account === undefined && owner !== own) {
    throw new Fault(`the database in ${folder} belongs to user ${owner}; start as that user or as root, or set PURSER_DATA`, {
      retryable: false,
    });
  }
  if (!(await canUse(account, path.join(folder, 'postgres'), 'write'))) {
    const name = account?.name ?? `user ${String(own)}`;
    throw new Fault(`the database in ${folder} cannot be reached by its owner ${name}; move it to a folder that user can enter`, {
      retryable: false,
    });
  }
  return homeAt(folder, account);
}

async function homeAt(folder: string, account: Account | undefined): Promise<Home> {
  return { account, folder, data: path.join(folder, 'postgres'), sockets: await socketFolder(folder, account) };
}

/** The short random name by which this data folder is known outside itself. */
async function instanceOf(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'instance');
  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, `${randomBytes(6).toString('hex')}\n`);
    // A link appears whole or not at all; starts that race each other all read the one that came first.
    await link(draft, file).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    await rm(draft);
  } catch (error) {
    throw new Fault(`the data folder ${dataDir} cannot be written: ${reason(error)}`, { retryable: false, cause: error });
  }
  const instance = (await readFile(file, 'utf8')).trim();
  if (!/^[0-9a-f]{12}$/.test(instance)) {
    throw new Fault(`${file} has no instance name (12 hexadecimal digits); restore it, or remove it if the folder is new`, {
      retryable: false,
    });
  }
  return instance;
}

async function ownerOf(folder: string): Promise<number | undefined> {
  return (await stat(folder).catch(() => undefined))?.uid;
}

/** Tried rather than deduced: a folder is made and handed over. */
async function canKeepDataIn(dataDir: string, account: Account): Promise<boolean> {
  const probe = path.join(dataDir, `probe.${process.pid}`);
  await mkdir(probe, { mode: 0o700 });
  try {
    await chown(probe, account.uid, account.gid);
    return await canUse(account, probe, 'write');
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

/** The address of a Unix socket holds 104 to 108 bytes, `/.s.PGSQL.5432` included. */
const SOCKET_FOLDER_LENGTH_MAX = 88;

async function socketFolder(folder: string, account: Account | undefined): Promise<string> {
  const near = path.join(folder, 'socket');
  const far = path.join('/tmp', `purser-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  const chosen = Buffer.byteLength(near) <= SOCKET_FOLDER_LENGTH_MAX ? near : far;
  await mkdir(chosen, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  const own = process.getuid?.();
  const found = await lstat(chosen);
  // In /tmp anyone could have made it first, to read along; only what is ours is used and handed to the account.
  if (!found.isDirectory() || (found.uid !== own && found.uid !== account?.uid) || (found.mode & 0o077) !== 0) {
    throw new Fault(`${chosen} must be a folder that only the server's own user can enter; remove it and start again`, {
      retryable: false,
    });
  }
  if (account && found.uid !== account.uid) await chown(chosen, account.uid, account.gid);
  return chosen;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
