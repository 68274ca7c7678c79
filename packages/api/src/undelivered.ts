import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';
import { ALERT_CHANNELS } from './alerts.ts';

export const undeliveredSchema = z.object({
  id: uuidSchema,
  workspace_id: uuidSchema,
  kind: z.enum(ALERT_CHANNELS),
  address: z.string(),
  alerts: z.int(),
  attempts: z.int(),
  ended_at: instantSchema,
  error: z.string(),
});

export const undeliveredPageSchema = z.object({ messages: z.array(undeliveredSchema), next_cursor: z.string().nullable() });

export type Undelivered = z.infer<typeof undeliveredSchema>;
export type UndeliveredPage = z.infer<typeof undeliveredPageSchema>;
