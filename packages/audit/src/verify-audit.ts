import type { Pool } from '@purser/database';

import { type Block, digestNow, type Head, type Part } from './block.ts';
import { type Break, Chain } from './chain.ts';
import { digestPart } from './digest-part.ts';
import { readBlocks } from './read-blocks.ts';

/** The outcome of `verifyAudit`. */
export interface AuditVerification {
  readonly intact: boolean;
  /** How many sealed rows were read again: audit entries, postings and attempts. */
  readonly entries: bigint;
  /** The last block that is as it was sealed; null when there is none. */
  readonly head: Head | null;
  readonly first_broken?: Break;
  /** Guards of the trail's tables that are not as they were made. */
  readonly guards: readonly string[];
}

/** Tables that only ever grow, and what the tenant role must not be able to do to them. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  'audit.entry': ['update', 'delete', 'truncate', 'trigger'],
  'audit.block': ['select', 'insert', 'update', 'delete', 'truncate', 'trigger'],
  'audit.block_part': ['select', 'insert', 'update', 'delete', 'truncate', 'trigger'],
  'audit.redaction': ['select', 'insert', 'update', 'delete', 'truncate', 'trigger'],
};

/**
 * Recomputes the whole chain from the rows it seals, a block at a time: a row changed, deleted or inserted in what is sealed,
 * a block changed, swapped or missing, and a chain cut short of `head`, when one is given, are noticed. Rows that are not
 * sealed yet are not covered.
 */
export async function verifyAudit(pool: Pool, { head }: { head?: Head | undefined } = {}): Promise<AuditVerification> {
  const guards = await brokenGuards(pool);
  const chain = new Chain(head);
  let entries = 0n;
  let good: Head | null = null;
  for await (const block of readBlocks(pool, 0n)) {
    const broken = chain.append(block) ?? (await brokenRows(pool, block));
    if (broken) return { intact: false, entries, head: good, first_broken: broken, guards };
    good = chain.head;
    entries += BigInt(block.parts.reduce((sum, part) => sum + part.rows, 0));
  }
  const broken = chain.end() ?? (await beyondTheEnd(pool, chain.head));
  if (broken) return { intact: false, entries, head: good, first_broken: broken, guards };
  return { intact: guards.length === 0, entries, head: good, guards };
}

async function brokenRows(pool: Pool, { seq, parts }: Block): Promise<Break | null> {
  for (const part of parts) {
    const reason = await brokenPart(pool, seq, part);
    if (reason !== null) return { seq, reason };
  }
  return null;
}

/** Reads one row more than was sealed, so that what was inserted is noticed and memory stays bounded whatever it is. */
async function brokenPart(pool: Pool, seq: bigint, part: Part): Promise<string | null> {
  const { source, after, through, rows, facts, redactions } = part;
  const found = await digestPart(pool, source, after, through, rows + 1);
  if (found.rows !== rows) return `${found.rows > rows ? 'more' : 'fewer'} than its ${rows} ${source} rows are there`;
  if (found.digest !== digestNow(part)) return `its ${source} rows are not what was sealed`;
  if (redactions.length === 0) return null;
  if (facts !== null && (await digestPart(pool, source, after, through, rows, 'facts')).digest !== facts) {
    return `an erasure changed more than texts of its ${source} rows`;
  }
  return (await areRecorded(pool, seq, part)) ? null : `an erasure in its ${source} rows is not in the audit log`;
}

/** Each redaction has its audit event, which is sealed like any other: none can be made up later under a head that was kept. */
async function areRecorded(pool: Pool, seq: bigint, { source, redactions }: Part): Promise<boolean> {
  const { rows } = await pool.query<{ recorded: bigint }>(
    `select count(*) as recorded from audit.redaction r
     where r.seq = $1 and r.source = $2 and exists (
       select from audit.entry e where e.subject = 'block:' || r.seq and e.action = 'audit.redact' and e.detail ->> 'source' = r.source
         and e.detail ->> 'digest_before' = encode(r.digest_before, 'hex') and e.detail ->> 'digest_after' = encode(r.digest_after, 'hex'))`,
    [seq, source],
  );
  return rows[0]?.recorded === BigInt(redactions.length);
}

/** What stands where no block is: parts without one, and rows of transactions that have not been. */
async function beyondTheEnd(pool: Pool, head: Head): Promise<Break | null> {
  const { rows } = await pool.query<{ parts: boolean; future: boolean }>(
    `select exists (select from audit.block_part where seq > $1) as parts,
       coalesce(audit.newest_transaction_number() >= ledger.next_transaction_number(), false) as future`,
    [head.seq],
  );
  const seq = head.seq + 1n;
  if (rows[0]?.parts) return { seq, reason: 'the block is missing' };
  if (rows[0]?.future) return { seq, reason: 'rows carry a transaction that does not exist' };
  return null;
}

async function brokenGuards(pool: Pool): Promise<string[]> {
  const found: string[] = [];
  for (const [table, refused] of Object.entries(GUARDED)) {
    const { rows } = await pool.query<{ guard: string }>('select guard from ledger.broken_guards($1::regclass, $2)', [
      table,
      refused,
    ]);
    found.push(...rows.map(({ guard }) => guard));
  }
  return found;
}
