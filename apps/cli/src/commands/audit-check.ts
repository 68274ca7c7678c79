import { open } from 'node:fs/promises';

import { type Head, verifyExport } from '@purser/audit';

import { printAuditVerdict } from '../audit-verdict.ts';

/** Prints whether an exported trail is as it was sealed, up to `head` when one is given; needs no database. Exit 1 when it is not. */
export async function checkExport(file: string, head: Head | undefined): Promise<void> {
  await using handle = await open(file);
  printAuditVerdict(await verifyExport(handle.readLines(), { head }));
}
