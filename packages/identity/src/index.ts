import type { SchemaMigrations } from '@purser/database';

export {
  type Authentication,
  type Caller,
  type CallerKind,
  type Credentials,
  hasRole,
  type Role,
  USER_NAME,
  WANTED_USER_NAME,
} from './caller.ts';
export type { ChangedWorkspace, WorkspaceChange } from './change-workspace.ts';
export type { CreatedWorkspace, NewWorkspace } from './create-workspace.ts';
export type { ApiKey, CreatedKey, KeyId } from './keys.ts';
export { eachWorkspace, WORKSPACE_SORTS, type WorkspacePage, type WorkspaceSearch } from './list-workspaces.ts';
export { type Identity, type IdentityOptions, openIdentity } from './open-identity.ts';
export { openWorkspaces, type Workspaces } from './open-workspaces.ts';
export { type Overrides, overridesSchema } from './overrides.ts';
export type { IdentityAuditEvent } from './people/audit-event.ts';
export type { Invitation } from './people/invitations.ts';
export type { Authority, Member } from './people/members.ts';
export { MEMBER_ROLES, type MemberRole, type Person } from './people/person.ts';
export type { PersonsOptions } from './people/open-persons.ts';
export { DEVICE_WITHIN, type Origin } from './people/personal-workspace.ts';
export type { SignedIn } from './people/sign-in.ts';
export type { Offering } from './terms.ts';
export { lockLicense, setLicense } from './set-license.ts';
export type { StartedSession } from './sessions.ts';
export { type License, LICENSES, type Workspace } from './workspace.ts';
export { type NameAndPlan, namesAndPlans } from './names-and-plans.ts';
export { workspacesAfter } from './workspaces-after.ts';
export { workspacesOn } from './workspaces-on.ts';
export { type WorkspaceOverTime, workspacesOverTime } from './workspaces-over-time.ts';

export { personNamed, workspaceNamed } from './named.ts';
export const identityMigrations: SchemaMigrations = { schema: 'identity', directory: new URL('../migrations/', import.meta.url) };
