import { z } from 'zod';

import { amountSchema, instantSchema, uuidSchema } from './amounts.ts';
import { asCost } from './shown.ts';

export const callSchema = z.object({
  id: uuidSchema.describe('The transaction id; several attempts of one call share it.'),
  attempt: z.int(),
  at: instantSchema,
  operation: z.string(),
  provider: z.string(),
  model: z.string(),
  model_version: z.string().nullable(),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).nullable().describe('Null: the provider did not say.'),
  cost: asCost(amountSchema.nullable().describe('Null: not known yet; the maximum stays counted until it is.')),
  outcome: z.string(),
  duration_ms: z.int(),
});

export const callPageSchema = z.object({ calls: z.array(callSchema), next_cursor: z.string().nullable() });

export type Call = z.infer<typeof callSchema>;
export type CallPage = z.infer<typeof callPageSchema>;
