import { isUuid, type WorkspaceId } from '@purser/core';
import { fromMinor, type Money } from '@purser/money';
import { z } from 'zod';

import type { CheckoutId, PaymentAction, PaymentEvent } from '../payment-action.ts';
import { reference, SECONDS_MAX } from './objects.ts';
import { feesToldIn } from './translate-fees.ts';
import { invoiceAction } from './translate-invoice.ts';
import { reversalAction } from './translate-reversal.ts';
import { subscriptionAction } from './translate-subscription.ts';

const envelope = z.object({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(200),
  created: z.int().min(0).max(SECONDS_MAX),
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
  /** Adaptive Pricing as older versions of Stripe's API tell it: the session is in the buyer's currency, and these are ours. */
  currency_conversion: z.object({ amount_subtotal: minor, amount_total: minor, source_currency: z.string() }).nullish(),
  metadata: z.object({ purser_checkout: z.string(), purser_workspace: z.string() }),
});
/** @throws z.ZodError when what Stripe signed does not have the shape its type promises. */
export function readEvent(payload: unknown): PaymentEvent {
  const { id, type, created, data } = envelope.parse(payload);
  return {
    id,
    type,
    at: Temporal.Instant.fromEpochMilliseconds(created * 1000),
    customer: data.object.customer ?? undefined,
    payload,
    action: actionOf(type, data.object),
    fees: feesToldIn(data.object),
  };
}

function actionOf(type: string, object: unknown): PaymentAction | undefined {
  switch (type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
      return paid(object);
    default:
      return subscriptionAction(type, object) ?? invoiceAction(type, object) ?? reversalAction(type, object);
  }
}

/** A session may complete before its money is there (a bank transfer); what counts is that it is paid. */
function paid(object: unknown): PaymentAction | undefined {
  const head = z.object({ mode: z.string(), payment_status: z.string() }).parse(object);
  if (head.mode !== 'payment' || head.payment_status !== 'paid') return undefined;
  const whole = session.parse(object);
  const { purser_checkout, purser_workspace } = whole.metadata;
  if (!isUuid(purser_checkout) || !isUuid(purser_workspace)) return undefined;
  const told = fromMinor(whole.amount_total, whole.currency);
  const { subtotal, total, tax } = amountsOf(whole);
  return {
    kind: 'pack_paid',
    checkout: purser_checkout.toLowerCase() as CheckoutId,
    workspace: purser_workspace.toLowerCase() as WorkspaceId,
    session: whole.id,
    payment: whole.payment_intent,
    subtotal,
    total,
    tax,
    seen: [told],
  };
}

/** In the currency that was offered: where the buyer saw another, by the source amounts, and its tax in the same proportion, rounded up. */
function amountsOf(whole: z.infer<typeof session>): { readonly subtotal: Money; readonly total: Money; readonly tax: Money } {
  const { currency_conversion: source, amount_total, currency } = whole;
  const tax = whole.total_details?.amount_tax ?? 0;
  if (!source) {
    return {
      subtotal: fromMinor(whole.amount_subtotal, currency),
      total: fromMinor(amount_total, currency),
      tax: fromMinor(tax, currency),
    };
  }
  const share =
    amount_total === 0
      ? 0
      : Number((BigInt(tax) * BigInt(source.amount_total) + BigInt(amount_total) - 1n) / BigInt(amount_total));
  const { source_currency } = source;
  return {
    subtotal: fromMinor(source.amount_subtotal, source_currency),
    total: fromMinor(source.amount_total, source_currency),
    tax: fromMinor(share, source_currency),
  };
}
