import { Fault, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { lockGrants } from '@purser/meters';
import type { Policy } from '@purser/policy';

import { settleReversals } from './apply-invoice.ts';
import type { PaymentEvent, ChargeAction, CreditNoteAction, ReversalAction } from '../payment-action.ts';
import { purchaseOf } from './purchase.ts';
import type { EffectParts } from './parts.ts';
import type { Verdict } from './verdict.ts';
import { keepPresented, keepReversal } from './reversal-facts.ts';
import { settlePurchase } from './settle-purchase.ts';
import { settleTerms } from './settle-terms.ts';

/**
 * Money went back, or is disputed: written down as a fact about its payment, and settled if that is known; if not, its own event
 * finds the fact.
 */
export async function applyReversal(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  told: ReversalAction,
  buyer: Policy | undefined,
): Promise<Verdict> {
  await keepReversal(tx, told, event.at);
  for (const seen of told.seen) await keepPresented(tx, told.payment, seen);
  return settlePayment(tx, now, parts, event, told.payment, buyer);
}

/** The buyer's receipt, and what the payment was in the currency that the buyer saw: a reversal may be told in it. */
export async function applyCharge(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  told: ChargeAction,
  buyer: Policy | undefined,
): Promise<Verdict> {
  for (const seen of told.seen) await keepPresented(tx, told.payment, seen);
  if (told.receipt_url !== undefined) {
    await tx.query('insert into marketplace.receipt_link (payment_intent, url) values ($1, $2) on conflict do nothing', [
      told.payment,
      told.receipt_url,
    ]);
  }
  const { rows } = await tx.query<{ stripe_id: string }>(
    'select stripe_id from marketplace.reversal where payment_intent = $1 limit 1',
    [told.payment],
  );
  if (rows.length > 0) await settlePayment(tx, now, parts, event, told.payment, buyer);
  return { outcome: 'applied' };
}

/** Money that a seller gave back by other means than the payment service. */
export async function applyCreditNote(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  told: CreditNoteAction,
): Promise<Verdict> {
  await tx.query(
    `insert into marketplace.credit_note as n (stripe_id, invoice_id, amount, to_balance, at, void) values ($1, $2, $3, $4, $5, $6)
     on conflict (stripe_id) do update set amount = greatest(n.amount, excluded.amount), to_balance = greatest(n.to_balance, excluded.to_balance),
       at = least(n.at, excluded.at), void = n.void or excluded.void`,
    [told.object, told.invoice, told.amount.nanos, told.to_balance.nanos, event.at.toString(), told.void],
  );
  await settleReversals(tx, now, parts, told.invoice, event.at);
  const { rows } = await tx.query<{ workspace: WorkspaceId }>(
    'select workspace_id as workspace from marketplace.invoice where invoice_id = $1',
    [told.invoice],
  );
  if (rows[0]) await settleTerms(tx, now, parts, rows[0].workspace);
  return { outcome: 'applied' };
}

/** Brings what a payment bought to what is known of it. */
async function settlePayment(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  payment: string,
  buyer: Policy | undefined,
): Promise<Verdict> {
  const purchase = await purchaseOf(tx, { payment });
  if (purchase === undefined) return reverseInvoice(tx, now, parts, event, payment);
  await lockGrants(tx, now, purchase.workspace, []);
  const locked = await purchaseOf(tx, { payment });
  // It came to be known while this event was on its way here; the next delivery knows it too.
  if (buyer === undefined) throw new Fault('a payment was written down at this very moment', { retryable: true });
  if (locked) await settlePurchase(tx, now, locked, buyer);
  return { outcome: 'applied' };
}

/** It may be the payment of a month. */
async function reverseInvoice(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  payment: string,
): Promise<Verdict> {
  const { rows } = await tx.query<{ invoice_id: string }>(
    'select invoice_id from marketplace.invoice_payment where payment_intent = $1',
    [payment],
  );
  const invoice = rows[0]?.invoice_id;
  if (invoice === undefined) return { outcome: 'ignored', detail: 'its payment is not known here, or not yet' };
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 4780))', [invoice]);
  const workspace = await settleReversals(tx, now, parts, invoice, event.at);
  if (workspace !== undefined) await settleTerms(tx, now, parts, workspace);
  return { outcome: 'applied' };
}
