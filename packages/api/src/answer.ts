import { z } from 'zod';

import { amountSchema, counterSchema, uuidSchema } from './amounts.ts';
import { asCost } from './shown.ts';

export const degradationSchema = z.object({ what: z.string(), why: z.string() });

export const answerSchema = z.object({
  id: uuidSchema,
  transaction_id: uuidSchema.describe('The id of this call in ledger, statement and audit log.'),
  output: z.string(),
  model: z.object({ provider: z.string(), name: z.string(), version: z.string() }),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }),
  cost: asCost(amountSchema),
  credits: z.object({ charged: counterSchema, balance: counterSchema }),
  degraded: z.array(degradationSchema).describe('What was reduced, and why.'),
  offline: z.boolean().describe('True: no model was called; the deterministic offline provider answered.'),
  finish: z.string(),
});

export type Degradation = z.infer<typeof degradationSchema>;
export type Answer = z.infer<typeof answerSchema>;
