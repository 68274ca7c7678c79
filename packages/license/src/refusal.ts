import { type Offer, type Refusal, refuse } from '@purser/core';
import type { LicenseStage, Policy } from '@purser/policy';

import { WHAT_TO_DO } from './words.ts';

type Stopped = Exclude<LicenseStage, 'active'>;

/** The one thing that helps: at once, whatever the stage. */
export const PAY: Readonly<Record<Stopped, Offer>> = {
  grace: { kind: 'pay', id: 'invoice', text: 'Pay the open invoice' },
  degraded: { kind: 'pay', id: 'invoice', text: 'Pay the open invoice' },
  cancelled: { kind: 'pay', id: 'subscription', text: 'Subscribe again' },
};

const REASON: Readonly<Record<Stopped, string>> = {
  grace: 'the last payment failed',
  degraded: 'the last payment failed, and the grace period is over',
  cancelled: 'the subscription has ended',
};

/**
 * The refusal of a feature that the license has switched off. Of the catalog's steps the first is AI and all that costs money;
 * what follows later goes under the name of sync.
 */
export function licenseRefusal({ catalog, license_stage, workspace }: Policy, feature: string): Refusal {
  const stage = license_stage === 'active' ? 'cancelled' : license_stage;
  const first = catalog.license.degrade[0]?.features.includes(feature) === true;
  return refuse(
    first ? 'license_ai_disabled' : 'license_sync_disabled',
    `${feature} is off for ${workspace.name}: ${REASON[stage]}. ${WHAT_TO_DO[stage]}`,
    { offers: [PAY[stage]] },
  );
}
