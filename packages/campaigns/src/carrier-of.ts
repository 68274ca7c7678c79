import { type Refusal, refuse } from '@purser/core';
import type { Policy } from '@purser/policy';
import { namable, OFFLINE } from '@purser/routing';

import type { CampaignsDeps } from './deps.ts';

/** What brings the campaigns of a workspace to mailboxes. */
export interface CarrierOfPlan {
  /** As the catalog names it. */
  readonly provider: string;
  /** Nothing leaves this installation: its messages lie in a mailbox of ours. */
  readonly local: boolean;
}

/**
 * Who would carry a campaign of a workspace with this policy now, by the same rule as the gate's. Refuses `not_configured` where its plan's carrier is
 * not set up and no mailbox of ours stands in: then nothing is written that nobody could send.
 */
export function carrierOf({ gate }: Pick<CampaignsDeps, 'gate'>, policy: Policy): CarrierOfPlan | Refusal {
  const [model] = namable({
    operation: { task: 'email' },
    policy,
    models: policy.catalog.models,
    providersConfigured: gate.offeredBy('email'),
  });
  if (model !== undefined) return { provider: model.provider, local: model.provider === OFFLINE };
  const { name, email } = policy.plan;
  return refuse(
    'not_configured',
    `the e-mail of the plan ${name} is carried by ${email?.provider ?? 'nobody'}, which is not set up here; the operator sets it up, or another plan sends`,
  );
}
