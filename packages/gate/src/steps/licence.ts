import { type Refusal, refuse } from '@purser/base';

import type { Draft } from '../draft.ts';

/** Refuses what a failed payment has switched off. */
export function checkLicence(draft: Draft): Draft | Refusal {
  const { policy, operation, workspace } = draft;
  if (policy.features.has(operation.feature)) return draft;
  const detail =
    workspace.license === 'cancelled'
      ? `the licence of ${workspace.name} was cancelled; a new subscription switches ${operation.feature} on again`
      : `the last payment of ${workspace.name} failed, so ${operation.feature} is off; a payment switches it on again at once`;
  return refuse(operation.feature === 'sync' ? 'license_sync_disabled' : 'license_ai_disabled', detail, {
    offers: [{ kind: 'contact', id: 'payment', text: 'Update the payment method' }],
  });
}
