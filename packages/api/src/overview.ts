import { z } from 'zod';

import { counterSchema } from './amounts.ts';
import { marginSumsSchema } from './margin.ts';

export const usageSumsSchema = z.object({ calls: counterSchema, calls_failed: counterSchema, credits_spent: counterSchema });

export const overviewSchema = z.object({
  from: z.iso.date(),
  to: z.iso.date().describe('Today, UTC.'),
  days: z.array(usageSumsSchema.extend({ day: z.iso.date(), workspaces: counterSchema, money: z.array(marginSumsSchema) })),
  totals: z.array(marginSumsSchema).describe('One for each currency.'),
  usage: usageSumsSchema,
  before: z.object({ totals: z.array(marginSumsSchema), usage: usageSumsSchema }),
  workspaces: z.object({
    total: z.int(),
    created: z.int().describe('In these days.'),
    grace: z.int().describe('A payment failed.'),
    cancelled: z.int(),
  }),
  alerts: z.object({ unseen: z.int(), critical: z.int() }),
});

export type Overview = z.infer<typeof overviewSchema>;
