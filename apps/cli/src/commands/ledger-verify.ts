import { loadSettings } from '@purser/settings';
import { verifyBooks } from '@purser/console';

import { openDatabase } from '../open-database.ts';
import { printMissing } from '../audit-verdict.ts';

/** Prints what the books say of themselves; exit 1 when they do not balance or a counter is not what its history says. */
export async function verifyLedger(): Promise<void> {
  const settings = loadSettings(process.cwd());
  await using database = await openDatabase(settings);
  const { balanced, entries, open_holds, overruns, unreconciled, mismatches } = await verifyBooks(database.pool);
  console.log(`${balanced ? 'balanced' : 'NOT balanced'}: ${entries} entries`);
  console.log(`open holds ${open_holds}, overruns ${overruns}, unresolved ${unreconciled}`);
  for (const { kind, detail } of mismatches) console.log(`  ${kind}: ${detail}`);
  if (!balanced) process.exitCode = 1;
  await printMissing(database.pool, settings);
}
