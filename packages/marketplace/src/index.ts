export type { CheckoutRequest, StartedCheckout } from './checkout.ts';
export { type Marketplace, openMarketplace } from './marketplace.ts';
export type { MarketplaceParts } from './parts.ts';
export type { StripeSettings } from './stripe.ts';
export { takeInAndRelease, type TakenInAndReleased } from './take-in-and-release.ts';
export { marketplaceMigrations } from './module.ts';
