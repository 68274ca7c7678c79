import type { Pool, WorkspaceId } from '@purser/base';

/** The workspaces that stand on a version of the catalogue. */
export async function workspacesOn(pool: Pool, catalogue_version: string): Promise<WorkspaceId[]> {
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    'select workspace_id from identity.workspace where catalogue_version = $1',
    [catalogue_version],
  );
  return rows.map(({ workspace_id }) => workspace_id);
}
