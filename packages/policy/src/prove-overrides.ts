import { type Refusal, refuse } from '@purser/base';
import { type Catalogue, findPlan, payAsYouGoLoss, type Plan, provePlan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { compare, formatMoney } from '@purser/money';

import { mergeOverrides, type Terms } from './merge-overrides.ts';

/**
 * Refuses overrides with which a paid plan could fall below its margin, a free one cost more than it may, or any sell credits below what
 * they cost, naming what binds; as if they were in force, whenever they are.
 * An administrator agrees to the loss by `accepted_loss: { reason }` among the overrides, which the trail keeps with who wrote it.
 */
export function refuseLoss(
  workspace: Pick<Workspace, 'plan' | 'overrides'>,
  catalogue: Catalogue,
  now: Temporal.Instant,
): Refusal | undefined {
  const plan = findPlan(catalogue, workspace.plan);
  const { valid_from: _, valid_until: __, accepted_loss, ...overrides } = workspace.overrides;
  if (!plan || accepted_loss !== undefined || Object.keys(overrides).length === 0) return undefined;
  const terms = mergeOverrides({ plan, catalogue, overrides, now });
  const loss = overrides.pay_as_you_go && refuseCheapCredits(catalogue, plan, terms);
  if (loss) return loss;
  const { ceiling, credits_monthly, quotas, request, visibility, features, providers, pinned, defaultRouting } = terms;
  const proof = provePlan(
    catalogue,
    {
      ...plan,
      // Below the reserve nothing is admitted at all, which costs nothing.
      ceiling: compare(ceiling, plan.overrun_reserve) < 0 ? plan.overrun_reserve : ceiling,
      credits_monthly,
      quotas,
      request,
      visibility,
      features,
      model_policy: { ...plan.model_policy, providers, pinned, defaultRouting },
    },
    now,
  );
  if (proof.holds) return undefined;
  const { binding } = proof;
  return refuse(
    'invalid_request',
    `overrides: ${plan.code} would not keep its margin: ${proof.failure}; what bounds a month is the ${binding.name}, ${formatMoney(binding.limit)} (${binding.because}). ` +
      `Want less, or ${AGREE}`,
  );
}

const AGREE = 'accepted_loss: { "reason": "…" } beside them to agree to the loss';

/** Each credit that is sold by itself is proven by itself: the ceiling bounds what they cost together, not what they bring. */
function refuseCheapCredits(catalogue: Catalogue, plan: Plan, { pay_as_you_go }: Terms): Refusal | undefined {
  const loss = pay_as_you_go && payAsYouGoLoss(catalogue, plan, pay_as_you_go.price);
  if (!loss) return undefined;
  return refuse(
    'invalid_request',
    `overrides.pay_as_you_go.price: ${plan.code} would not keep its margin: of ${formatMoney(pay_as_you_go.price)} margin and fees leave ` +
      `${formatMoney(loss.allowed)}, and a credit stands for ${formatMoney(loss.stands_for)}. Want more, or ${AGREE}`,
  );
}
