import { type Refusal, refuse } from '@purser/base';
import { licenceRefusal } from '@purser/license';
import { originOf, type Policy } from '@purser/policy';

import type { Draft } from '../draft.ts';
import { upgradeOffers } from '../offers.ts';
import { refusePaused } from './paused.ts';

/** Why a workspace may not use a feature, or nothing: a failed payment has switched it off, a ladder pauses it, the plan has it not. */
export function featureRefusal(policy: Policy, feature: string): Refusal | undefined {
  if (policy.features.has(feature)) return undefined;
  const origin = originOf(policy, `features.${feature}`);
  if (origin === 'licence') return licenceRefusal(policy, feature);
  if (origin === 'rung') return refusePaused(policy, feature);
  return refuse('plan_feature_missing', `the plan ${policy.plan.name} does not include ${feature}`, {
    offers: upgradeOffers(policy.catalogue, policy, feature),
  });
}

export function checkFeature(draft: Draft): Draft | Refusal {
  return featureRefusal(draft.policy, draft.operation.feature) ?? draft;
}
