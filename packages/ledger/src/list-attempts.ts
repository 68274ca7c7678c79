import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';

import { type Attempt, ATTEMPT_COLUMNS } from './attempt.ts';
import { type Page, pageSize, parseCursor, toPage } from './page.ts';

/**
 * The provider calls of a workspace with what they cost, newest first; without a workspace those of all, for the operator.
 * At most 200 a page. Refuses a cursor that is not one of ours as `invalid_request`.
 */
export async function listAttempts(
  pool: Pool,
  { workspace, cursor, limit }: { workspace: WorkspaceId | null; cursor?: string | null | undefined; limit?: number | undefined },
): Promise<Page<Attempt> | Refusal> {
  const before = parseCursor(cursor);
  if (isRefusal(before)) return before;
  const size = pageSize(limit);
  if (workspace === null) {
    const { rows } = await pool.query<Attempt>(
      `select ${ATTEMPT_COLUMNS} from ledger.attempt where (xid, id) < ($1, $2) order by xid desc, id desc limit $3`,
      [before.xid, before.id, size + 1],
    );
    return toPage(rows, size);
  }
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<Attempt>(
      `select ${ATTEMPT_COLUMNS} from ledger.attempt where workspace_id = $1 and id < $2 order by id desc limit $3`,
      [workspace, before.id, size + 1],
    );
    return toPage(rows, size);
  });
}
