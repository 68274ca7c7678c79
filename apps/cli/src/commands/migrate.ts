import { loadSettings, migrate } from '@purser/base';
import { ROOMS } from '@purser/server';

import { openDatabase } from '../open-database.ts';

/** Brings the database forward and names what was applied. */
export async function migrateDatabase(): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()), 'owner');
  const applied = await migrate(database.pool, ROOMS, (line) => console.log(line));
  for (const { room, number, name } of applied) console.log(`${room}/${String(number).padStart(3, '0')}_${name}`);
  console.log(applied.length === 0 ? 'the database is up to date' : `${applied.length} migrations applied`);
}
