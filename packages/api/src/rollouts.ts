import { z } from 'zod';

import { amountSchema, instantSchema, uuidSchema } from './amounts.ts';

export const rolloutSchema = z.object({
  id: uuidSchema,
  from_version: z.string(),
  to_version: z.string(),
  share: z.number(),
  state: z.enum(['running', 'completed', 'rolled_back']),
  started_at: instantSchema,
  changed_at: instantSchema,
});

export const armSchema = z.object({
  arm: z.enum(['treatment', 'control']),
  workspaces: z.int(),
  calls: z.int(),
  refused: z.record(z.string(), z.int()).describe('By the code of the refusal.'),
  refusal_ratio: z.string().nullable(),
  margin: z.array(
    z.object({
      revenue: amountSchema,
      fees: amountSchema,
      cost: amountSchema,
      margin: amountSchema,
      margin_ratio: z.string().nullable(),
    }),
  ),
});

export const comparedRolloutSchema = rolloutSchema.extend({ arms: z.array(armSchema) });

export const catalogTextSchema = z.object({ version: z.string(), text: z.string().describe('YAML.') });

export type Rollout = z.infer<typeof rolloutSchema>;
export type Arm = z.infer<typeof armSchema>;
export type ComparedRollout = z.infer<typeof comparedRolloutSchema>;
export type CatalogText = z.infer<typeof catalogTextSchema>;
