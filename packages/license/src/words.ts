import type { LicenseStage } from '@purser/policy';

import type { LicenseEvent } from './license-of.ts';

/** Why a license changed, as the customer reads it. */
export const WHY: Readonly<Record<LicenseEvent['kind'] | 'time', string>> = {
  failed: 'A payment failed.',
  excused: 'The failed payment is no longer due.',
  paid: 'A payment succeeded.',
  ended: 'The subscription ended.',
  refunded: 'The payment was refunded.',
  paused: 'The subscription is paused.',
  resumed: 'The subscription was resumed.',
  set_active: 'An administrator set it.',
  set_grace: 'An administrator set it.',
  set_cancelled: 'An administrator set it.',
  time: 'The grace period is over.',
};

/** To do about a subscription that rests. */
export const RESUME = 'Resume the subscription: AI is on again at once. What you bought stays yours.';

/** The one thing to do at each stage. */
export const WHAT_TO_DO: Readonly<Record<LicenseStage, string>> = {
  active: 'Nothing: everything your plan includes is on.',
  grace: 'Pay the open invoice: AI is on again at once. What you bought stays yours.',
  degraded: 'Pay the open invoice: everything is on again at once. What you bought stays yours.',
  cancelled: 'Subscribe again: everything is on again at once. What you bought stays yours.',
};
