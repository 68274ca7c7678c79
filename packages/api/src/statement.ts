import { z } from 'zod';

import { counterSchema, instantSchema, uuidSchema } from './amounts.ts';
import { asPrice } from './shown.ts';

export const STATEMENT_KINDS = ['grant', 'spend', 'expiry', 'refund', 'withdrawal'] as const;

export const statementLineSchema = z.object({
  transaction_id: uuidSchema.describe('Of the call that spent the credits; else of the movement itself.'),
  at: instantSchema,
  kind: z.enum(STATEMENT_KINDS),
  source: z.string().nullable().describe('The source of granted credits, or the pack that was spent.'),
  credits: counterSchema.describe('Credits gained; negative: spent or expired.'),
  balance: counterSchema.describe(
    'Balance after this line, including held credits: the balance of the line before plus `credits`.',
  ),
  reason: z.string().nullable(),
});

export const invoiceSchema = z.object({
  period: z.object({ start: instantSchema, end: instantSchema }),
  lines: z.array(
    z.object({
      kind: z.literal('pay_as_you_go'),
      credits: counterSchema,
      price: asPrice('Of one credit.'),
      amount: asPrice(),
      final: z.boolean().describe('False: the period is not closed, so calls in it still count.'),
    }),
  ),
});

export const statementPageSchema = z.object({ lines: z.array(statementLineSchema), next_cursor: z.string().nullable() });

export type StatementLine = z.infer<typeof statementLineSchema>;
export type StatementPage = z.infer<typeof statementPageSchema>;
export type InvoiceLines = z.infer<typeof invoiceSchema>;
