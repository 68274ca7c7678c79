import { licenseNotice } from '@purser/license';
import { openGrants } from '@purser/meters';
import { EVERY_TASK, explainPolicy, metersFor } from '@purser/policy';
import { creditForecaster } from '@purser/wallet';
import { z } from 'zod';
import {
  asCost,
  asPrice,
  shownAs,
  spoken,
  amountSchema,
  counterSchema,
  instantSchema,
  quantitySchema,
  uuidSchema,
} from '@purser/api';
import { callerOf, workspaceOf, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { licenseNoticeSchema, wireNotice } from './license-notice.ts';
import { usageReport } from './usage-report.ts';

const meterSchema = z.object({
  key: z.string(),
  label: z.string().optional().describe('The name of a quota.'),
  unit: z.string(),
  window: z.string(),
  cap: quantitySchema,
  used: quantitySchema,
  held: quantitySchema,
  resets_at: instantSchema.nullable(),
});

const explanationSchema = z.object({ name: z.string(), value: z.unknown(), from: z.string(), why: spoken() });

const usageSchema = z.object({
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
  offers: z
    .array(z.object({ kind: z.string(), id: z.string(), text: z.string(), price: asPrice().optional() }))
    .describe('What can be bought, when throttling offers it.'),
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

/** What the caller's workspace has, has used and may still use. */
export function registerUsage(app: App, { pool, clock, meters, members, policyOf, openPeriod }: AccountDeps): void {
  const forecastCredits = creditForecaster(pool);
  app.route({
    method: 'GET',
    url: '/api/usage',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'Credits, cost and meters',
      querystring: z.object({ explain: z.enum(['0', '1']).optional().describe('`1`: where each value comes from.') }),
      response: { 200: usageSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const { user, actor } = callerOf(request);
      const now = clock.now();
      const policy = policyOf(workspace, now);
      await openPeriod(policy, now);
      const allocated = await members.of(policy, user);
      const [states, grants] = await Promise.all([
        meters.readOwn(
          workspace.id,
          metersFor(EVERY_TASK, policy, { user: user ?? actor, allocated }, now).filter(
            (meter) => meter.workspace === workspace.id,
          ),
        ),
        openGrants(pool, clock, workspace.id),
      ]);
      return reply.header('cache-control', 'no-store').send({
        ...usageReport(policy, states, grants, now, await forecastCredits(policy, grants, now)),
        license_notice: wireNotice(licenseNotice(policy, now)),
        ...(request.query.explain === '1' && { policy: explainPolicy(policy) }),
      });
    },
  });
}
