import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';

import { type Page, pageSize, parseCursor, toPage } from './page.ts';
import { type Posting, POSTING_COLUMNS } from './posting.ts';

/**
 * The postings of a workspace, newest first, read as the role that row-level security binds;
 * without a workspace those of all, for the operator. At most 200 a page.
 * Refuses a cursor that is not one of ours as `invalid_request`.
 */
export async function listPostings(
  pool: Pool,
  { workspace, cursor, limit }: { workspace: WorkspaceId | null; cursor?: string | null | undefined; limit?: number | undefined },
): Promise<Page<Posting> | Refusal> {
  const before = parseCursor(cursor);
  if (isRefusal(before)) return before;
  const size = pageSize(limit);
  if (workspace === null) {
    const { rows } = await pool.query<Posting>(
      `select ${POSTING_COLUMNS} from ledger.posting where (xid, id) < ($1, $2) order by xid desc, id desc limit $3`,
      [before.xid, before.id, size + 1],
    );
    return toPage(rows, size);
  }
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<Posting>(
      `select ${POSTING_COLUMNS} from ledger.posting where workspace_id = $1 and id < $2 order by id desc limit $3`,
      [workspace, before.id, size + 1],
    );
    return toPage(rows, size);
  });
}
