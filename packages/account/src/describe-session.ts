import { type Caller, hasRole, type Identity, type Person } from '@purser/identity';
import type { Person as PersonAnswer, SessionAnswer } from '@purser/api';

/** Who is signed in, as the pages need it. */
export async function describeSession(identity: Identity, caller: Caller): Promise<SessionAnswer> {
  const { workspace } = caller;
  const shown = workspace && { id: workspace.id, name: workspace.name, plan: workspace.plan };
  const person = caller.person && { person: await describePerson(identity, caller.person, workspace?.id) };
  if (hasRole(caller, 'admin')) return { kind: 'admin', workspace: shown ?? null, ...person };
  if (shown !== undefined) return { kind: 'workspace', workspace: shown, ...person };
  return person === undefined ? { kind: null } : { kind: 'person', ...person };
}

async function describePerson(identity: Identity, person: Person, workspace_id: string | undefined): Promise<PersonAnswer> {
  const [workspaces, invitations] = await Promise.all([
    Promise.all(
      [...person.memberships].map(async ([id, role]) => {
        const workspace = await identity.workspace(id);
        return workspace === undefined ? [] : [{ id: workspace.id, name: workspace.name, plan: workspace.plan, role }];
      }),
    ),
    identity.persons.invitationsFor(person),
  ]);
  return {
    id: person.id,
    email: person.email,
    role: (workspace_id === undefined ? undefined : person.memberships.get(workspace_id)) ?? null,
    operator: person.operator,
    workspaces: workspaces.flat(),
    invitations: invitations.map(({ id, workspace_name, role, expires_at }) => ({
      id,
      workspace: workspace_name,
      role,
      expires_at: expires_at.toString(),
    })),
  };
}
