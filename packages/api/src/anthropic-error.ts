import { z } from 'zod';

export const anthropicErrorSchema = z
  .object({
    type: z.literal('error'),
    error: z.object({
      type: z.string(),
      message: z.string(),
      code: z.string(),
      retry_after: z.int().optional(),
      offers: z.array(z.unknown()).optional(),
    }),
    request_id: z.string().optional(),
  })
  .describe('An error in Anthropic’s format');
