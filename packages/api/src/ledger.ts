import { z } from 'zod';

import { amountSchema, counterSchema, instantSchema, quantitySchema, uuidSchema } from './amounts.ts';

export const postingSchema = z.object({
  id: counterSchema,
  at: instantSchema,
  workspace_id: uuidSchema,
  transaction_id: uuidSchema.nullable(),
  debit: z.string(),
  credit: z.string(),
  amount: quantitySchema,
  unit: z.string(),
  reported: amountSchema.nullable().describe('The same value in the plan’s currency, at the rate of that time.'),
  plan: z.string().nullable(),
  memo: z.string().nullable(),
});

export const trialBalanceRowSchema = z.object({
  account: z.string(),
  unit: z.string(),
  debit: quantitySchema,
  credit: quantitySchema,
  net: quantitySchema,
});

export const mismatchSchema = z.object({ kind: z.string(), detail: z.string() });

export const postingPageSchema = z.object({ postings: z.array(postingSchema), next_cursor: z.string().nullable() });

export const ledgerVerificationSchema = z.object({
  balanced: z.boolean().describe('The entries balance, and the counters are what the history says.'),
  entries: counterSchema,
  open_holds: counterSchema,
  overruns: counterSchema,
  unreconciled: counterSchema,
  mismatches: z.array(mismatchSchema),
});

export type Posting = z.infer<typeof postingSchema>;
export type PostingPage = z.infer<typeof postingPageSchema>;
export type TrialBalanceRow = z.infer<typeof trialBalanceRowSchema>;
export type LedgerVerification = z.infer<typeof ledgerVerificationSchema>;
