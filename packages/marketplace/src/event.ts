import { type Id, isUuid, type WorkspaceId } from '@purser/base';
import type { Money } from '@purser/money';
import { z } from 'zod';

import { invoiceSaying, type ToldInvoice, type ToldInvoicePayment } from './event-invoice.ts';
import { reference, subscriptionSaying, type ToldSubscription } from './event-subscription.ts';
import { fromMinor } from './minor-units.ts';

export type CheckoutId = Id<'checkout'>;

/** What an event says, in our words. `payment` is Stripe's PaymentIntent, `customer` its customer. */
export type Saying =
  | {
      readonly is: 'paid';
      readonly checkout: CheckoutId;
      readonly workspace: WorkspaceId;
      readonly session: string;
      readonly payment: string;
      readonly subtotal: Money;
      readonly total: Money;
      readonly tax: Money;
    }
  | { readonly is: 'receipt'; readonly payment: string; readonly url: string }
  | {
      readonly is: 'reversal';
      readonly payment: string;
      readonly object: string;
      readonly kind: 'charge' | 'refund' | 'dispute';
      readonly amount: Money;
      /** What the payment service takes for it. */
      readonly fee: Money;
      readonly state: 'open' | 'failed' | 'won' | 'lost';
    }
  | ToldSubscription
  | ToldInvoice
  | ToldInvoicePayment;

/** A signed event, read once. Without `saying` it is of a type, or in a state, that changes nothing here. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly at: Temporal.Instant;
  readonly customer: string | undefined;
  readonly payload: unknown;
  readonly saying: Saying | undefined;
}

const envelope = z.object({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(200),
  created: z.int().min(0),
  data: z.object({ object: z.looseObject({ customer: reference.nullish() }) }),
});
const minor = z.int().min(0);

const session = z.object({
  id: z.string(),
  mode: z.string(),
  payment_status: z.string(),
  currency: z.string(),
  amount_subtotal: minor,
  amount_total: minor,
  total_details: z.object({ amount_tax: minor }).nullish(),
  payment_intent: reference,
  metadata: z.object({ purser_checkout: z.string(), purser_workspace: z.string() }),
});
const charge = z.object({
  id: z.string(),
  currency: z.string(),
  amount_refunded: minor,
  payment_intent: reference.nullish(),
  receipt_url: z.string().nullish(),
});
const refund = z.object({
  id: z.string(),
  amount: minor,
  currency: z.string(),
  status: z.string().nullish(),
  payment_intent: reference.nullish(),
});
const dispute = z.object({
  id: z.string(),
  amount: minor,
  currency: z.string(),
  status: z.string(),
  payment_intent: reference.nullish(),
  balance_transactions: z.array(z.object({ fee: z.int(), currency: z.string() })).default([]),
});

/** @throws z.ZodError when what Stripe signed does not have the shape its type promises. */
export function readEvent(payload: unknown): StripeEvent {
  const { id, type, created, data } = envelope.parse(payload);
  return {
    id,
    type,
    at: Temporal.Instant.fromEpochMilliseconds(created * 1000),
    customer: data.object.customer ?? undefined,
    payload,
    saying: sayingOf(type, data.object),
  };
}

function sayingOf(type: string, object: unknown): Saying | undefined {
  switch (type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
      return paid(object);
    case 'charge.succeeded':
    case 'charge.updated':
      return receipt(charge.parse(object));
    case 'charge.refunded':
      return refundedCharge(charge.parse(object));
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return refunded(refund.parse(object));
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return disputed(dispute.parse(object));
    default:
      return subscriptionSaying(type, object) ?? invoiceSaying(type, object);
  }
}

/** A session may complete before its money is there (a bank transfer); what counts is that it is paid. */
function paid(object: unknown): Saying | undefined {
  const head = z.object({ mode: z.string(), payment_status: z.string() }).parse(object);
  if (head.mode !== 'payment' || head.payment_status !== 'paid') return undefined;
  const whole = session.parse(object);
  const { purser_checkout, purser_workspace } = whole.metadata;
  if (!isUuid(purser_checkout) || !isUuid(purser_workspace)) return undefined;
  const money = (amount: number): Money => fromMinor(amount, whole.currency);
  return {
    is: 'paid',
    checkout: purser_checkout.toLowerCase() as CheckoutId,
    workspace: purser_workspace.toLowerCase() as WorkspaceId,
    session: whole.id,
    payment: whole.payment_intent,
    subtotal: money(whole.amount_subtotal),
    total: money(whole.amount_total),
    tax: money(whole.total_details?.amount_tax ?? 0),
  };
}

function receipt({ payment_intent, receipt_url }: z.infer<typeof charge>): Saying | undefined {
  if (!payment_intent) return undefined;
  if (receipt_url === null || receipt_url === undefined || !/^https?:\/\//.test(receipt_url)) return undefined;
  return { is: 'receipt', payment: payment_intent, url: receipt_url };
}

function refundedCharge({ id, amount_refunded, currency, payment_intent }: z.infer<typeof charge>): Saying | undefined {
  if (!payment_intent) return undefined;
  const none = fromMinor(0, currency);
  const amount = fromMinor(amount_refunded, currency);
  return { is: 'reversal', payment: payment_intent, object: id, kind: 'charge', amount, fee: none, state: 'open' };
}

/** A refund that failed or was called off leaves the money where it was. */
function refunded({ id, amount, currency, status, payment_intent }: z.infer<typeof refund>): Saying | undefined {
  if (!payment_intent) return undefined;
  const state = status === 'failed' || status === 'canceled' ? 'failed' : 'open';
  const money = fromMinor(amount, currency);
  return {
    is: 'reversal',
    payment: payment_intent,
    object: id,
    kind: 'refund',
    amount: money,
    fee: fromMinor(0, currency),
    state,
  };
}

/** An inquiry (`warning_…`) takes no money; a prevented one never did. */
function disputed(object: z.infer<typeof dispute>): Saying | undefined {
  const { id, amount, currency, status, payment_intent } = object;
  if (!payment_intent || status.startsWith('warning_') || status === 'prevented') return undefined;
  const state = status === 'won' || status === 'lost' ? status : 'open';
  const fees = object.balance_transactions
    .filter((transaction) => transaction.currency === currency && transaction.fee > 0)
    .map(({ fee }) => fee)
    .reduce((sum, fee) => sum + fee, 0);
  return {
    is: 'reversal',
    payment: payment_intent,
    object: id,
    kind: 'dispute',
    amount: fromMinor(amount, currency),
    fee: fromMinor(fees, currency),
    state,
  };
}
