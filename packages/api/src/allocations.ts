import { z } from 'zod';

import { counterSchema, instantSchema } from './amounts.ts';

export const allocationSchema = z.object({
  kind: z.enum(['member', 'team']),
  id: z.string(),
  credits: counterSchema.nullable().describe('For a billing period; null: no own limit.'),
  team: z.string().nullable().describe('Of a member: the team whose allocation its calls count against as well.'),
  used: counterSchema.describe('In this billing period, since the allocation was made.'),
  held: counterSchema,
  resets_at: instantSchema.nullable(),
});

export type Allocation = z.infer<typeof allocationSchema>;
