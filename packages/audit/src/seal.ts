import { Fault } from '@purser/core';
import { type Connection, type Pool, transaction } from '@purser/database';
import type { Position } from '@purser/ledger';

import { type Block, digestBlock, GENESIS, type Head, type Part, type Source, SOURCES } from './block.ts';
import { digestPart } from './digest-part.ts';

/** What one run of sealing did. */
export interface Sealed {
  readonly blocks: number;
  readonly rows: number;
  /** The end of the chain; null when nothing was ever sealed or another process is sealing. */
  readonly head: Head | null;
}

/** One process seals at a time, over the whole database. */
export const SEAL_LOCK = 4780_002;
/** A block digests at most this many rows of each source in memory of the database: some megabytes. */
const ROWS_PER_PART = 10_000;
const BIGINT_MAX = 2n ** 63n - 1n;

/**
 * Seals what no running transaction can precede, block by block, each in its own transaction: a kill loses at most the block
 * in progress, whose rows the next run seals. `now` is the time written into the blocks.
 * @throws Fault when the database was restored from a dump and not adopted.
 */
export async function seal(pool: Pool, now: Temporal.Instant, rows_per_part = ROWS_PER_PART): Promise<Sealed> {
  const total = { blocks: 0, rows: 0, head: null as Head | null };
  for (;;) {
    const step = await transaction(pool, (connection) => sealBlock(connection, now, rows_per_part));
    if (!step) return total;
    total.head = step.head;
    if (step.rows === 0) return total;
    total.blocks += 1;
    total.rows += step.rows;
  }
}

interface ChainEnd {
  readonly mine: boolean;
  readonly restored: boolean;
  /** The last transaction that is final. */
  readonly last_xid: bigint;
  readonly seq: bigint | null;
  readonly digest: Buffer | null;
  readonly sealed: readonly { source: Source; xid: string; id: string }[];
}

async function sealBlock(connection: Connection, now: Temporal.Instant, rows_per_part: number) {
  const end = await chainEnd(connection);
  if (!end.mine) return null;
  if (end.restored) {
    throw new Fault(
      'the audit log goes beyond the transaction counter of this database: it was restored from a dump; start the server once so that it continues from there',
      {
        retryable: false,
      },
    );
  }
  const head: Head = end.seq === null || end.digest === null ? GENESIS : { seq: end.seq, digest: end.digest.toString('hex') };
  const parts: Part[] = [];
  for (const source of SOURCES) {
    const before = end.sealed.find((part) => part.source === source);
    const after: Position | null = before ? { xid: BigInt(before.xid), id: BigInt(before.id) } : null;
    const part = await digestPart(connection, source, after, { xid: end.last_xid, id: BIGINT_MAX }, rows_per_part);
    if (!part.through) continue;
    const { through, rows, digest } = part;
    const facts = await digestPart(connection, source, after, through, rows_per_part, 'facts');
    parts.push({ source, after, through, rows, digest, facts: facts.digest, redactions: [] });
  }
  if (parts.length === 0) return { head: head === GENESIS ? null : head, rows: 0 };
  const block = toBlock(head, now, parts);
  await insertBlock(connection, block);
  return { head: { seq: block.seq, digest: block.digest }, rows: parts.reduce((sum, part) => sum + part.rows, 0) };
}

/** Postgres keeps microseconds, so the digest is over no more. */
function toBlock(head: Head, now: Temporal.Instant, parts: readonly Part[]): Block {
  const sealed_at = now.round({ smallestUnit: 'microsecond', roundingMode: 'floor' });
  const block = { seq: head.seq + 1n, previous: head.digest, sealed_at, parts };
  return { ...block, digest: digestBlock(block) };
}

/** The horizon is read before the rows are, so every row below it is among them. */
async function chainEnd(connection: Connection): Promise<ChainEnd> {
  const lock = await connection.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [SEAL_LOCK]);
  const { rows } = await connection.query<Omit<ChainEnd, 'mine'>>(
    `select ledger.horizon() - 1 as last_xid, b.seq, b.digest,
       coalesce(bool_or(p.through_xid >= ledger.next_transaction_number()), false) as restored,
       coalesce(jsonb_agg(jsonb_build_object('source', s, 'xid', p.through_xid::text, 'id', p.through_id::text))
         filter (where p.through_xid is not null), '[]') as sealed
     from unnest($1::text[]) s
     left join lateral (
       select through_xid, through_id from audit.block_part where source = s order by through_xid desc, through_id desc limit 1
     ) p on true
     left join lateral (select seq, digest from audit.block order by seq desc limit 1) b on true
     group by b.seq, b.digest`,
    [SOURCES],
  );
  const end = rows[0];
  if (!end) throw new Fault('the end of the chain could not be read', { retryable: false });
  return { ...end, mine: lock.rows[0]?.mine === true };
}

async function insertBlock(connection: Connection, block: Block): Promise<void> {
  await connection.query(
    `insert into audit.block (seq, previous, sealed_at, digest) values ($1, decode($2, 'hex'), $3, decode($4, 'hex'))`,
    [block.seq, block.previous, block.sealed_at.toString(), block.digest],
  );
  for (const { source, after, through, rows, digest, facts } of block.parts) {
    await connection.query(
      `insert into audit.block_part (seq, source, after_xid, after_id, through_xid, through_id, rows, digest, facts)
       values ($1, $2, $3, $4, $5, $6, $7, decode($8, 'hex'), decode($9, 'hex'))`,
      [block.seq, source, after?.xid ?? null, after?.id ?? null, through.xid, through.id, rows, digest, facts],
    );
  }
}
