import { z } from 'zod';

import { amountSchema, counterSchema } from './amounts.ts';
import { asCost } from './shown.ts';

export const usageDaySchema = z.object({
  day: z.iso.date(),
  calls: counterSchema.describe('Provider calls that served.'),
  calls_failed: counterSchema,
  input_tokens: counterSchema,
  output_tokens: counterSchema,
  credits_spent: counterSchema.describe('Net of what was given back.'),
  cost: asCost(z.array(amountSchema).describe('In each currency that is reported.')),
});

export const dailyUsageSchema = z.object({
  timezone: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  days: z.array(usageDaySchema),
});

export type UsageDay = z.infer<typeof usageDaySchema>;
export type DailyUsage = z.infer<typeof dailyUsageSchema>;
