import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** The next workspaces behind an id (null: the first), in the order of their ids; fewer than `rows_max`: those were the last. Erased ones are left out. */
export async function workspacesAfter(tx: Queryable, after: WorkspaceId | null, rows_max: number): Promise<Workspace[]> {
  const { rows } = await tx.query<WorkspaceRow>(
    `select ${WORKSPACE_COLUMNS} from identity.workspace
     where erased_at is null and ($1::uuid is null or workspace_id > $1) order by workspace_id limit $2`,
    [after, rows_max],
  );
  return rows.map(workspaceFromRow);
}
