import { createHash } from 'node:crypto';

import type { Position } from '@purser/ledger';

/** What is sealed, in the order the parts of a block stand in; each source has a function of its canonical lines. */
export const SOURCES = ['attempt', 'entry', 'posting'] as const;
export type Source = (typeof SOURCES)[number];

export const LINES_OF: Readonly<Record<Source, string>> = {
  attempt: 'ledger.attempt_lines',
  entry: 'audit.entry_lines',
  posting: 'ledger.posting_lines',
};

/** The rows of one source in a block: those after `after` (null: from the beginning) through `through`. */
export interface Part {
  readonly source: Source;
  readonly after: Position | null;
  readonly through: Position;
  readonly rows: number;
  /** sha256 of the canonical lines joined by newlines, in hexadecimal. */
  readonly digest: string;
}

export interface Block {
  readonly seq: bigint;
  /** The digest of the block before; 64 zeros in the first. */
  readonly previous: string;
  readonly sealed_at: Temporal.Instant;
  readonly parts: readonly Part[];
  readonly digest: string;
}

/** The end of the chain: who keeps it elsewhere can prove later that nothing before it was changed or cut off. */
export interface Head {
  readonly seq: bigint;
  readonly digest: string;
}

export const GENESIS: Head = { seq: 0n, digest: '0'.repeat(64) };

/** sha256 over the block's number, the digest before it, its time and its parts, as one JSON text. */
export function digestBlock({ seq, previous, sealed_at, parts }: Omit<Block, 'digest'>): string {
  const content = JSON.stringify([
    'block',
    seq.toString(),
    previous,
    sealed_at.toString(),
    parts.map((part) => [part.source, positionText(part.after), positionText(part.through), part.rows, part.digest]),
  ]);
  return createHash('sha256').update(content).digest('hex');
}

export function positionText(position: Position | null): string | null {
  return position && `${position.xid}.${position.id}`;
}

export function samePosition(a: Position | null, b: Position | null): boolean {
  return positionText(a) === positionText(b);
}
