import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';
import { licenseNoticeSchema } from './usage.ts';

export const licenseChangeSchema = z.object({
  from: z.string(),
  to: z.string(),
  at: instantSchema,
  why: z.string(),
  what_to_do: z.string(),
  reference: z.string().describe('The payment it is about; empty when it is about none.'),
});

export const licenseSchema = z.object({
  workspace_id: uuidSchema,
  license: z.string().describe('active, grace, degraded or cancelled.'),
  since: instantSchema,
  license_notice: licenseNoticeSchema.nullable(),
  changes: z.array(licenseChangeSchema).describe('Newest first, at most 50.'),
});

export const licenseEventSchema = z.object({
  id: z.string(),
  kind: z.string().describe('failed, paid, ended or refunded, as the payment provider reported; set_… by an administrator.'),
  at: instantSchema.describe('When it happened.'),
  reference: z.string(),
  recorded_at: instantSchema,
});

export const licenseRecordSchema = z.object({
  workspace_id: uuidSchema,
  license: z.string(),
  since: instantSchema,
  events: z.array(licenseEventSchema).describe('By their own time, newest first, at most 50.'),
  changes: z.array(licenseChangeSchema),
});

export type LicenseRecord = z.infer<typeof licenseRecordSchema>;
export type License = z.infer<typeof licenseSchema>;
export type LicenseEvent = z.infer<typeof licenseEventSchema>;
