import { assert, instantText, type Refusal, refuse } from '@purser/core';
import { type Plan, QUOTAS, TASKS } from '@purser/catalog';
import { z } from 'zod';

const count = z.int().min(0).max(1_000_000_000);
const positive = z.int().min(1).max(1_000_000_000);
/** Null lifts the quota: unlimited. */
const quota = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable();
const name = z.string().min(1).max(100);
const amount = z.strictObject({
  amount: z.string().regex(/^\d{1,9}(\.\d{1,9})?$/, 'a decimal such as 25.50'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'a currency such as EUR'),
});

/** By task; `refuseUnknown` of policy says whether the catalog has what modules added. */
function byTask<T extends z.ZodType>(of: T) {
  return z.object(Object.fromEntries(TASKS.map((task) => [task, of.optional()]))).catchall(of);
}

/**
 * What a workspace negotiated on top of its plan: any of the plan's attributes, under the names the catalog gives them.
 * `valid_from` and `valid_until` bound it in time (RFC 3339); outside of them the plan alone holds.
 */
export const overridesSchema = z.strictObject({
  features: z.array(name).max(100).optional(),
  ceiling: amount.optional(),
  credits_monthly: count.optional(),
  pay_as_you_go: z.strictObject({ credits_max: count, price: amount }).optional(),
  quotas: z
    .object(Object.fromEntries(QUOTAS.map(({ key }) => [key, quota.optional()])))
    .catchall(quota)
    .optional(),
  concurrency: count.optional(),
  rate: z.strictObject({ rps: positive.optional(), rpm: positive.optional(), burst: positive.optional() }).optional(),
  request: z
    .strictObject({
      output_tokens_max: positive.optional(),
      credits_max: positive.optional(),
      input_chars_max: positive.optional(),
    })
    .optional(),
  providers: byTask(z.array(name).min(1).max(20)).optional(),
  pinned: byTask(z.strictObject({ model: name, version: name })).optional(),
  defaultRouting: z.enum(['latest', 'allow_minor', 'pinned']).optional(),
  priority: z.enum(['critical', 'high', 'standard', 'low']).optional(),
  visibility: z.strictObject({ showBetaModels: z.boolean().optional(), allowUnverified: z.boolean().optional() }).optional(),
  valid_from: instantText.optional(),
  valid_until: instantText.optional(),
  /** An administrator agreed that these may cost more than the plan's margin allows. */
  accepted_loss: z
    .strictObject({
      reason: z.string().min(1).max(500),
      plan: name.optional().describe('Recorded with it: the plan and its price.'),
      price: amount.optional(),
    })
    .optional(),
});

export type Overrides = z.infer<typeof overridesSchema>;

/** Says what is wrong with overrides: their shape, or what does not go with the plan. */
export function refuseOverrides(overrides: unknown, plan: Pick<Plan, 'price'> | undefined): Refusal | undefined {
  const parsed = overridesSchema.safeParse(overrides);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return wrong(issue?.path.map((step) => `.${String(step)}`).join('') ?? '', issue?.message ?? 'not valid');
  }
  const { ceiling, pay_as_you_go, valid_from, valid_until } = parsed.data;
  if (ceiling && plan && ceiling.currency !== plan.price.currency)
    return wrong('.ceiling', `want the plan’s currency ${plan.price.currency}, got ${ceiling.currency}`);
  if (pay_as_you_go && plan && pay_as_you_go.price.currency !== plan.price.currency)
    return wrong('.pay_as_you_go', `want the plan’s currency ${plan.price.currency}, got ${pay_as_you_go.price.currency}`);
  if (valid_from === undefined || valid_until === undefined) return undefined;
  if (Temporal.Instant.compare(Temporal.Instant.from(valid_from), Temporal.Instant.from(valid_until)) < 0) return undefined;
  return wrong('.valid_until', `want an instant after valid_from ${valid_from}, got ${valid_until}`);
}

function wrong(path: string, what: string): Refusal {
  return refuse('invalid_request', `overrides${path}: ${what}`);
}

/** Overrides are checked before they are stored, so a row that does not fit is a broken invariant. */
export function parseStoredOverrides(stored: unknown): Overrides {
  const parsed = overridesSchema.safeParse(stored);
  assert(parsed.success, 'stored overrides do not have the shape they were stored in');
  return Object.freeze(parsed.data);
}
