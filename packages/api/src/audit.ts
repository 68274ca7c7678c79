import { z } from 'zod';

import { counterSchema, instantSchema, uuidSchema } from './amounts.ts';

export const auditEntrySchema = z.object({
  id: counterSchema,
  at: instantSchema,
  actor: z.string(),
  workspace_id: uuidSchema.nullable(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

export const auditBreakSchema = z.object({ seq: counterSchema, reason: z.string() });

export const auditPageSchema = z.object({ entries: z.array(auditEntrySchema), next_cursor: z.string().nullable() });

export const auditVerificationSchema = z.object({
  intact: z.boolean(),
  entries: counterSchema.describe('Sealed rows: audit events, ledger entries and provider calls.'),
  head: z
    .string()
    .nullable()
    .describe('Number and digest of the last valid block; keep it elsewhere to notice a chain that was cut short.'),
  first_broken: auditBreakSchema.nullable(),
  guards: z.array(z.string()).describe('Database guards against changes that are missing or altered.'),
});

export type AuditEntry = z.infer<typeof auditEntrySchema>;
export type AuditPage = z.infer<typeof auditPageSchema>;
export type AuditVerification = z.infer<typeof auditVerificationSchema>;
