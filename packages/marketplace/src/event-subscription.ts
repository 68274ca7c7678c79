import type { Money } from '@purser/money';
import { z } from 'zod';

import { fromMinor } from './minor-units.ts';

/** What an event says of a subscription or of its invoices. */
export type SubscriptionSaying =
  | {
      readonly is: 'subscription';
      readonly subscription: string;
      /** The code of a plan; undefined when nothing of it names one. */
      readonly plan: string | undefined;
      readonly status: string;
      /** Its customer is served by it. */
      readonly live: boolean;
      readonly ended: boolean;
      readonly workspace: string | undefined;
    }
  | {
      readonly is: 'invoice';
      readonly invoice: string;
      readonly paid: boolean;
      /** The first of a subscription, or a change of plan within a period, or an ordinary month. */
      readonly reason: 'create' | 'update' | 'cycle';
      readonly total: Money;
      readonly tax: Money;
      readonly payment: string | undefined;
    }
  | { readonly is: 'invoice_payment'; readonly invoice: string; readonly payment: string };

export const reference = z.union([z.string(), z.object({ id: z.string() }).transform(({ id }) => id)]);
const metadata = z.record(z.string(), z.string()).nullish();
const minor = z.int().min(0);

const subscription = z.object({
  id: z.string(),
  status: z.string(),
  metadata,
  items: z.object({
    data: z.array(z.object({ price: z.object({ lookup_key: z.string().nullish(), metadata }).nullish() })).max(100),
  }),
});
const invoice = z.object({
  id: z.string(),
  billing_reason: z.string().nullish(),
  currency: z.string(),
  total: z.int(),
  total_excluding_tax: z.int().nullish(),
  amount_paid: minor.nullish(),
  subscription: reference.nullish(),
  parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullish(),
  payment_intent: reference.nullish(),
});
const invoicePayment = z.object({
  invoice: reference,
  payment: z.object({ type: z.string(), payment_intent: reference.nullish() }),
});

/** Statuses in which a subscriber is served; whether it pays is the licence's to say. */
const LIVE = new Set(['active', 'trialing', 'past_due', 'unpaid', 'paused']);

export function subscriptionSaying(type: string, object: unknown): SubscriptionSaying | undefined {
  switch (type) {
    case 'customer.subscription.created':
    case 'customer.subscription.updated':
      return changed(subscription.parse(object), false);
    case 'customer.subscription.deleted':
      return changed(subscription.parse(object), true);
    case 'invoice.paid':
      return invoiced(invoice.parse(object), true);
    case 'invoice.payment_failed':
      return invoiced(invoice.parse(object), false);
    case 'invoice_payment.paid':
      return paidBy(invoicePayment.parse(object));
    default:
      return undefined;
  }
}

/** A price says which plan it is of, by its metadata or its look-up key; one that we made on the spot leaves that to its subscription. */
function changed({ id, status, metadata: of, items }: z.infer<typeof subscription>, deleted: boolean): SubscriptionSaying {
  const price = items.data.map((item) => item.price).find((one) => one !== null && one !== undefined);
  const ended = deleted || status === 'canceled' || status === 'incomplete_expired';
  return {
    is: 'subscription',
    subscription: id,
    plan: price?.metadata?.['purser_plan'] ?? price?.lookup_key ?? of?.['purser_plan'],
    status,
    live: !ended && LIVE.has(status),
    ended,
    workspace: of?.['purser_workspace'],
  };
}

const REASONS: Readonly<Record<string, 'create' | 'update'>> = {
  subscription_create: 'create',
  subscription_update: 'update',
};

/** An invoice of no subscription is none of ours; one that comes to nothing, or less, is paid and books nothing. */
function invoiced(object: z.infer<typeof invoice>, paid: boolean): SubscriptionSaying | undefined {
  if (!object.subscription && !object.parent?.subscription_details) return undefined;
  const total = object.total > 0 ? object.total : 0;
  const net = object.total_excluding_tax ?? total;
  return {
    is: 'invoice',
    invoice: object.id,
    paid,
    reason: REASONS[object.billing_reason ?? ''] ?? 'cycle',
    total: fromMinor(total, object.currency),
    tax: fromMinor(net >= 0 && net < total ? total - net : 0, object.currency),
    payment: object.payment_intent ?? undefined,
  };
}

function paidBy({ invoice: of, payment }: z.infer<typeof invoicePayment>): SubscriptionSaying | undefined {
  if (payment.type !== 'payment_intent' || !payment.payment_intent) return undefined;
  return { is: 'invoice_payment', invoice: of, payment: payment.payment_intent };
}
