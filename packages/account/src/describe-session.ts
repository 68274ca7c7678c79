import { type Caller, hasRole, type Identity, MEMBER_ROLES, type Person } from '@purser/identity';
import { z } from 'zod';
import { instantSchema, uuidSchema } from '@purser/api';

const workspaceSchema = z.object({ id: uuidSchema, name: z.string(), plan: z.string() });

const personSchema = z.object({
  id: uuidSchema,
  email: z.string().nullable().describe('Null: an anonymous session.'),
  role: z.enum(MEMBER_ROLES).nullable().describe('In the workspace of this session.'),
  operator: z.boolean(),
  workspaces: z.array(workspaceSchema.extend({ role: z.enum(MEMBER_ROLES) })),
  invitations: z.array(
    z.object({
      id: uuidSchema,
      workspace: z.string().nullable().describe('Its name; null: to operate the installation.'),
      role: z.enum([...MEMBER_ROLES, 'operator']),
      expires_at: instantSchema,
    }),
  ),
});

export const sessionSchema = z.union([
  z.object({ kind: z.literal('workspace'), workspace: workspaceSchema, person: personSchema.optional() }),
  z.object({ kind: z.literal('admin'), workspace: workspaceSchema.nullable(), person: personSchema.optional() }),
  z.object({ kind: z.literal('person'), person: personSchema }).describe('Signed in, and a member of no workspace.'),
  z.object({ kind: z.null() }),
]);

/** Who is signed in, as the pages need it. */
export async function describeSession(identity: Identity, caller: Caller): Promise<z.infer<typeof sessionSchema>> {
  const { workspace } = caller;
  const shown = workspace && { id: workspace.id, name: workspace.name, plan: workspace.plan };
  const person = caller.person && { person: await describePerson(identity, caller.person, workspace?.id) };
  if (hasRole(caller, 'admin')) return { kind: 'admin', workspace: shown ?? null, ...person };
  if (shown !== undefined) return { kind: 'workspace', workspace: shown, ...person };
  return person === undefined ? { kind: null } : { kind: 'person', ...person };
}

async function describePerson(
  identity: Identity,
  person: Person,
  workspace_id: string | undefined,
): Promise<z.infer<typeof personSchema>> {
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
