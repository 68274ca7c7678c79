import { fromMinor, type Money } from '@purser/money';
import { z } from 'zod';

import type { ToldFee } from '../payment-action.ts';
import { reference } from './objects.ts';

const transaction = z.object({ fee: z.int().min(0), currency: z.string() });
const charge = z.object({
  id: z.string(),
  payment_intent: reference.nullish(),
  balance_transaction: transaction,
});
const intent = z.object({ id: z.string(), latest_charge: charge });
const WAYS_MAX = 100;

/**
 * The fees inside an object of an event: a charge's own, or those of the charge or payment intent that it has with it (a checkout session, an
 * invoice with its payments, an invoice payment). What does not have the shape is passed over: then Stripe is asked.
 */
export function feesToldIn(object: unknown): ToldFee[] {
  const fees = new Map<string, Money>();
  for (const one of paymentsIn(object).slice(0, WAYS_MAX)) {
    const whole = intent.safeParse(one);
    const found = whole.success ? whole.data.latest_charge : charge.safeParse(one).data;
    if (found === undefined) continue;
    const payment = whole.success ? whole.data.id : (found.payment_intent ?? found.id);
    fees.set(payment, fromMinor(found.balance_transaction.fee, found.balance_transaction.currency));
  }
  return [...fees].map(([payment, fee]) => ({ payment, fee }));
}

/** Where Stripe's objects have a payment with them. */
const carrier = z.object({
  payment_intent: z.unknown().optional(),
  latest_charge: z.unknown().optional(),
  charge: z.unknown().optional(),
  payment: z.object({ payment_intent: z.unknown().optional(), charge: z.unknown().optional() }).nullish().catch(undefined),
  payments: z
    .object({ data: z.array(z.unknown()).max(1_000) })
    .nullish()
    .catch(undefined),
});

function paymentsIn(object: unknown): unknown[] {
  const { success, data } = carrier.safeParse(object);
  if (!success) return [];
  const { payment_intent, charge: charged, payment, payments } = data;
  const own = [object, payment_intent, charged, payment?.payment_intent, payment?.charge];
  const listed = (payments?.data ?? []).flatMap((one) => {
    const of = carrier.safeParse(one).data?.payment;
    return [of?.payment_intent, of?.charge];
  });
  return [...own, ...listed].filter((one) => typeof one === 'object' && one !== null);
}
