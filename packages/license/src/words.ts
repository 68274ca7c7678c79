import type { LicenseStage } from '@purser/policy';

import type { LicenseEvent } from './license-of.ts';

/** Why a license changed, as the customer reads it. */
export const WHY: Readonly<Record<LicenseEvent['kind'] | 'time', string>> = {
  failed: 'A payment failed.',
  excused: 'What had failed is owed no more.',
  paid: 'A payment arrived.',
  ended: 'The subscription ended.',
  refunded: 'The payment was given back.',
  paused: 'The subscription is paused.',
  resumed: 'The subscription goes on.',
  set_active: 'It was set by hand.',
  set_grace: 'It was set by hand.',
  set_cancelled: 'It was set by hand.',
  time: 'The time to pay is over.',
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
