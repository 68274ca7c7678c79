import type { SchemaMigrations } from '@purser/database';

export { applyTerms, type Subscriber } from './apply-terms.ts';
export { type ClosedTerms, type Closing, closingOf, termsSince } from './closed.ts';
export { closeTerms, reopenTerms } from './close-terms.ts';
export { agreedByHand, plansPaidFor } from './agreed-by-hand.ts';
export type {
  CreditFact,
  InvoiceFact,
  InvoiceLine,
  PaymentFacts,
  Span,
  SubscriptionItem,
  SubscriptionSnapshot,
} from './facts.ts';
export { lockTerms, type MonthRow } from './known.ts';
export { GAP_HOURS, openTerms } from './open-parts.ts';
export { type ServedTerms, servedTerms } from './served.ts';
export { collectedByMonth, type MonthMoney } from './collected-by-month.ts';
export { proceedsOf, sumIn } from './proceeds.ts';
export type { AllowedIn } from './allowed-in.ts';
export { type Fold, foldTerms, type Terms } from './terms-of.ts';

export const termsMigrations: SchemaMigrations = { schema: 'terms', directory: new URL('../migrations/', import.meta.url) };
