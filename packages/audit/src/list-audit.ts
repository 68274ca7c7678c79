import { isRefusal, PLATFORM, type Refusal, type WorkspaceId } from '@purser/core';
import { type Pool, type Queryable, workspaceTransaction } from '@purser/database';
import { type Page, pageSize, parseCursor, toPage } from '@purser/ledger';

import { type Entry, ENTRY_COLUMNS } from './entry.ts';

/**
 * The trail of a workspace, newest first, read as the role that row-level security binds; without a workspace the whole trail,
 * for the operator. At most 200 a page. Refuses a cursor that is not one of ours as `invalid_request`.
 */
export async function listAudit(
  pool: Pool,
  { workspace, cursor, limit }: { workspace: WorkspaceId | null; cursor?: string | null | undefined; limit?: number | undefined },
): Promise<Page<Entry> | Refusal> {
  const before = parseCursor(cursor);
  if (isRefusal(before)) return before;
  const size = pageSize(limit);
  if (workspace === null) {
    const { rows } = await pool.query<Entry>(
      `select ${ENTRY_COLUMNS} from audit.entry where (xid, id) < ($1, $2) order by xid desc, id desc limit $3`,
      [before.xid, before.id, size + 1],
    );
    return toPage(rows, size);
  }
  const page = async (connection: Queryable): Promise<Page<Entry>> => {
    const { rows } = await connection.query<Entry>(
      `select ${ENTRY_COLUMNS} from audit.entry where workspace_id = $1 and id < $2 order by id desc limit $3`,
      [workspace, before.id, size + 1],
    );
    return toPage(rows, size);
  };
  // What is nobody's but the operator's is of no tenant, whose role could read it.
  return workspace === PLATFORM ? page(pool) : workspaceTransaction(pool, workspace, page);
}
