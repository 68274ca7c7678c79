import { z } from 'zod';

import { amountSchema } from './amounts.ts';

export const marginSchema = z.object({
  key: z.string(),
  revenue: amountSchema,
  fees: amountSchema,
  cost: amountSchema,
  margin: amountSchema,
  margin_ratio: z.string().nullable().describe('Rounded down to six decimals; null without revenue.'),
  collected: amountSchema.optional().describe('Of the revenue: what payments brought in. By plan, workspace and pack.'),
  agreed: amountSchema
    .optional()
    .describe('Of the revenue: what is agreed with the customer and not collected through payments.'),
});

export const marginRowSchema = marginSchema.extend({
  name: z.string().nullable().describe('The name of a workspace; null for other keys.'),
  margin_min: z
    .string()
    .nullable()
    .describe('The minimum margin that the catalog sets for the plan, for the pack, or for the plan of the workspace.'),
});

export const marginSumsSchema = marginSchema.omit({ key: true, collected: true, agreed: true });

/** One step of its course. */
export const marginStepSchema = marginSchema.omit({ collected: true, agreed: true });

export const marginPageSchema = z.object({
  rows: z.array(marginRowSchema),
  total: z.int().describe('Rows of all pages together.'),
  totals: z.array(marginSumsSchema).describe('Of all rows together, one for each currency.'),
  next_cursor: z.string().nullable(),
});

export type MarginRow = z.infer<typeof marginRowSchema>;
export type MarginSums = z.infer<typeof marginSumsSchema>;
export type MarginPage = z.infer<typeof marginPageSchema>;
export type MarginStep = z.infer<typeof marginStepSchema>;
