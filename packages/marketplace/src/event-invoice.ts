import { fromMinor, type Money, money } from '@purser/money';
import { z } from 'zod';

import { instantOf, metadata, planNamed, price, reference, seconds, spanOf, type ToldSpan } from './event-subscription.ts';

/** What an event says of an invoice of a subscription. */
export interface ToldInvoice {
  readonly is: 'invoice';
  readonly invoice: string;
  readonly subscription: string;
  readonly paid: boolean;
  readonly reason: 'create' | 'cycle' | 'change';
  readonly made_at: Temporal.Instant | undefined;
  /** What came in by it, and what of that is tax. */
  readonly gross: Money;
  readonly tax: Money;
  /** There was something to pay for, whoever paid it: an invoice of a trial is none. */
  readonly charged: boolean;
  readonly plan: string | undefined;
  readonly lines: readonly ToldLine[];
  readonly payment: string | undefined;
}

export interface ToldLine {
  readonly item: string | undefined;
  readonly price: string | undefined;
  readonly plan: string | undefined;
  readonly metered: boolean;
  readonly proration: boolean;
  readonly amount: bigint;
  readonly period: ToldSpan | undefined;
}

export interface ToldInvoicePayment {
  readonly is: 'invoice_payment';
  readonly invoice: string;
  readonly payment: string;
}

const minor = z.int().min(0);
/** As newer versions of Stripe's API tell it (`parent`, `pricing`), and as older ones do. */
const line = z.object({
  amount: z.int(),
  period: z.object({ start: seconds, end: seconds }).nullish(),
  parent: z
    .object({
      subscription_item_details: z.object({ subscription_item: reference.nullish(), proration: z.boolean().nullish() }).nullish(),
      invoice_item_details: z.object({ proration: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
  pricing: z.object({ price_details: z.object({ price: z.union([z.string(), price]).nullish() }).nullish() }).nullish(),
  price: price.nullish(),
  proration: z.boolean().nullish(),
  subscription_item: reference.nullish(),
});
const invoice = z.object({
  id: z.string(),
  billing_reason: z.string().nullish(),
  created: seconds,
  currency: z.string(),
  total: z.int(),
  subtotal: z.int().nullish(),
  total_excluding_tax: z.int().nullish(),
  total_taxes: z.array(z.object({ amount: z.int() })).nullish(),
  tax: z.int().nullish(),
  amount_paid: minor.nullish(),
  starting_balance: z.int().nullish(),
  subscription: reference.nullish(),
  parent: z.object({ subscription_details: z.object({ subscription: reference, metadata }).nullish() }).nullish(),
  payment_intent: reference.nullish(),
  lines: z.object({ data: z.array(line).max(1000) }).nullish(),
});
const invoicePayment = z.object({
  invoice: reference,
  payment: z.object({ type: z.string(), payment_intent: reference.nullish() }),
});

export function invoiceSaying(type: string, object: unknown): ToldInvoice | ToldInvoicePayment | undefined {
  switch (type) {
    case 'invoice.paid':
      return invoiced(invoice.parse(object), true);
    case 'invoice.payment_failed':
    case 'invoice.marked_uncollectible':
      return invoiced(invoice.parse(object), false);
    case 'invoice_payment.paid':
      return paidBy(invoicePayment.parse(object));
    default:
      return undefined;
  }
}

const REASONS: Readonly<Record<string, ToldInvoice['reason']>> = {
  subscription_create: 'create',
  subscription_cycle: 'cycle',
  subscription: 'cycle',
};

/** An invoice of no subscription is none of ours. */
function invoiced(object: z.infer<typeof invoice>, paid: boolean): ToldInvoice | undefined {
  const details = object.parent?.subscription_details;
  const subscription = details?.subscription ?? object.subscription;
  if (!subscription) return undefined;
  const { gross, tax } = collected(object);
  return {
    is: 'invoice',
    invoice: object.id,
    subscription,
    paid,
    reason: object.billing_reason ? (REASONS[object.billing_reason] ?? 'change') : 'cycle',
    made_at: object.created === null || object.created === undefined ? undefined : instantOf(object.created),
    gross: fromMinor(gross, object.currency),
    tax: fromMinor(tax, object.currency),
    charged: gross > 0 || (object.subtotal ?? 0) > 0,
    plan: details?.metadata?.['purser_plan'],
    lines: (object.lines?.data ?? []).map((one) => lineOf(one, object.currency)),
    payment: object.payment_intent ?? undefined,
  };
}

/**
 * What came in: neither what a balance or a credit note paid, nor a coupon. Of it the tax in the proportion that the whole has, rounded up.
 * What was paid beyond the total pays what an earlier invoice left on the customer's balance.
 */
function collected(object: z.infer<typeof invoice>): { readonly gross: number; readonly tax: number } {
  const total = Math.max(0, object.total);
  const paid = object.amount_paid ?? total;
  const gross = (object.starting_balance ?? 0) > 0 ? paid : Math.min(paid, total);
  const of_total = object.total_taxes?.reduce((sum, { amount }) => sum + amount, 0) ?? object.tax ?? 0;
  const tax = Math.min(
    total,
    Math.max(
      0,
      object.total_excluding_tax === null || object.total_excluding_tax === undefined
        ? of_total
        : total - object.total_excluding_tax,
    ),
  );
  if (gross === 0 || total === 0) return { gross, tax: 0 };
  const share = (BigInt(tax) * BigInt(Math.min(gross, total)) + BigInt(total) - 1n) / BigInt(total);
  return { gross, tax: Number(share) };
}

function lineOf(object: z.infer<typeof line>, code: string): ToldLine {
  const details = object.parent?.subscription_item_details;
  const priced = object.pricing?.price_details?.price ?? object.price;
  const of = typeof priced === 'string' ? { id: priced } : priced;
  const amount = fromMinor(Math.abs(object.amount), code);
  return {
    item: details?.subscription_item ?? object.subscription_item ?? undefined,
    price: of?.id ?? undefined,
    plan: typeof priced === 'string' ? undefined : planNamed(priced),
    metered: typeof priced === 'object' && priced?.recurring?.usage_type === 'metered',
    proration: details?.proration ?? object.parent?.invoice_item_details?.proration ?? object.proration ?? false,
    amount: object.amount < 0 ? money(-amount.nanos, amount.currency).nanos : amount.nanos,
    period: spanOf(object.period?.start, object.period?.end),
  };
}

function paidBy({ invoice: of, payment }: z.infer<typeof invoicePayment>): ToldInvoicePayment | undefined {
  if (payment.type !== 'payment_intent' || !payment.payment_intent) return undefined;
  return { is: 'invoice_payment', invoice: of, payment: payment.payment_intent };
}
