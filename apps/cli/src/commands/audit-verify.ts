import { type Head, verifyAudit } from '@purser/audit';
import { loadSettings } from '@purser/settings';

import { openDatabase } from '../open-database.ts';
import { printMissing, printAuditVerdict } from '../audit-verdict.ts';

/** Prints whether the trail is as it was sealed, up to `head` when one is given; exit 1 when it is not. */
export async function verifyAuditLog(head: Head | undefined): Promise<void> {
  const settings = loadSettings(process.cwd());
  await using database = await openDatabase(settings);
  const verification = await verifyAudit(database.pool, { head });
  printAuditVerdict(verification);
  for (const guard of verification.guards) console.log(`  guard: ${guard}`);
  await printMissing(database.pool, settings);
}
