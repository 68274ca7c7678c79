import { systemClock } from '@purser/core';
import { backUp } from '@purser/database';
import { loadSettings } from '@purser/settings';

import { openDatabase } from '../open-database.ts';

/** Writes the whole installation to one file, beside whatever runs. */
export async function writeBackup(file: string): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()), 'owner');
  const { tables, rows } = await backUp(database.pool, file, systemClock.now());
  console.log(`${file}: ${rows} rows of ${tables} tables, as they were at this moment`);
}
