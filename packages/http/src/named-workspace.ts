import { isUuid, RefusalError, refuse } from '@purser/core';
import type { Identity, Workspace } from '@purser/identity';

/** The workspace an operator names by its id or external_id. @throws RefusalError `not_found`. */
export async function namedWorkspace(
  { identity }: { readonly identity: Pick<Identity, 'workspace' | 'workspaceByExternalId'> },
  id: string,
): Promise<Workspace> {
  const byId = isUuid(id) ? await identity.workspace(id.toLowerCase()) : undefined;
  const workspace = byId ?? (await identity.workspaceByExternalId(id));
  if (workspace === undefined || workspace.erased_at !== undefined)
    throw new RefusalError(refuse('not_found', `no workspace has the id or external_id ${JSON.stringify(id)}`));
  return workspace;
}
