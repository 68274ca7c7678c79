import { type Clock, repeat, type Repetition } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Log } from '@purser/log';

import { isHere, type Mark, readMark } from './mark.ts';
import { appendMark, putAside, readMarks } from './mark-file.ts';
import { describeMissing, findMissing, type Missing, recordMissing } from './missing.ts';

const EVERY_MS = 1_000;

export interface MarkPlaces {
  /** Where marks are kept: beside the database's machine, and best on another one too. */
  readonly folders: readonly string[];
  /** Of this server among those that keep their marks there. */
  readonly name: string;
}

/**
 * Compares what is kept outside with the database; what is missing is written into the audit log once, and the marks that told it
 * are put aside. Nothing may be written before it, for a restored database must be recognised as it is.
 */
export async function reportMissing(pool: Pool, clock: Clock, { folders }: MarkPlaces): Promise<Missing | undefined> {
  const missing = await findMissing(pool, await readMarks(folders));
  if (missing === undefined) return undefined;
  await recordMissing(pool, clock.now(), missing);
  await putAside(folders, clock.now());
  return missing;
}

/**
 * Keeps a mark outside the database every second, and compares the last one before: a stand-by that was promoted behind is noticed
 * while servers go on. A folder that cannot be written is an error in the log, once until it can.
 */
export function watchMarks({
  pool,
  clock,
  log,
  ...places
}: MarkPlaces & { readonly pool: Pool; readonly clock: Clock; readonly log: Pick<Log, 'error' | 'debug'> }): Repetition {
  let last: Mark | undefined;
  // How long its file is from earlier starts is not known, so the first mark thins it.
  const lines = new Map(places.folders.map((folder) => [folder, Number.POSITIVE_INFINITY]));
  const unwritable = new Set<string>();
  const keep = async (folder: string, mark: Mark): Promise<void> => {
    try {
      lines.set(folder, await appendMark(folder, places.name, mark, lines.get(folder) ?? 0));
      unwritable.delete(folder);
    } catch (err) {
      if (!unwritable.has(folder)) log.error({ err, folder }, 'a mark of the ledger could not be stored outside the database');
      unwritable.add(folder);
    }
  };
  return repeat(
    EVERY_MS,
    async () => {
      if (last !== undefined && !(await isHere(pool, last))) {
        const missing = await reportMissing(pool, clock, places);
        if (missing !== undefined) log.error({ missing: describeMissing(missing) }, 'ledger entries are missing');
        for (const folder of places.folders) lines.set(folder, 0);
      }
      const mark = await readMark(pool, clock.now());
      if (last !== undefined && JSON.stringify(mark.newest) === JSON.stringify(last.newest)) return;
      for (const folder of places.folders) await keep(folder, mark);
      last = mark;
    },
    (err) => log.debug({ err }, 'the ledger could not be marked'),
  );
}
