import { fromMinor, money } from '@purser/money';
import { z } from 'zod';

import type { InvoiceAction, InvoicedLine, InvoicePaymentAction } from '../payment-action.ts';
import { instantOf, metadata, paymentNamed, planNamed, price, reference, seconds, spanOf } from './objects.ts';

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
  ending_balance: z.int().nullish(),
  paid_out_of_band: z.boolean().nullish(),
  pre_payment_credit_notes_amount: minor.nullish(),
  subscription: reference.nullish(),
  parent: z.object({ subscription_details: z.object({ subscription: reference, metadata }).nullish() }).nullish(),
  payment_intent: reference.nullish(),
  charge: reference.nullish(),
  lines: z.object({ data: z.array(line).max(1000), has_more: z.boolean().nullish() }).nullish(),
});
const invoicePayment = z.object({
  invoice: reference,
  payment: z.object({ payment_intent: reference.nullish(), charge: reference.nullish() }),
});

export function invoiceAction(type: string, object: unknown): InvoiceAction | InvoicePaymentAction | undefined {
  switch (type) {
    case 'invoice.paid':
      return invoiced(invoice.parse(object), 'paid');
    case 'invoice.voided':
      return invoiced(invoice.parse(object), 'void');
    case 'invoice.payment_failed':
    case 'invoice.marked_uncollectible':
      return invoiced(invoice.parse(object), 'failed');
    case 'invoice_payment.paid':
      return paidBy(invoicePayment.parse(object));
    default:
      return undefined;
  }
}

const REASONS: Readonly<Record<string, InvoiceAction['reason']>> = {
  subscription_create: 'create',
  subscription_cycle: 'cycle',
  subscription: 'cycle',
};

/** An invoice of no subscription is none of ours. */
function invoiced(object: z.infer<typeof invoice>, state: InvoiceAction['state']): InvoiceAction | undefined {
  const details = object.parent?.subscription_details;
  const subscription = details?.subscription ?? object.subscription;
  if (!subscription) return undefined;
  const { gross, tax } = collected(object);
  const balance = balanceOf(object);
  return {
    kind: 'invoice',
    invoice: object.id,
    subscription,
    state,
    reason: object.billing_reason ? (REASONS[object.billing_reason] ?? 'change') : 'cycle',
    made_at: object.created === null || object.created === undefined ? undefined : instantOf(object.created),
    gross: fromMinor(gross, object.currency),
    tax: fromMinor(tax, object.currency),
    to_balance: fromMinor(balance.to, object.currency),
    from_balance: fromMinor(balance.from, object.currency),
    charged: gross > 0 || (object.subtotal ?? 0) > 0,
    plan: details?.metadata?.['purser_plan'],
    lines: linesOf(object),
    payment: paymentNamed(object),
  };
}

/**
 * What came in: neither what a balance or a credit note paid, nor a coupon. Of it the tax in the proportion that the whole has, rounded up.
 * What was paid beyond the total pays what an earlier invoice left on the customer's balance.
 */
function collected(object: z.infer<typeof invoice>): { readonly gross: number; readonly tax: number } {
  const total = Math.max(0, object.total);
  const paid = paidOf(object, total);
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

/** An event tells the first ten. Where what a whole period is charged by is not among them, they say too little to go by. */
function linesOf({ lines, currency }: z.infer<typeof invoice>): readonly InvoicedLine[] {
  const told = (lines?.data ?? []).map((one) => lineOf(one, currency));
  return lines?.has_more !== true || told.some(({ item, proration, metered }) => item !== undefined && !proration && !metered)
    ? told
    : [];
}

/** Older versions of Stripe's API tell of what was paid outside of it that nothing was: then all that neither balance nor credit note had paid. */
function paidOf({ amount_paid, paid_out_of_band, ...object }: z.infer<typeof invoice>, total: number): number {
  const paid = amount_paid ?? total;
  if (paid !== 0 || paid_out_of_band !== true) return paid;
  const credited = balanceOf({ amount_paid: 0, ...object }).from + (object.pre_payment_credit_notes_amount ?? 0);
  return Math.max(0, total - credited);
}

/** A balance below nothing is the customer's; what an invoice comes to below nothing goes there. */
function balanceOf({
  total,
  amount_paid,
  starting_balance,
  ending_balance,
}: Pick<z.infer<typeof invoice>, 'total' | 'amount_paid' | 'starting_balance' | 'ending_balance'>): { to: number; from: number } {
  const [before, after] = [Math.max(0, -(starting_balance ?? 0)), Math.max(0, -(ending_balance ?? 0))];
  const open = Math.max(0, total - (amount_paid ?? total));
  return { to: Math.max(0, -total), from: Math.min(open, Math.max(0, before - after)) };
}

function lineOf(object: z.infer<typeof line>, code: string): InvoicedLine {
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

function paidBy({ invoice: of, payment }: z.infer<typeof invoicePayment>): InvoicePaymentAction | undefined {
  const name = paymentNamed(payment);
  return name === undefined ? undefined : { kind: 'invoice_payment', invoice: of, payment: name };
}
