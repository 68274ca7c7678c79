import type { Pool, WorkspaceId } from '@purser/base';

import { type Workspace, WORKSPACE_COLUMNS, workspaceFromRow, type WorkspaceRow } from './workspace.ts';

/** The workspaces that stand on a version of the catalogue. */
export async function workspacesOn(pool: Pool, catalogue_version: string): Promise<WorkspaceId[]> {
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    'select workspace_id from identity.workspace where catalogue_version = $1',
    [catalogue_version],
  );
  return rows.map(({ workspace_id }) => workspace_id);
}

/** Those of these ids that there are. */
export async function workspacesById(pool: Pool, ids: readonly string[]): Promise<Workspace[]> {
  const { rows } = await pool.query<WorkspaceRow>(
    `select ${WORKSPACE_COLUMNS} from identity.workspace where workspace_id = any($1::uuid[])`,
    [ids],
  );
  return rows.map(workspaceFromRow);
}
