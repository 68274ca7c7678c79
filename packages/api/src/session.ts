import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';
import { MEMBER_ROLES } from './members.ts';

export const sessionWorkspaceSchema = z.object({ id: uuidSchema, name: z.string(), plan: z.string() });

export const personSchema = z.object({
  id: uuidSchema,
  email: z.string().nullable().describe('Null: an anonymous session.'),
  role: z.enum(MEMBER_ROLES).nullable().describe('In the workspace of this session.'),
  operator: z.boolean(),
  workspaces: z.array(sessionWorkspaceSchema.extend({ role: z.enum(MEMBER_ROLES) })),
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
  z.object({ kind: z.literal('workspace'), workspace: sessionWorkspaceSchema, person: personSchema.optional() }),
  z.object({ kind: z.literal('admin'), workspace: sessionWorkspaceSchema.nullable(), person: personSchema.optional() }),
  z.object({ kind: z.literal('person'), person: personSchema }).describe('Signed in, and a member of no workspace.'),
  z.object({ kind: z.null() }),
]);

export const startedSchema = z.object({
  session: sessionSchema,
  token: z.string().optional().describe('When no cookie was wanted.'),
});

export type SessionWorkspace = z.infer<typeof sessionWorkspaceSchema>;
export type Person = z.infer<typeof personSchema>;
export type Started = z.infer<typeof startedSchema>;
/** Who is signed in; nobody, when its kind is null. */
export type SessionAnswer = z.infer<typeof sessionSchema>;
/** Of somebody. */
export type Session = Exclude<SessionAnswer, { kind: null }>;
/** What signing in answers: whoever signed in is somebody. */
export type SignedIn = Omit<Started, 'session'> & { session: Session };
