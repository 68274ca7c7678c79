import type { SchemaMigrations } from '@purser/database';
import type { Module } from '@purser/module';

import type { MarketplaceRoutesDeps } from './routes/deps.ts';
import { registerShop } from './routes/shop.ts';
import { registerStripeWebhooks } from './routes/webhooks-stripe.ts';

export type { CheckoutRequest, StartedCheckout } from './checkout.ts';
export { type Marketplace, openMarketplace } from './marketplace.ts';
export type { MarketplaceParts } from './parts.ts';
export type { StripeSettings } from './stripe.ts';
export type { TakenIn } from './take-in.ts';

export const marketplaceMigrations: SchemaMigrations = {
  schema: 'marketplace',
  directory: new URL('../migrations/', import.meta.url),
};

/** What is for sale, and what the payment provider tells. */
export const marketplace: Module<MarketplaceRoutesDeps> = {
  name: 'marketplace',
  migrations: marketplaceMigrations,
  async routes(app, deps) {
    registerShop(app, deps);
    await registerStripeWebhooks(app, deps);
  },
};
