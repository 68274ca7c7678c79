import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

import { type Attempt, ATTEMPT_COLUMNS } from './attempt.ts';

const BATCH_MAX = 5_000;

interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** Every provider call that was begun in [from, to), or those of these workspaces, in the order in which they were written down, a batch at a time. */
export async function* attemptsBetween(
  pool: Pool,
  { from, to, workspaces = null }: Span & { readonly workspaces?: readonly WorkspaceId[] | null },
): AsyncGenerator<Attempt[]> {
  let last = 0n;
  for (;;) {
    const { rows } = await pool.query<Attempt>(
      `select ${ATTEMPT_COLUMNS} from ledger.attempt
       where id > $1 and started_at >= $2 and started_at < $3 and ($4::uuid[] is null or workspace_id = any($4))
       order by id limit ${BATCH_MAX}`,
      [last, from.toString(), to.toString(), workspaces],
    );
    const end = rows.at(-1);
    if (end === undefined) return;
    last = end.id;
    yield rows;
  }
}
