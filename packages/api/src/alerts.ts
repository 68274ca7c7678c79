import { z } from 'zod';

import { instantSchema, uuidSchema } from './amounts.ts';
import { spoken } from './shown.ts';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const ALERT_CHANNELS = ['email', 'webhook', 'slack'] as const;

export const alertSchema = z.object({
  id: uuidSchema,
  workspace_id: uuidSchema,
  kind: z.string().describe('Such as `threshold`; GET /api/alerts/kinds lists them.'),
  subject: z.string().describe('What it is about: a meter and its unit, a license, a spend.'),
  threshold: z.string().nullable().describe('The share of the cap that was reached, such as "0.85".'),
  severity: z.enum(SEVERITIES),
  title: z.string(),
  text: spoken(),
  raised_at: instantSchema,
  seen_at: instantSchema.nullable(),
  seen_by: z.string().nullable(),
});

export const alertPageSchema = z.object({ alerts: z.array(alertSchema), next_cursor: z.string().nullable() });

export const alertSettingsSchema = z.object({
  thresholds: z.record(z.string(), z.array(z.string())),
  digest: z.object({ messages_max: z.int(), within_minutes: z.int() }),
  channels: z.array(
    z.object({
      id: uuidSchema,
      kind: z.enum(ALERT_CHANNELS),
      address: z.string(),
      kinds: z.array(z.string()).nullable(),
      secret: z.string().optional().describe('What a webhook is signed with; shown this once.'),
    }),
  ),
});

export const alertGroupSchema = z.object({
  workspace_id: uuidSchema,
  kind: z.string(),
  subject: z.string(),
  alerts: z.int().describe('How many it stands for.'),
  severity: z.enum(SEVERITIES).describe('The worst among them.'),
  newest: uuidSchema.describe('The id of the newest.'),
  title: z.string().describe('Of the worst, as `text` and the times.'),
  text: spoken(),
  raised_at: instantSchema,
  first_raised_at: instantSchema,
  seen_at: instantSchema.nullable(),
  seen_by: z.string().nullable(),
});

export const alertGroupPageSchema = z.object({ groups: z.array(alertGroupSchema), next_cursor: z.string().nullable() });

export const alertCountSchema = z.object({ unseen: z.int().describe('Counted to 1,000.'), critical: z.int() });

export const markedSchema = z.object({ acknowledged: z.int().describe('At most 5,000 at once.') });

export type AlertGroup = z.infer<typeof alertGroupSchema>;
export type AlertGroupPage = z.infer<typeof alertGroupPageSchema>;
export type AlertCount = z.infer<typeof alertCountSchema>;
export type AlertSettings = z.infer<typeof alertSettingsSchema>;
export type ChannelKind = (typeof ALERT_CHANNELS)[number];
export type AlertChannel = AlertSettings['channels'][number];
/** What is asked for: the server gives each channel its id, and a webhook its secret. */
export type WantedChannel = Omit<AlertChannel, 'id' | 'secret'>;
export type WantedAlertSettings = Omit<AlertSettings, 'channels'> & { channels: WantedChannel[] };
