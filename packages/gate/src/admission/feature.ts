import { type Refusal, refuse } from '@purser/core';
import { licenseRefusal } from '@purser/license';
import { originOf, type Policy } from '@purser/policy';

import type { Draft } from './draft.ts';
import { upgradeOffers } from './offers.ts';
import { refusePaused } from './paused.ts';

/** Why a workspace may not use a feature, or nothing: a failed payment has switched it off, a ladder pauses it, the plan has it not. */
export function featureRefusal(policy: Policy, feature: string): Refusal | undefined {
  if (policy.features.has(feature)) return undefined;
  const origin = originOf(policy, `features.${feature}`);
  if (origin === 'license') return licenseRefusal(policy, feature);
  if (origin === 'level') return refusePaused(policy, feature);
  return refuse('plan_feature_missing', `the plan ${policy.plan.name} does not include ${feature}`, {
    offers: upgradeOffers(policy.catalog, policy, feature),
  });
}

export function checkFeature(draft: Draft): Draft | Refusal {
  return featureRefusal(draft.policy, draft.operation.feature) ?? unlisted(draft) ?? draft;
}

/** A plan may list the operations that it includes. */
function unlisted({ policy, operation }: Draft): Refusal | undefined {
  const { plan, catalog } = policy;
  if (plan.operations?.includes(operation.name) !== false) return undefined;
  const detail = `the plan ${plan.name} does not include ${operation.name}; it includes ${plan.operations.join(', ')}`;
  return refuse('plan_feature_missing', detail, { offers: upgradeOffers(catalog, policy, operation.feature) });
}
