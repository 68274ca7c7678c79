import { z } from 'zod';

import { instantSchema, quantitySchema } from './amounts.ts';
import { degradationSchema } from './answer.ts';

export const ladderStateSchema = z.object({
  ladder: z.string(),
  watches: z.enum(['ceiling', 'global_budget', 'pool']),
  workspace_id: z.string().nullable().describe('Null: everybody’s.'),
  unit: z.string(),
  spent: quantitySchema.describe('Of a workspace: when it came to this level.'),
  cap: quantitySchema,
  level: z.int().describe('Counted from 1; 0: none.'),
  levels: z.int().describe('Number of levels.'),
  since: instantSchema.nullable(),
  effects: z.array(degradationSchema),
});

export const laddersSchema = z.object({
  frozen: z.boolean(),
  shared: z.array(ladderStateSchema),
  workspaces: z.array(ladderStateSchema).describe('Strongest throttling first.'),
  workspaces_throttled: z.int(),
});

export type LadderState = z.infer<typeof ladderStateSchema>;
export type Ladders = z.infer<typeof laddersSchema>;
