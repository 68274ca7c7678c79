import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

import { Fault, RefusalError, refuse } from '@purser/core';

/**
 * A body that lies in a file of nobody's, read when all of it is there: a slow sender keeps no connection of the database waiting, and what
 * it sent is known by its hash before anything is made of it.
 */
export interface Spooled {
  /** In hex, of its bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** From its beginning. */
  read(): Readable;
  close(): Promise<void>;
}

/** At a time: what is read at once is in memory at once, and what is made of it. */
const READ_BYTES = 8 * 1024;

/** @throws RefusalError when it is longer than `bytes_max`; what the body throws; Fault when there is no place for it. */
export async function spool(body: Readable, bytes_max: number): Promise<Spooled> {
  // What breaks off before it is read is met when it is read.
  body.on('error', () => {});
  const folder = await mkdtemp(path.join(tmpdir(), 'purser-upload-')).catch(noPlace);
  const file = await open(path.join(folder, 'body'), 'wx+', 0o600).catch(noPlace);
  // Its name goes at once, so that a process that is killed leaves nothing behind; where open files keep their names, at the end.
  await rm(folder, { recursive: true, force: true }).catch(() => {});
  const close = async (): Promise<void> => {
    await file.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > bytes_max)
        throw new RefusalError(refuse('request_too_large', `the body: want ${bytes_max} bytes at most, got more`));
      hash.update(piece);
      await file.appendFile(piece).catch(noPlace);
    }
    const read = (): Readable => file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES });
    return { sha256: hash.digest('hex'), bytes, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function noPlace(cause: unknown): never {
  throw new Fault('the server has no place for this upload at the moment', { retryable: true, cause });
}
