import { adoptRestoredDatabase } from '@purser/audit';
import { restoreBackup } from '@purser/database';
import { loadSettings } from '@purser/settings';
import { MIGRATIONS } from '@purser/server';

import { openDatabase } from '../open-database.ts';

/** Fills an empty database from what `purser backup` wrote; all of it or nothing. */
export async function restoreFromBackup(file: string): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()), 'owner');
  const { tables, rows, made_at } = await restoreBackup(database.pool, MIGRATIONS, file);
  await adoptRestoredDatabase(database.pool);
  console.log(`restored ${rows} rows of ${tables} tables, as they were at ${made_at}`);
  console.log(
    'next: `purser ledger verify`, `purser audit verify`, and what came after the backup (docs/operating.md, "After a disaster")',
  );
}
