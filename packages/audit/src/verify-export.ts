import { createHash, type Hash } from 'node:crypto';

import type { Position } from '@purser/ledger';
import { z } from 'zod';

import { type Block, digestNow, type Head, type Part, SOURCES } from './block.ts';
import { type Break, Chain } from './chain.ts';

/** The outcome of `verifyExport`. */
export interface ExportVerification {
  readonly intact: boolean;
  readonly entries: bigint;
  readonly head: Head | null;
  readonly first_broken?: Break;
}

const position = z
  .string()
  .regex(/^-?\d{1,19}\.-?\d{1,19}$/)
  .transform((text): Position => {
    const [xid = '', id = ''] = text.split('.');
    return { xid: BigInt(xid), id: BigInt(id) };
  });
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const header = z.strictObject({
  block: z
    .string()
    .regex(/^\d{1,19}$/)
    .transform(BigInt),
  previous: digest,
  sealed_at: z.string().transform((text) => Temporal.Instant.from(text)),
  digest,
  parts: z.array(
    z.strictObject({
      source: z.enum(SOURCES),
      after: position.nullable(),
      through: position,
      rows: z.int().positive(),
      digest,
      facts: digest.nullable().default(null),
      redactions: z.array(z.strictObject({ digest_before: digest, digest_after: digest })).default([]),
    }),
  ),
});

/**
 * Checks an export of the whole trail without a database, a line at a time: chain and rows as `verifyAudit` does.
 * `head` is one kept elsewhere; without it an export that was cut at a block's end looks whole.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  { head }: { head?: Head | undefined } = {},
): Promise<ExportVerification> {
  const reader = new ExportReader(head);
  for await (const line of lines) {
    const broken = reader.take(line);
    if (broken) return { intact: false, entries: reader.entries, head: reader.good, first_broken: broken };
  }
  const broken = reader.end();
  if (broken) return { intact: false, entries: reader.entries, head: reader.good, first_broken: broken };
  return { intact: true, entries: reader.entries, head: reader.good };
}

class ExportReader {
  entries = 0n;
  /** The last block whose rows are all there and right. */
  good: Head | null = null;
  readonly #chain: Chain;
  #open: PartReader | null = null;

  constructor(head: Head | undefined) {
    this.#chain = new Chain(head);
  }

  take(line: string): Break | null {
    if (line.startsWith('{"trail":')) return null;
    if (line.startsWith('[')) return this.#takeRow(line);
    const unfinished = this.#closeBlock();
    if (unfinished) return unfinished;
    const block = parseHeader(line);
    if (!block) return { seq: this.#chain.head.seq + 1n, reason: 'its header cannot be read' };
    this.#open = new PartReader(block);
    return this.#chain.append(block);
  }

  end(): Break | null {
    return this.#closeBlock() ?? this.#chain.end();
  }

  #takeRow(line: string): Break | null {
    if (!this.#open?.take(line)) return { seq: this.#chain.head.seq, reason: 'a row is not covered by any block' };
    this.entries += 1n;
    return null;
  }

  #closeBlock(): Break | null {
    if (!this.#open) return null;
    const broken = this.#open.end();
    if (!broken) this.good = this.#chain.head;
    return broken;
  }
}

function parseHeader(line: string): Block | null {
  try {
    const parsed = header.safeParse(JSON.parse(line));
    return parsed.success ? { ...parsed.data, seq: parsed.data.block } : null;
  } catch {
    return null;
  }
}

/** Takes the rows of one block, part after part. */
class PartReader {
  readonly #seq: bigint;
  readonly #parts: readonly Part[];
  #index = 0;
  #rows = 0;
  #hash: Hash = createHash('sha256');
  #broken: Break | null = null;

  constructor({ seq, parts }: Block) {
    this.#seq = seq;
    this.#parts = parts;
  }

  /** False when the block seals no further row. */
  take(line: string): boolean {
    const part = this.#parts[this.#index];
    if (!part) return false;
    this.#hash.update(this.#rows === 0 ? line : `\n${line}`);
    this.#rows += 1;
    if (this.#rows === part.rows) this.#close(part);
    return true;
  }

  end(): Break | null {
    const part = this.#parts[this.#index];
    return (
      this.#broken ?? (part ? { seq: this.#seq, reason: `fewer than its ${part.rows} ${part.source} rows are there` } : null)
    );
  }

  #close(part: Part): void {
    if (this.#hash.digest('hex') !== digestNow(part)) {
      this.#broken ??= { seq: this.#seq, reason: `its ${part.source} rows are not what was sealed` };
    }
    this.#index += 1;
    this.#rows = 0;
    this.#hash = createHash('sha256');
  }
}
