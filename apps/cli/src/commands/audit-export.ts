import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { exportAudit } from '@purser/audit';
import { loadSettings } from '@purser/settings';

import { openDatabase } from '../open-database.ts';

/** Writes the sealed trail to the output as JSON Lines, no faster than it is read. */
export async function exportAuditLog(): Promise<void> {
  await using database = await openDatabase(loadSettings(process.cwd()));
  await pipeline(Readable.from(ended(exportAudit(database.pool))), process.stdout, { end: false });
}

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
