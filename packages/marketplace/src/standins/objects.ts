import { type Form, list, text, within } from './form.ts';

/** An object of Stripe's, as it is on the wire. */
export type StripeObject = { readonly id: string; readonly object: string; readonly [key: string]: unknown };

/** What Stripe answers to a request that it does not take. */
export class Declined extends Error {
  readonly status: number;
  readonly error: { readonly type: string; readonly code?: string; readonly param?: string; readonly message: string };

  constructor(status: number, error: Declined['error']) {
    super(error.message);
    this.status = status;
    this.error = error;
  }
}

function missing(param: string): Declined {
  const message = `Missing required param: ${param}.`;
  return new Declined(400, { type: 'invalid_request_error', code: 'parameter_missing', param, message });
}

function wanted(form: Form, ...path: readonly string[]): string {
  const value = text(form, ...path);
  const [first = '', ...rest] = path;
  if (value === undefined) throw missing(first + rest.map((part) => `[${part}]`).join(''));
  return value;
}

export function customer(id: string, form: Form, created: number): StripeObject {
  return { id, object: 'customer', created, livemode: false, metadata: within(form, 'metadata') };
}

/** Objects by their ids. */
type Known = ReadonlyMap<string, StripeObject>;

/** A customer that was made with another key is not there. */
function knownCustomer(id: string | undefined, known: Known): string | null {
  if (id === undefined || known.has(id)) return id ?? null;
  const message = `No such customer: '${id}'`;
  throw new Declined(400, { type: 'invalid_request_error', code: 'resource_missing', param: 'customer', message });
}

/** A page that nobody can pay on any more. */
export function expired(session: StripeObject | undefined): StripeObject {
  if (session === undefined) {
    throw new Declined(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      param: 'session',
      message: 'No such checkout.session',
    });
  }
  if (session['status'] === 'open') return { ...session, status: 'expired', url: null };
  const message = `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${String(session['status'])}.`;
  throw new Declined(400, { type: 'invalid_request_error', message });
}

/** A session as it is before anybody paid; its lines are priced by the request itself (`price_data`). */
export function checkoutSession(id: string, form: Form, created: number, origin: string, known: Known): StripeObject {
  const mode = wanted(form, 'mode');
  wanted(form, 'success_url');
  const lines = list(form, 'line_items').map((line) => ({
    quantity: Number(wanted(line, 'quantity')),
    amount: Number(wanted(line, 'price_data', 'unit_amount')),
    currency: wanted(line, 'price_data', 'currency'),
    name: wanted(line, 'price_data', 'product_data', 'name'),
  }));
  const [first] = lines;
  if (first === undefined) throw missing('line_items');
  for (const { amount } of lines) {
    if (Number.isSafeInteger(amount) && amount >= 0) continue;
    throw new Declined(400, {
      type: 'invalid_request_error',
      code: 'parameter_invalid_integer',
      param: 'line_items[0][price_data][unit_amount]',
      message: `Invalid integer: ${amount}`,
    });
  }
  const subtotal = lines.reduce((sum, { quantity, amount }) => sum + quantity * amount, 0);
  return {
    id,
    object: 'checkout.session',
    created,
    livemode: false,
    mode,
    status: 'open',
    payment_status: 'unpaid',
    client_reference_id: text(form, 'client_reference_id') ?? null,
    customer: knownCustomer(text(form, 'customer'), known),
    currency: first.currency,
    amount_subtotal: subtotal,
    amount_total: subtotal,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    metadata: within(form, 'metadata'),
    payment_intent: null,
    subscription: null,
    payment_metadata: within(form, 'payment_intent_data', 'metadata'),
    subscription_metadata: within(form, 'subscription_data', 'metadata'),
    success_url: text(form, 'success_url'),
    cancel_url: text(form, 'cancel_url') ?? null,
    url: `${origin}/standin/pay/${id}`,
  };
}

export function portalSession(id: string, form: Form, created: number, origin: string, known: Known): StripeObject {
  const of = knownCustomer(wanted(form, 'customer'), known);
  return {
    id,
    object: 'billing_portal.session',
    created,
    livemode: false,
    customer: of,
    return_url: text(form, 'return_url') ?? null,
    url: `${origin}/standin/portal/${of}`,
  };
}
