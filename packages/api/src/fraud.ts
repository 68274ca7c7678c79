import { z } from 'zod';

import { counterSchema, instantSchema, uuidSchema } from './amounts.ts';

export const fraudFlagSchema = z.object({
  id: uuidSchema.describe('Of the alert; `POST /api/admin/alerts/{id}/seen` acknowledges it.'),
  workspace_id: uuidSchema,
  user: z.string().nullable().describe('The end user, else the key or session; null where the name is not kept.'),
  credits: counterSchema.describe('Spent by that user in that hour.'),
  credits_max: counterSchema.describe('The fraud threshold of the plan.'),
  from: instantSchema,
  to: instantSchema,
  seen_at: instantSchema.nullable(),
  seen_by: z.string().nullable(),
  spenders: z
    .array(z.object({ actor: z.string(), user: z.string().nullable(), credits: counterSchema }))
    .describe('All users of the workspace that spent credits in that hour, largest first.'),
});

export const fraudPageSchema = z.object({ flags: z.array(fraudFlagSchema), next_cursor: z.string().nullable() });

export const fraudWeekSchema = z.object({
  week: z.iso.date().describe('Its Monday, UTC.'),
  workspaces: z.int(),
  users: z
    .int()
    .describe('Users that by themselves spent more in a flagged hour than the fraud threshold of their plan, each once.'),
  flags: z.array(
    z.object({
      id: uuidSchema,
      workspace_id: uuidSchema,
      name: z.string().nullable(),
      at: instantSchema,
      text: z.string(),
      users: z
        .array(z.object({ actor: z.string(), user: z.string().nullable(), credits: counterSchema }))
        .nullable()
        .describe(
          'Those users, largest first; empty where only several together were above it. Null beyond the newest 500 flags.',
        ),
    }),
  ),
});

export type FraudFlag = z.infer<typeof fraudFlagSchema>;
export type FraudPage = z.infer<typeof fraudPageSchema>;
export type FraudWeek = z.infer<typeof fraudWeekSchema>;
