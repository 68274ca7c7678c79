import { z } from 'zod';

import { counterSchema } from './amounts.ts';

export const operationSchema = z.object({
  name: z.string(),
  task: z.string(),
  feature: z.string().describe('The plan feature it needs.'),
  description: z.string().optional(),
  example: z.string().optional().describe('A prompt to try it by.'),
  available: z
    .boolean()
    .optional()
    .describe('For a caller in a workspace: whether its plan and license let it ask for this now.'),
  credits_min: counterSchema.describe('The minimum charge of one call.'),
  complexities: z.array(z.enum(['simple', 'medium', 'complex'])),
  output_tokens_default: z.int(),
});

export type Operation = z.infer<typeof operationSchema>;
export type Complexity = Operation['complexities'][number];
