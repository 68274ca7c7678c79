import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { systemClock } from '@purser/core';

import { readForm } from './form.ts';
import { listOf } from './list.ts';
import { checkoutSession, customer, Declined, expired, portalSession, type StripeObject } from './objects.ts';
import { signatureOf } from './signature.ts';

export interface StripeStandIn {
  readonly origin: string;
  readonly secret_key: string;
  readonly webhook_secret: string;
  /** Requests as they came, newest last. */
  readonly requests: readonly { readonly path: string; readonly body: string; readonly idempotency_key: string | undefined }[];
  /** The buyer of a session pays: the session as it is then. `tax` is added, `fee` is what is kept, in the smallest coin. */
  pay(session: string, options?: { readonly tax?: number; readonly fee?: number }): StripeObject;
  /** The buyer of a session of a plan pays its first month. */
  subscribe(session: string): { readonly session: StripeObject; readonly subscription: StripeObject; readonly invoice: Invoice };
  /** One more invoice of a subscription, and the payment of it. */
  invoice(subscription: StripeObject, more?: Readonly<Record<string, unknown>>): Invoice;
  object(id: string): StripeObject;
  /** An object of Stripe's with an id of its own. */
  make(object: string, prefix: string, members: Readonly<Record<string, unknown>>): StripeObject;
  /** As if an object had never been made: it was made with another key. */
  forget(id: string): void;
  /** Puts another version of an object in its place. */
  replace(object: StripeObject): StripeObject;
  event(type: string, object: StripeObject, more?: { readonly id?: string; readonly created?: number }): StripeObject;
  /** Posts an event, signed as Stripe signs; what the receiver answered. */
  deliver(event: StripeObject, url: string, how?: Delivery): Promise<{ readonly status: number; readonly text: string }>;
  close(): Promise<void>;
}

export interface Delivery {
  readonly secret?: string;
  /** How long ago it was signed. */
  readonly age_seconds?: number;
  /** Changes the body after it was signed. */
  readonly tamper?: (body: string) => string;
}

export interface Invoice {
  readonly invoice: StripeObject;
  readonly payment_intent: string;
  /** That this payment paid this invoice. */
  readonly invoice_payment: StripeObject;
}

interface Options {
  /** What the time is, in seconds. */
  readonly now: () => number;
}

interface Kept {
  readonly request: string;
  readonly status: number;
  readonly answer: string;
}

const PAGE = `<!doctype html><title>Stand-in</title><h1>This is no payment page</h1>
<p>A local stand-in for Stripe, for tests. No money moves here.</p>`;

/** What is kept of one account at Stripe, and how its objects come to be. */
class StandInAccount {
  readonly objects = new Map<string, StripeObject>();
  readonly now: () => number;
  #count = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  nextId(prefix: string): string {
    return `${prefix}_standin${String(++this.#count).padStart(8, '0')}`;
  }

  keep(object: StripeObject): StripeObject {
    this.objects.set(object.id, object);
    return object;
  }

  object(id: string): StripeObject {
    const object = this.objects.get(id);
    if (object === undefined) throw new Error(`the stand-in has no ${id}`);
    return object;
  }

  make(object: string, prefix: string, members: object): StripeObject {
    return this.keep({ id: this.nextId(prefix), object, created: this.now(), livemode: false, ...members });
  }

  invoice(subscription: StripeObject, more: object = {}): ReturnType<StripeStandIn['invoice']> {
    const { customer: of, currency, metadata } = subscription;
    const total = Number(subscription['monthly']);
    const intent = this.make('payment_intent', 'pi', { amount: total, currency, customer: of, status: 'succeeded' });
    const made = this.make('invoice', 'in', {
      billing_reason: 'subscription_cycle',
      customer: of,
      currency,
      total,
      total_excluding_tax: total,
      amount_paid: total,
      parent: { type: 'subscription_details', subscription_details: { subscription: subscription.id, metadata } },
      ...more,
    });
    const payment = { type: 'payment_intent', payment_intent: intent.id };
    const invoice_payment = this.make('invoice_payment', 'inpay', { invoice: made.id, payment, status: 'paid' });
    return { invoice: made, payment_intent: intent.id, invoice_payment };
  }

  pay(id: string, { tax = 0, fee }: { readonly tax?: number; readonly fee?: number } = {}): StripeObject {
    const session = this.object(id);
    const amount_total = Number(session['amount_subtotal']) + tax;
    const { currency, customer: of, payment_metadata: metadata } = session;
    const intent = this.make('payment_intent', 'pi', {
      amount: amount_total,
      currency,
      customer: of,
      status: 'succeeded',
      metadata,
      latest_charge: this.make('charge', 'ch', {
        currency,
        balance_transaction: fee === undefined ? null : this.make('balance_transaction', 'txn', { fee, currency }),
      }),
    });
    return this.keep({
      ...session,
      status: 'complete',
      payment_status: 'paid',
      payment_intent: intent.id,
      amount_total,
      total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: tax },
    });
  }

  subscribe(id: string): ReturnType<StripeStandIn['subscribe']> {
    const session = this.object(id);
    const { currency, customer: of, subscription_metadata: metadata } = session;
    const subscription = this.make('subscription', 'sub', {
      customer: of,
      currency,
      metadata,
      status: 'active',
      monthly: session['amount_subtotal'],
      items: {
        object: 'list',
        data: [{ id: this.nextId('si'), price: { id: this.nextId('price'), lookup_key: null, metadata: {} } }],
      },
    });
    const done = this.keep({ ...session, status: 'complete', payment_status: 'paid', subscription: subscription.id });
    return { session: done, subscription, invoice: this.invoice(subscription, { billing_reason: 'subscription_create' }) };
  }
}

/** The HTTP API: keys, idempotency and errors as Stripe has them. */
class StandInApi {
  readonly requests: { path: string; body: string; idempotency_key: string | undefined }[] = [];
  readonly #account: StandInAccount;
  readonly #secret_key: string;
  readonly #kept = new Map<string, Kept>();
  /** Where its own pages are; known once it listens. */
  origin = '';

  constructor(account: StandInAccount, secret_key: string) {
    this.#account = account;
    this.#secret_key = secret_key;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    response.setHeader('x-standin', 'stripe');
    response.setHeader('request-id', this.#account.nextId('req'));
    if (path.startsWith('/standin/')) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
      return;
    }
    const body = await bodyOf(request);
    const key = request.headers['idempotency-key'];
    const idempotency_key = typeof key === 'string' ? key : undefined;
    this.requests.push({ path, body, idempotency_key });
    const known = idempotency_key === undefined ? undefined : this.#kept.get(idempotency_key);
    if (known) response.setHeader('idempotent-replayed', 'true');
    const { status, answer } = known?.request === `${path}\n${body}` ? known : this.#answerTo(request, path, body, known);
    if (idempotency_key !== undefined && !known && status < 500) {
      this.#kept.set(idempotency_key, { request: `${path}\n${body}`, status, answer });
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
  }

  #answerTo(request: IncomingMessage, path: string, body: string, known: Kept | undefined): { status: number; answer: string } {
    try {
      if (request.headers.authorization !== `Bearer ${this.#secret_key}`) {
        throw new Declined(401, { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_********0000' });
      }
      if (known) {
        const message = 'Keys for idempotent requests can only be used with the same parameters they were first used with.';
        throw new Declined(400, { type: 'idempotency_error', message });
      }
      return { status: 200, answer: JSON.stringify(request.method === 'POST' ? this.#create(path, body) : this.#read(path)) };
    } catch (error) {
      if (!(error instanceof Declined)) throw error;
      return { status: error.status, answer: JSON.stringify({ error: error.error }) };
    }
  }

  #create(path: string, body: string): StripeObject {
    const form = readForm(body);
    const account = this.#account;
    const { objects, now } = account;
    switch (path) {
      case '/v1/customers':
        return account.keep(customer(account.nextId('cus'), form, now()));
      case '/v1/checkout/sessions':
        return account.keep(checkoutSession(account.nextId('cs_test'), form, now(), this.origin, objects));
      case '/v1/billing_portal/sessions':
        return account.keep(portalSession(account.nextId('bps'), form, now(), this.origin, objects));
      default: {
        const ending = /^\/v1\/checkout\/sessions\/([^/]+)\/expire$/.exec(path)?.[1];
        if (ending === undefined) throw unknownPath('POST', path);
        return account.keep(expired(objects.get(ending)));
      }
    }
  }

  #read(path: string): StripeObject | Record<string, unknown> {
    const { objects } = this.#account;
    const listed = listOf(objects.values(), path);
    if (listed !== undefined) return listed;
    const object = objects.get(path.replace(/\?.*/, '').split('/').at(-1) ?? '');
    if (object !== undefined) return object;
    if (!/^\/v1\/[a-z_/]+\/[a-z]+_[A-Za-z0-9_]+(?:\?.*)?$/.test(path)) throw unknownPath('GET', path);
    throw new Declined(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      param: 'id',
      message: `No such object: '${path}'`,
    });
  }
}

/**
 * Stripe on loopback, for tests: its HTTP API as far as the marketplace uses it (form-encoded bodies, ids, errors, idempotency keys)
 * and its webhooks. It keeps everything in memory, moves no money, and says so: the header `x-standin` of every answer, and its pages.
 */
export async function startStripeStandIn({ now }: Options): Promise<StripeStandIn> {
  const secret_key = `sk_test_${'standin'.padEnd(24, '0')}`;
  const webhook_secret = `whsec_${'standin'.padEnd(24, '0')}`;
  const account = new StandInAccount(now);
  const api = new StandInApi(account, secret_key);
  const server = createServer((request, response) => {
    api.serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  api.origin = origin;
  return {
    origin,
    secret_key,
    webhook_secret,
    requests: api.requests,
    make: (object, prefix, members) => account.make(object, prefix, members),
    object: (id) => account.object(id),
    forget: (id) => void account.objects.delete(id),
    replace: (object) => account.keep(object),
    pay: (id, paid) => account.pay(id, paid),
    subscribe: (id) => account.subscribe(id),
    invoice: (subscription, more) => account.invoice(subscription, more),
    event: (type, object, { id = account.nextId('evt'), created = now() } = {}) =>
      account.keep({ id, object: 'event', api_version: '2026-10-28.endive', created, livemode: false, type, data: { object } }),
    deliver: (event, url, how = {}) => deliver(event, url, { secret: webhook_secret, ...how }),
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => {
        server.close(closed);
      });
    },
  };
}

/** Signed at the true time, as Stripe does whatever its test clocks say: the library that verifies reads no other. */
async function deliver(
  event: StripeObject,
  url: string,
  {
    secret,
    age_seconds = 0,
    tamper = (signed: string) => signed,
  }: { readonly secret: string; readonly age_seconds?: number; readonly tamper?: (signed: string) => string },
): Promise<{ status: number; text: string }> {
  const body = JSON.stringify(event, undefined, 2);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signatureOf(body, secret, Math.floor(systemClock.now().epochMilliseconds / 1000) - age_seconds),
    },
    body: tamper(body),
  });
  return { status: response.status, text: await response.text() };
}

function unknownPath(method: string, path: string): Declined {
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return new Declined(404, { type: 'invalid_request_error', message });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
