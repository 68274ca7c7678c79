import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';

export const keySchema = z.object({
  id: uuidSchema,
  name: z.string(),
  prefix: z.string().describe('Its first characters, enough to tell it from the others.'),
  created_at: instantSchema,
  revoked_at: instantSchema.nullable(),
});

export const createdKeySchema = keySchema.extend({ key: z.string().describe('Shown this once.') });

export type Key = z.infer<typeof keySchema>;
export type CreatedKey = z.infer<typeof createdKeySchema>;
