import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Fault } from '@purser/core';
import { processMark } from './process-mark.ts';

export interface Ownership {
  release(): Promise<void>;
}

/**
 * Makes this process the one owner of a data folder until it releases it or dies.
 * Postgres guards its files against a second server; this guards the server against a second keeper, who would take it for an orphan.
 * @throws Fault naming the living owner.
 */
export async function own(home: string): Promise<Ownership> {
  const file = path.join(home, 'owner');
  const mine = `${process.pid} ${(await processMark(process.pid)) ?? ''}\n`;
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, mine);
  try {
    // A link appears whole or not at all, so a reader never meets a half-written owner.
    for (let tries = 0; tries < 10; tries++) {
      if (await linked(draft, file)) return { release: () => release(file, mine) };
      await removeIfDead(file, home);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new Fault(`several starts on ${home} at once; try again`, { retryable: true });
}

async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeIfDead(file: string, home: string): Promise<void> {
  const owner = await readFile(file, 'utf8').catch(() => undefined);
  if (owner === undefined) return;
  const separator = owner.indexOf(' ');
  const pid = Number(owner.slice(0, separator));
  if ((await processMark(pid)) === owner.slice(separator + 1).trim()) {
    throw new Fault(`${home} is in use by process ${pid}; stop it first, or set PURSER_DATA to another folder`, {
      retryable: false,
    });
  }
  // Moved aside and read again: another starter may have put its own name there since.
  const aside = `${file}.stale.${process.pid}`;
  await rename(file, aside).catch(() => {});
  if ((await readFile(aside, 'utf8').catch(() => owner)) !== owner) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function release(file: string, mine: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => '')) === mine) await rm(file, { force: true });
}
