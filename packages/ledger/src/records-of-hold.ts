import type { HoldId } from '@purser/core';
import type { Queryable } from '@purser/database';

import { type Attempt, ATTEMPT_COLUMNS } from './attempt.ts';
import { type Posting, POSTING_COLUMNS } from './posting.ts';

/** A hold has a few postings per leg and a few attempts; more than this is not one hold's. */
const ROWS_MAX = 1_000;

/** Everything the books say about one hold (its id is the transaction id a caller sees), oldest first. */
export async function recordsOfHold(
  queryable: Queryable,
  hold: HoldId,
): Promise<{ readonly postings: readonly Posting[]; readonly attempts: readonly Attempt[] }> {
  const postings = await queryable.query<Posting>(
    `select ${POSTING_COLUMNS} from ledger.posting where hold_id = $1 order by xid, id limit ${ROWS_MAX}`,
    [hold],
  );
  const attempts = await queryable.query<Attempt>(
    `select ${ATTEMPT_COLUMNS} from ledger.attempt where hold_id = $1 order by xid, id limit ${ROWS_MAX}`,
    [hold],
  );
  return { postings: postings.rows, attempts: attempts.rows };
}
