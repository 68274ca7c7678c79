import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

/** The workspaces that stand on a version of the catalog; without one, all there are. */
export async function workspacesOn(pool: Pool, catalogue_version: string | null): Promise<WorkspaceId[]> {
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    'select workspace_id from identity.workspace where $1::text is null or catalogue_version = $1',
    [catalogue_version],
  );
  return rows.map(({ workspace_id }) => workspace_id);
}
