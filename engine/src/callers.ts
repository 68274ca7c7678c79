import { refuse, RefusalError } from '@purser/core';
import { type Caller, USER_NAME, WANTED_USER_NAME, type Workspace as Tenant } from '@purser/identity';

import type { Parts } from './open-parts.ts';
import type { Spender } from './types.ts';

const ACTOR = 'library';

/** The workspace of that id or `external_id`. @throws RefusalError `not_found` */
export async function tenantOf({ workspaces }: Pick<Parts, 'workspaces'>, name: string): Promise<Tenant> {
  const found = await workspaces.named(name);
  if (found !== undefined) return found;
  throw new RefusalError(refuse('not_found', `there is no workspace '${name.slice(0, 100)}'; make it with workspaces.ensure`));
}

/** Who spends, with what its policy is made of at hand. @throws RefusalError */
export async function callerOf(
  parts: Pick<Parts, 'workspaces' | 'policies'>,
  { workspace: name, user }: Spender,
): Promise<Caller & { workspace: Tenant }> {
  if (user !== undefined && !USER_NAME.test(user)) throw new RefusalError(refuse('invalid_request', `user: ${WANTED_USER_NAME}`));
  const workspace = await tenantOf(parts, name);
  await parts.policies.ready(workspace);
  return { kind: 'workspace_key', workspace, actor: ACTOR, roles: ['member'], ...(user !== undefined && { user }) };
}
