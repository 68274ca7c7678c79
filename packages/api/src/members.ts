import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';

/** What a member may do: owner: everything; admin: members and keys; member: works and spends. */
export const MEMBER_ROLES = ['owner', 'admin', 'member'] as const;

export const roleSchema = z.enum(MEMBER_ROLES).describe('owner: everything; admin: members and keys; member: works and spends.');

export const memberSchema = z.object({
  id: uuidSchema,
  email: z.string().nullable().describe('Null: a person who has not signed in by e-mail.'),
  user: z.string().describe('The user that limits and allocations count it as.'),
  role: roleSchema,
  joined_at: instantSchema,
});

export const invitationSchema = z.object({
  id: uuidSchema,
  email: z.string(),
  role: z.enum([...MEMBER_ROLES, 'operator']),
  invited_at: instantSchema,
  expires_at: instantSchema,
});

export const membersSchema = z.object({ members: z.array(memberSchema), invitations: z.array(invitationSchema) });

export const invitedSchema = invitationSchema.extend({
  emailed: z.boolean().describe('False: no email was sent; tell them yourself.'),
});

export type MemberRole = z.infer<typeof roleSchema>;
export type Member = z.infer<typeof memberSchema>;
export type Invitation = z.infer<typeof invitationSchema>;
export type Members = z.infer<typeof membersSchema>;
