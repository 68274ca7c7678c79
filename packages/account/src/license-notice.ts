import type { LicenseNotice } from '@purser/license';
import { z } from 'zod';
import { offerSchema, instantSchema } from '@purser/api';

export const licenseNoticeSchema = z.object({
  stage: z.enum(['grace', 'degraded', 'cancelled']),
  since: instantSchema,
  ends_at: instantSchema.nullable().describe('When more features go off; null: never.'),
  off: z.array(z.string()).describe('Features of the plan that are off.'),
  off_next: z.array(z.string()).describe('Those that go off at `ends_at`.'),
  text: z.string(),
  what_to_do: z.string(),
  action: offerSchema,
});

export function wireNotice(notice: LicenseNotice | null): z.infer<typeof licenseNoticeSchema> | null {
  if (notice === null) return null;
  return {
    ...notice,
    since: notice.since.toString(),
    ends_at: notice.ends_at?.toString() ?? null,
    off: [...notice.off],
    off_next: [...notice.off_next],
  };
}
