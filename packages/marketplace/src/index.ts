export type { CheckoutRequest, StartedCheckout } from './stripe/checkout.ts';
export { type Marketplace, openMarketplace } from './marketplace.ts';
export type { MarketplaceParts } from './stripe/parts.ts';
export type { StripeSettings } from './stripe/client.ts';
export { takeInAndRelease, type TakenInAndReleased } from './take-in-and-release.ts';
export { marketplaceMigrations } from './module.ts';
