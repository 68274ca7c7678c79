import { type Refusal, refuse } from '@purser/base';
import { originOf } from '@purser/policy';

import type { Draft } from '../draft.ts';
import { upgradeOffers } from '../offers.ts';

/** Refuses what the plan does not include; what the licence took away is the next step's to explain. */
export function checkPlanFeature(draft: Draft): Draft | Refusal {
  const { policy, operation, catalogue } = draft;
  const { feature } = operation;
  if (policy.features.has(feature) || originOf(policy, `features.${feature}`) === 'licence') return draft;
  return refuse(
    'plan_feature_missing',
    `the plan ${policy.plan.name} does not include ${feature}, which ${operation.name} needs`,
    {
      offers: upgradeOffers(catalogue, policy, feature),
    },
  );
}
