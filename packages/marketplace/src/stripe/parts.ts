import type { Stripe } from 'stripe';

import type { EffectParts } from '../effects/parts.ts';
import type { StripeSettings } from './client.ts';

/** What the marketplace is made of. */
export interface MarketplaceParts extends EffectParts {
  readonly settings: StripeSettings;
}

export interface OpenParts extends MarketplaceParts {
  readonly stripe: Stripe;
}
