import { Fault } from '@purser/core';
import type { Stripe } from 'stripe';

export interface StripeSettings {
  readonly secret_key: string | undefined;
  readonly webhook_secret: string | undefined;
  /** Where Stripe is; undefined: at home. Only scheme, host and port count. */
  readonly base_url: string | undefined;
  /** Have Stripe work out and charge tax on top of the price. */
  readonly automatic_tax: boolean;
}

const TIMEOUT_MS = 10_000;
const RETRIES_MAX = 2;

/** The official client, or undefined without a key. It is loaded when it is first wanted, for it takes 40 MB. */
export async function openStripe({ secret_key, base_url }: StripeSettings): Promise<Stripe | undefined> {
  if (secret_key === undefined) return undefined;
  const { Stripe } = await import('stripe');
  return new Stripe(secret_key, {
    timeout: TIMEOUT_MS,
    maxNetworkRetries: RETRIES_MAX,
    telemetry: false,
    ...(base_url !== undefined && addressOf(new URL(base_url))),
  });
}

function addressOf(url: URL): { protocol: 'http' | 'https'; host: string; port: string } {
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return { protocol, host: url.hostname, port: url.port || (protocol === 'http' ? '80' : '443') };
}

const MISSING = 'resource_missing';

/** Stripe does not have what it was asked about: it was made with another key, or deleted. */
class NotThere extends Fault {
  readonly what: string | undefined;

  constructor(message: string, what: string | undefined) {
    super(message, { retryable: false });
    this.what = what;
  }
}

/** Whether Stripe does not have what it was asked about; `customer`: the customer that was named in it. */
export function isMissing(error: unknown, what?: 'customer'): boolean {
  return error instanceof NotThere && (what === undefined || error.what === what);
}

/**
 * What went wrong at Stripe, as a fault. Its own message and error object stay out: they name keys, customers and addresses.
 * Trying again helps unless Stripe refused the request or the key.
 */
export async function asking<T>(what: string, ask: Promise<T>): Promise<T> {
  try {
    return await ask;
  } catch (error) {
    const { Stripe } = await import('stripe');
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    const retryable = !(
      error instanceof Stripe.errors.StripeInvalidRequestError ||
      error instanceof Stripe.errors.StripeAuthenticationError ||
      error instanceof Stripe.errors.StripePermissionError ||
      error instanceof Stripe.errors.StripeIdempotencyError
    );
    if (error.code === MISSING) throw new NotThere(`the payment service could not ${what}: it does not have it`, error.param);
    const cause = new Error(`Stripe: ${[error.type, error.code, error.statusCode, error.requestId].filter(Boolean).join(' ')}`);
    throw new Fault(`the payment service could not ${what}`, { retryable, cause });
  }
}
