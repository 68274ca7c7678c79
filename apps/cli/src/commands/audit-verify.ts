import { type Head, verifyAudit } from '@purser/audit';
import { loadSettings } from '@purser/base';

import { openDatabase } from '../open-database.ts';
import { printTrailVerdict } from '../trail-verdict.ts';

/** Prints whether the trail is as it was sealed, up to `head` when one is given; exit 1 when it is not. */
export async function verifyTrail(head: Head | undefined): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  const verification = await verifyAudit(database.pool, { head });
  printTrailVerdict(verification);
  for (const guard of verification.guards) console.log(`  guard: ${guard}`);
}
