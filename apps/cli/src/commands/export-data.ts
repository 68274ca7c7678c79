import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { fileTrouble, systemClock } from '@purser/core';
import { loadSettings } from '@purser/settings';
import { exportArchive, type ExportSubject } from '@purser/privacy';

import { type OpenDatabase, openDatabase } from '../open-database.ts';
import { personOf, workspaceNamed } from './erase.ts';

/** Writes everything that is kept of a workspace to one archive. */
export async function exportWorkspace(name: string, file: string): Promise<void> {
  await write(file, async ({ pool }) => ({ workspace: (await workspaceNamed(pool, name)).workspace_id }));
}

export async function exportPerson(email: string, file: string): Promise<void> {
  await write(file, async ({ pool }) => ({ person: await personOf(pool, email), email }));
}

async function write(file: string, subjectOf: (database: OpenDatabase) => Promise<ExportSubject>): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const subject = await subjectOf(database);
  // A file that is there already is somebody's.
  try {
    await pipeline(
      exportArchive(database.pool, systemClock.now(), subject, 'cost'),
      createWriteStream(file, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    throw fileTrouble(`${file} cannot be written`, error);
  }
  console.log(`written to ${file}`);
}
