import type { SchemaMigrations } from '@purser/database';

export type { CheckoutRequest, StartedCheckout } from './checkout.ts';
export { type Marketplace, openMarketplace } from './marketplace.ts';
export type { MarketplaceParts } from './parts.ts';
export type { StripeSettings } from './stripe.ts';
export type { TakenIn } from './take-in.ts';

export const marketplaceMigrations: SchemaMigrations = {
  schema: 'marketplace',
  directory: new URL('../migrations/', import.meta.url),
};
