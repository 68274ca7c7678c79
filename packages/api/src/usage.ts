import { z } from 'zod';

import { amountSchema, counterSchema, instantSchema, quantitySchema, uuidSchema } from './amounts.ts';
import { offerSchema } from './problem.ts';
import { asCost, shownAs, spoken } from './shown.ts';

export const licenseNoticeSchema = z.object({
  stage: z.enum(['grace', 'degraded', 'cancelled']),
  since: instantSchema,
  ends_at: instantSchema.nullable().describe('When more features go off; null: never.'),
  off: z.array(z.string()).describe('Features of the plan that are off.'),
  off_next: z.array(z.string()).describe('Those that go off at `ends_at`.'),
  text: z.string(),
  what_to_do: z.string(),
  action: offerSchema,
});

export const meterSchema = z.object({
  key: z.string(),
  label: z.string().optional().describe('The name of a quota.'),
  unit: z.string(),
  window: z.string(),
  cap: quantitySchema,
  used: quantitySchema,
  held: quantitySchema,
  resets_at: instantSchema.nullable(),
});

export const explanationSchema = z.object({ name: z.string(), value: z.unknown(), from: z.string(), why: spoken() });

export const usageSchema = z.object({
  workspace_id: uuidSchema,
  plan: z.string(),
  plan_name: z.string(),
  license: z.string().describe('active, grace, degraded or cancelled.'),
  license_notice: licenseNoticeSchema
    .nullable()
    .describe('While the license is not active: since when, what is off, what goes off next and when, and what to do.'),
  credits: z.object({
    balance: counterSchema.describe('Neither held nor used.'),
    held: counterSchema,
    expiring: z.array(z.object({ credits: counterSchema, source: z.string(), expires_at: instantSchema })),
  }),
  cost: asCost(
    z
      .object({
        ceiling: amountSchema,
        spent: amountSchema,
        held: amountSchema,
        unresolved: amountSchema.describe(
          'The unresolved part of `spent`: it is not known yet whether a provider billed it. Calls that a provider itself aborted are not in it.',
        ),
      })
      .describe('Of this billing period.'),
  ),
  meters: shownAs(z.array(meterSchema), (meters) => meters.filter(({ unit }) => !isMoney(unit))),
  degraded: z.array(z.object({ what: z.string(), why: z.string() })).describe('What is throttled now, and why.'),
  offers: z.array(offerSchema).describe('What can be bought, when throttling offers it.'),
  forecast: z.object({
    ceiling_reached_at: asCost(instantSchema.nullable()),
    text: asCost(z.string()),
    credits: z
      .object({
        outlook: z.enum(['out', 'lasts', 'exhausted', 'unknown']).describe('Whether they run out before they are refreshed.'),
        exhausted_at: instantSchema.nullable().describe('The median of the simulated futures.'),
        earliest: instantSchema.nullable(),
        latest: instantSchema
          .nullable()
          .describe('80 % of the simulated futures lie between `earliest` and `latest`; null: not before the refresh.'),
        text: z.string(),
      })
      .describe('When the credits run out, at the pace and by the days of the last four weeks.'),
  }),
  policy: shownAs(z.array(explanationSchema), (values) => values.filter(({ value }) => !holdsMoney(value)))
    .optional()
    .describe('With `explain=1`: every value of the policy and its source.'),
});

function isMoney(unit: string): boolean {
  return /^[A-Z]{3}$/.test(unit);
}

function holdsMoney(value: unknown): boolean {
  return amountSchema.safeParse(value).success;
}

export type LicenseNotice = z.infer<typeof licenseNoticeSchema>;
export type Meter = z.infer<typeof meterSchema>;
export type Explained = z.infer<typeof explanationSchema>;
export type Usage = z.infer<typeof usageSchema>;
export type Cost = NonNullable<Usage['cost']>;
export type CreditForecast = Usage['forecast']['credits'];
