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

/** The same rows without what an erasure may replace. */
export const FACTS_OF: Readonly<Record<Source, string>> = {
  attempt: 'ledger.attempt_facts',
  entry: 'audit.entry_facts',
  posting: 'ledger.posting_facts',
};

/** What an erasure left of a part's digest: another one, for the texts of a person are no longer there. */
export interface Redaction {
  readonly digest_before: string;
  readonly digest_after: string;
}

/** The rows of one source in a block: those after `after` (null: from the beginning) through `through`. */
export interface Part {
  readonly source: Source;
  readonly after: Position | null;
  readonly through: Position;
  readonly rows: number;
  /** sha256 of the canonical lines joined by newlines, in hexadecimal. */
  readonly digest: string;
  /** The same over the facts of the rows, which no erasure changes; null in parts that were sealed before there were any. */
  readonly facts: string | null;
  /** Oldest first. They are no part of the block's digest: what they may change is bound by `facts`. */
  readonly redactions: readonly Redaction[];
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
    parts.map(({ source, after, through, rows, digest, facts }) => [
      source,
      positionText(after),
      positionText(through),
      rows,
      digest,
      ...(facts === null ? [] : [facts]),
    ]),
  ]);
  return createHash('sha256').update(content).digest('hex');
}

/** What the lines of a part digest to by now; undefined when its redactions do not follow from what was sealed. */
export function digestNow({ digest, redactions }: Pick<Part, 'digest' | 'redactions'>): string | undefined {
  let now = digest;
  for (const { digest_before, digest_after } of redactions) {
    if (digest_before !== now) return undefined;
    now = digest_after;
  }
  return now;
}

export function positionText(position: Position | null): string | null {
  return position && `${position.xid}.${position.id}`;
}

export function samePosition(a: Position | null, b: Position | null): boolean {
  return positionText(a) === positionText(b);
}
