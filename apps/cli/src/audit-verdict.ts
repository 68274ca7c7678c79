import {
  describeMissing,
  type ExportVerification,
  findMissing,
  formatHead,
  type Head,
  parseHead,
  readMarks,
  recordedMissing,
} from '@purser/audit';
import { isRefusal } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Settings } from '@purser/settings';
import { InvalidArgumentError } from 'commander';

import { markPlaces } from './run-server.ts';

/** Reads `--head`. */
export function headArgument(text: string): Head {
  const head = parseHead(text);
  if (isRefusal(head)) throw new InvalidArgumentError(head.detail);
  return head;
}

/** Prints the verdict on a trail; exit 1 when it is broken. */
export function printAuditVerdict({ intact, entries, head, first_broken }: ExportVerification): void {
  console.log(`${intact ? 'intact' : 'NOT intact'}: ${entries} sealed rows`);
  console.log(head === null ? 'nothing is sealed yet' : `head: ${formatHead(head)}`);
  if (first_broken !== undefined) console.log(`  block ${first_broken.seq}: ${first_broken.reason}`);
  if (!intact) process.exitCode = 1;
}

/** Prints what the marks that are kept outside say is missing, and what was found missing before; exit 1 when something is now. */
export async function printMissing(pool: Pool, settings: Settings): Promise<void> {
  const marks = await readMarks(markPlaces(settings).folders);
  const missing = await findMissing(pool, marks);
  const newest = marks.at(-1);
  if (missing !== undefined) {
    console.log(`MISSING: ${describeMissing(missing)}`);
    process.exitCode = 1;
  } else {
    console.log(
      newest === undefined
        ? 'no marks are stored here'
        : `nothing is missing of what was marked outside the database, last at ${newest.at}`,
    );
  }
  for (const { found_at, ...one } of await recordedMissing(pool))
    console.log(`  found ${found_at.toString()}: ${describeMissing(one)}`);
}
