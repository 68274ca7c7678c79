import { z } from 'zod';

import { counterSchema, uuidSchema } from './amounts.ts';
import { auditEntrySchema } from './audit.ts';
import { callSchema } from './calls.ts';
import { postingSchema } from './ledger.ts';

const sealed = {
  sealed_in: counterSchema.nullable().describe('The block of the audit log that seals it; null until it is sealed.'),
};

export const transactionSchema = z.object({
  transaction_id: uuidSchema,
  postings: z.array(postingSchema.extend(sealed)),
  calls: z.array(
    callSchema.extend({ actor: z.string(), user: z.string().nullable(), request_id: z.string().nullable(), ...sealed }),
  ),
  entries: z.array(auditEntrySchema.extend(sealed)),
});

export type Transaction = z.infer<typeof transactionSchema>;
