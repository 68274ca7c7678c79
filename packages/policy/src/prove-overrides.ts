import { type Refusal, refuse } from '@purser/core';
import { type Catalog, describeLoss, findPlan, payAsYouGoLoss, type Plan, proveLicense, provePlan } from '@purser/catalog';
import type { Overrides, Workspace } from '@purser/identity';
import { compare, convertPlain, formatMoney, parseMoney } from '@purser/money';

import { mergeOverrides } from './merge-overrides.ts';
import { isLossAccepted } from './proven-overrides.ts';

/**
 * Refuses overrides with which a paid plan could fall below its margin, a free one cost more than it may, or any sell credits below what
 * they cost, naming what binds; as if they were in force, whenever they are.
 * An administrator agrees to the loss by `accepted_loss: { reason }` among the overrides, which the trail keeps with who wrote it.
 */
export function refuseLoss(
  workspace: Pick<Workspace, 'plan' | 'overrides'>,
  catalog: Catalog,
  now: Temporal.Instant,
): Refusal | undefined {
  const plan = findPlan(catalog, workspace.plan);
  const { valid_from: _, valid_until: __, accepted_loss: ___, ...overrides } = workspace.overrides;
  if (!plan || isLossAccepted(workspace.overrides, plan) || Object.keys(overrides).length === 0) return undefined;
  const merged = planWith(plan, catalog, overrides, now);
  const cheap = overrides.pay_as_you_go && refuseCheapCredits(catalog, plan, overrides.pay_as_you_go);
  if (cheap) return cheap;
  const { binding, loss } = provePlan(catalog, merged, now);
  // A ceiling that was agreed to be next to nothing admits next to nothing: that is no loss.
  if (loss && loss.witness.kind !== 'unusable') {
    return refuse(
      'invalid_request',
      `overrides: ${plan.code} would not keep its margin: ${loss.why}; what bounds a month is the ${binding.name}, ${formatMoney(binding.limit)} (${binding.because}). ` +
        `Lower them, or ${AGREE}`,
    );
  }
  const [unpaid] = proveLicense({ ...catalog, plans: [merged] }, now);
  const before = proveLicense({ ...catalog, plans: [plan] }, now);
  if (unpaid === undefined || before.length > 0) return undefined;
  return refuse(
    'invalid_request',
    `overrides.features: ${plan.code}: ${unpaid.why} (${describeLoss(unpaid)}). Remove some, or ${AGREE}`,
  );
}

const AGREE = 'accepted_loss: { "reason": "…" } to accept the loss';

/** The plan as it would be with the overrides, whatever they cost. */
function planWith(plan: Plan, catalog: Catalog, overrides: Overrides, now: Temporal.Instant): Plan {
  const terms = mergeOverrides({ plan, catalog, overrides, now });
  const { credits_monthly, quotas, request, visibility, features, providers, pinned, defaultRouting } = terms;
  const { ceiling: agreed } = overrides;
  const ceiling = agreed
    ? convertPlain(parseMoney(agreed.amount, agreed.currency), plan.ceiling.currency, catalog.fx, 'down')
    : plan.ceiling;
  return {
    ...plan,
    // Below the reserve nothing is admitted at all, which costs nothing.
    ceiling: compare(ceiling, plan.overrun_reserve) < 0 ? plan.overrun_reserve : ceiling,
    credits_monthly,
    quotas,
    request,
    visibility,
    features,
    model_policy: { ...plan.model_policy, providers, pinned, defaultRouting },
  };
}

/** Each credit that is sold by itself is proven by itself: the ceiling bounds what they cost together, not what they bring. */
function refuseCheapCredits(
  catalog: Catalog,
  plan: Plan,
  { credits_max, price: { amount, currency } }: NonNullable<Overrides['pay_as_you_go']>,
): Refusal | undefined {
  if (credits_max === 0) return undefined;
  const price = parseMoney(amount, currency);
  const loss = payAsYouGoLoss(catalog, plan, price);
  if (!loss) return undefined;
  return refuse(
    'invalid_request',
    `overrides.pay_as_you_go.price: ${plan.code} would not keep its margin: of ${formatMoney(price)} margin and fees leave ` +
      `${formatMoney(loss.allowed)}, and a credit stands for ${formatMoney(loss.stands_for)}. Raise it, or ${AGREE}`,
  );
}
