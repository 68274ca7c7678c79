import type { HoldId, WorkspaceId } from '@purser/core';
import { type Pool, type Queryable, transaction, workspaceTransaction } from '@purser/database';
import { type Attempt, type Position, type Posting, recordsOfHold } from '@purser/ledger';

import type { Source } from './block.ts';
import { type Entry, ENTRY_COLUMNS } from './entry.ts';

/** A row of the trail and the number of the block that seals it; null while none does. */
export interface Evidence<Row> {
  readonly row: Row;
  readonly sealed_in: bigint | null;
}

/** All that is known about one transaction, each list oldest first. */
export interface TransactionHistory {
  readonly transaction_id: HoldId;
  readonly postings: readonly Evidence<Posting>[];
  readonly attempts: readonly Evidence<Attempt>[];
  /** Deeds whose subject is `hold:<transaction id>`. */
  readonly entries: readonly Evidence<Entry>[];
}

const ENTRIES_MAX = 1_000;

/**
 * For a dispute: the postings, the provider calls and the deeds of a transaction, which is a hold's id; null when there are none.
 * With a workspace, only what is that workspace's.
 */
export async function findTransaction(
  pool: Pool,
  transaction_id: HoldId,
  { workspace }: { workspace?: WorkspaceId | undefined } = {},
): Promise<TransactionHistory | null> {
  const read = async (connection: Queryable) => ({
    ...(await recordsOfHold(connection, transaction_id)),
    entries: await entriesOfHold(connection, transaction_id),
  });
  const { postings, attempts, entries } =
    workspace === undefined ? await transaction(pool, read) : await workspaceTransaction(pool, workspace, read);
  if (postings.length + attempts.length + entries.length === 0) return null;
  return {
    transaction_id,
    postings: await withSeals(pool, 'posting', postings),
    attempts: await withSeals(pool, 'attempt', attempts),
    entries: await withSeals(pool, 'entry', entries),
  };
}

async function entriesOfHold(queryable: Queryable, hold: HoldId): Promise<Entry[]> {
  const { rows } = await queryable.query<Entry>(
    `select ${ENTRY_COLUMNS} from audit.entry where subject = $1 order by id limit ${ENTRIES_MAX}`,
    [`hold:${hold}`],
  );
  return rows;
}

/** The parts of a source tile its rows in order, so the first that ends at or after a row is the one that seals it. */
async function withSeals<Row extends Position>(pool: Pool, source: Source, rows: readonly Row[]): Promise<Evidence<Row>[]> {
  const found = await pool.query<{ seq: bigint | null }>(
    `select p.seq from unnest($2::bigint[], $3::bigint[]) with ordinality r (xid, id, n)
     left join lateral (
       select seq from audit.block_part where source = $1 and (through_xid, through_id) >= (r.xid, r.id)
       order by through_xid, through_id limit 1) p on true
     order by r.n`,
    [source, rows.map((row) => row.xid), rows.map((row) => row.id)],
  );
  return rows.map((row, index) => ({ row, sealed_in: found.rows[index]?.seq ?? null }));
}
