import { migrate } from '@purser/database';
import { loadSettings } from '@purser/settings';
import { MIGRATIONS } from '@purser/server';

import { openDatabase } from '../open-database.ts';

/** Brings the database forward and names what was applied. */
export async function migrateDatabase(): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()), 'owner');
  const applied = await migrate(database.pool, MIGRATIONS, (line) => console.log(line));
  for (const { schema, number, name } of applied) console.log(`${schema}/${String(number).padStart(3, '0')}_${name}`);
  console.log(applied.length === 0 ? 'the database is up to date' : `${applied.length} migrations applied`);
}
