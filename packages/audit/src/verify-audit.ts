import type { Pool } from '@purser/base';

import type { Block, Head } from './block.ts';
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

/** Reads one row more than was sealed, so that what was inserted is noticed and memory stays bounded whatever it is. */
async function brokenRows(pool: Pool, { seq, parts }: Block): Promise<Break | null> {
  for (const { source, after, through, rows, digest } of parts) {
    const found = await digestPart(pool, source, after, through, rows + 1);
    if (found.rows !== rows) {
      return { seq, reason: `${found.rows > rows ? 'more' : 'fewer'} than its ${rows} ${source} rows are there` };
    }
    if (found.digest !== digest) return { seq, reason: `its ${source} rows are not what was sealed` };
  }
  return null;
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
  if (rows[0]?.future) return { seq, reason: 'rows bear a transaction that has not been' };
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
