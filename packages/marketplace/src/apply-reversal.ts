import { type Connection, Fault } from '@purser/base';
import { lockGrants } from '@purser/meters';
import type { Policy } from '@purser/policy';

import { settleReversals } from './apply-invoice.ts';
import type { Saying, StripeEvent } from './event.ts';
import { purchaseOf } from './purchase.ts';
import type { MarketplaceParts } from './parts.ts';
import type { Verdict } from './receive-event.ts';
import { settlePurchase } from './settle-purchase.ts';
import { settleTerms } from './settle-terms.ts';

/**
 * Money went back, or is disputed: written down as a fact about its payment, and settled if that is known; if not, its own event
 * finds the fact.
 */
export async function applyReversal(
  on: Connection,
  now: Temporal.Instant,
  parts: MarketplaceParts,
  event: StripeEvent,
  said: Extract<Saying, { is: 'reversal' }>,
  buyer: Policy | undefined,
): Promise<Verdict> {
  await on.query(
    `insert into marketplace.reversal as r (stripe_id, payment_intent, kind, amount, fee, state, at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (stripe_id) do update set amount = greatest(r.amount, excluded.amount), fee = greatest(r.fee, excluded.fee),
       state = case when r.state = 'open' then excluded.state else r.state end`,
    [said.object, said.payment, said.kind, said.amount.nanos, said.fee.nanos, said.state, event.at.toString()],
  );
  const purchase = await purchaseOf(on, { payment: said.payment });
  if (purchase === undefined) return reverseInvoice(on, now, parts, event, said.payment);
  await lockGrants(on, now, purchase.workspace, []);
  const locked = await purchaseOf(on, { payment: said.payment });
  // It came to be known while this event was on its way here; the next delivery knows it too.
  if (buyer === undefined) throw new Fault('a payment was written down at this very moment', { retryable: true });
  if (locked) await settlePurchase(on, now, locked, buyer);
  return { outcome: 'applied' };
}

/** It may be the payment of a month. */
async function reverseInvoice(
  on: Connection,
  now: Temporal.Instant,
  parts: MarketplaceParts,
  event: StripeEvent,
  payment: string,
): Promise<Verdict> {
  const { rows } = await on.query<{ invoice_id: string }>(
    'select invoice_id from marketplace.invoice_payment where payment_intent = $1',
    [payment],
  );
  const invoice = rows[0]?.invoice_id;
  if (invoice === undefined) return { outcome: 'kept', detail: 'its payment is not known here, or not yet' };
  await on.query('select pg_advisory_xact_lock(hashtextextended($1, 4780))', [invoice]);
  const workspace = await settleReversals(on, now, invoice, event.at);
  if (workspace !== undefined) await settleTerms(on, now, parts, workspace);
  return { outcome: 'applied' };
}
