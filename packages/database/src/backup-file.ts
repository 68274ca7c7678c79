import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

import { z } from 'zod';

import { Fault } from '@purser/core';
import { fileTrouble } from '@purser/core';

/*
 * A backup file is a gzip of frames: four bytes of length and so many bytes. The first frame is the header, and the last the end, so
 * that a file that was cut is known. Between them each table is one frame that names it, frames of its rows as COPY writes them,
 * and an empty frame.
 */

const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export const Header = z.object({
  purser_backup: z.literal(1),
  made_at: z.string(),
  server_version: z.string(),
  installation: z.string(),
  migrations: z.array(z.object({ room: z.string(), number: z.int(), sha256: z.string() })),
  /** Sequences and how far each has gone. */
  sequences: z.array(z.object({ name: z.string(), last: z.string(), called: z.boolean() })),
});
export type Header = z.infer<typeof Header>;

export const TableFrame = z.object({ table: z.string(), columns: z.array(z.string()) });
export type TableFrame = z.infer<typeof TableFrame>;
const End = z.object({ end: z.literal(true), tables: z.int() });

export type BackupPart = { readonly head: TableFrame; readonly rows: AsyncIterable<Buffer> };

function frame(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const jsonFrame = (value: unknown): Buffer => frame(Buffer.from(JSON.stringify(value)));

/** Writes a backup whole or not at all: under another name until its last byte is there, readable by its owner alone. */
export async function writeBackupFile(file: string, header: Header, parts: AsyncIterable<BackupPart>): Promise<void> {
  const draft = `${file}.part`;
  async function* frames(): AsyncGenerator<Buffer> {
    yield jsonFrame(header);
    let tables = 0;
    for await (const { head, rows } of parts) {
      yield jsonFrame(head);
      for await (const chunk of rows) if (chunk.length > 0) yield frame(chunk);
      yield frame(Buffer.alloc(0));
      tables += 1;
    }
    yield jsonFrame({ end: true, tables });
  }
  try {
    await pipeline(Readable.from(frames()), createGzip(), createWriteStream(draft, { mode: 0o600, flags: 'w', flush: true }));
    await rename(draft, file);
  } catch (error) {
    // Why it could not be written counts, not that there is nothing to take away.
    await rm(draft, { force: true }).catch(() => undefined);
    throw fileTrouble(`${file} cannot be written`, error);
  }
}

/** Reads a backup forward. @throws Fault in one line when it is none, or was cut. */
export class BackupReader implements AsyncDisposable {
  readonly #file: string;
  readonly #frames: AsyncGenerator<Buffer, void>;

  constructor(file: string) {
    this.#file = file;
    this.#frames = framesOf(file);
  }

  async header(): Promise<Header> {
    return this.#parse(Header, await this.#next());
  }

  /** Table after table; the rows of each are to be read before the next. */
  async *tables(): AsyncGenerator<BackupPart> {
    for (let count = 0; ; count++) {
      const bytes = await this.#next();
      const end = End.safeParse(JSON.parse(bytes.toString('utf8')));
      if (end.success && end.data.tables === count) return;
      yield { head: this.#parse(TableFrame, bytes), rows: this.#rows() };
    }
  }

  async *#rows(): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  async #next(): Promise<Buffer> {
    try {
      const read: IteratorResult<Buffer, void> = await this.#frames.next();
      if (read.done !== true) return read.value;
    } catch (error) {
      if (error instanceof Fault) throw error;
      const trouble = fileTrouble(`${this.#file} cannot be restored`, error);
      throw trouble instanceof Fault ? trouble : this.#unreadable('it is damaged, or was not written by `purser backup`', error);
    }
    throw this.#unreadable('it ends too early', undefined);
  }

  #parse<T>(schema: z.ZodType<T>, bytes: Buffer): T {
    try {
      return schema.parse(JSON.parse(bytes.toString('utf8')));
    } catch (error) {
      throw this.#unreadable('it is not what `purser backup` writes, or of a newer version of it', error);
    }
  }

  #unreadable(why: string, cause: unknown): Fault {
    return new Fault(`${this.#file} cannot be restored: ${why}`, { retryable: false, cause });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#frames.return();
  }
}

async function* framesOf(file: string): AsyncGenerator<Buffer, void> {
  const source = createReadStream(file);
  const plain = createGunzip();
  // What goes wrong in either reaches who reads.
  source.on('error', (error) => plain.destroy(error));
  source.pipe(plain);
  let pending: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      let at = 0;
      while (pending.length - at >= 4) {
        const length = pending.readUInt32BE(at);
        if (length > FRAME_BYTES_MAX) throw new Fault(`${file} cannot be restored: it is damaged`, { retryable: false });
        if (pending.length - at < 4 + length) break;
        yield pending.subarray(at + 4, at + 4 + length);
        at += 4 + length;
      }
      pending = pending.subarray(at);
    }
  } finally {
    source.destroy();
    plain.destroy();
  }
}
