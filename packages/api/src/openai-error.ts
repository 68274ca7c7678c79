import { z } from 'zod';

export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
      retry_after: z.int().optional(),
      offers: z.array(z.unknown()).optional(),
    }),
  })
  .describe('An error in OpenAI’s format');
