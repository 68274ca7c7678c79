import { type Refusal, refuse } from '@purser/base';
import { type Catalogue, findPlan, provePlan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { compare, formatMoney } from '@purser/money';

import { mergeOverrides } from './merge-overrides.ts';

/**
 * Refuses overrides with which a paid plan could fall below its margin, naming what binds; as if they were in force, whenever they are.
 * An administrator agrees to the loss by `accepted_loss: { reason }` among the overrides, which the trail keeps with who wrote it.
 */
export function refuseLoss(
  workspace: Pick<Workspace, 'plan' | 'overrides'>,
  catalogue: Catalogue,
  now: Temporal.Instant,
): Refusal | undefined {
  const plan = findPlan(catalogue, workspace.plan);
  const { valid_from: _, valid_until: __, accepted_loss, ...overrides } = workspace.overrides;
  if (!plan || plan.price.nanos === 0n || accepted_loss !== undefined || Object.keys(overrides).length === 0) return undefined;
  const terms = mergeOverrides({ plan, catalogue, overrides, now });
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
      'Want less, or accepted_loss: { "reason": "…" } beside them to agree to the loss',
  );
}
