export { type Delivery, type Invoice, startStripeStandIn, type StripeStandIn } from './stripe-stand-in.ts';
export type { StripeObject } from './objects.ts';
export { signatureOf } from './signature.ts';
