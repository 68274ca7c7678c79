import { appendAudit } from '@purser/audit';
import { type Connection, derivedId } from '@purser/database';
import { type GrantId, grantCredits, lockGrants, takeBack } from '@purser/meters';
import { currency, findRate, money } from '@purser/money';
import { type Policy, raiseCeiling } from '@purser/policy';

import { providerReference } from '../payment-action.ts';
import { type Amounts, bookSale } from './book.ts';
import { raiseLeft, reversalFees, reversedOf, settlementOf, stillPaidFor } from './entitlement.ts';
import { grantsOf, type Purchase, type PurchaseGrant, saleOf } from './purchase.ts';
import { reversalsOfPayment } from './reversal-facts.ts';

/**
 * Brings books, credits and debt of a purchase to what is known of its payment, in the caller's transaction; what is so already is
 * left alone. The caller has the workspace's guard.
 */
export async function settlePurchase(tx: Connection, now: Temporal.Instant, purchase: Purchase, buyer: Policy): Promise<void> {
  const reversals = await reversalsOfPayment(tx, purchase.payment, purchase, buyer.catalog.fx);
  const reversed = reversedOf(reversals, purchase.paid);
  const reversal_fees = reversalFees(reversals);
  if (reversed !== purchase.reversed || reversal_fees !== purchase.reversal_fees) {
    const after = amountsOf({ ...purchase, reversed, reversal_fees });
    await bookSale(tx, now, saleOf(purchase), amountsOf(purchase), after);
    await tx.query('update marketplace.purchase set reversed = $2, reversal_fees = $3 where checkout_id = $1', [
      purchase.checkout,
      reversed,
      reversal_fees,
    ]);
  }
  await settleCeiling(tx, now, { ...purchase, reversed, reversal_fees }, buyer);
  await settleCredits(tx, now, { ...purchase, reversed, reversal_fees });
}

/** What was bought raises the ceiling at once, and what goes back lowers it. */
async function settleCeiling(tx: Connection, now: Temporal.Instant, purchase: Purchase, buyer: Policy): Promise<void> {
  const { checkout, payment, raised, raise_steps } = purchase;
  const wanted = raiseLeft(purchase);
  const of = currency(purchase.currency);
  if (wanted === raised || findRate(buyer.catalog.fx, of, buyer.plan.price.currency) === undefined) return;
  const id = derivedId<'raise'>('raise', payment, String(raise_steps));
  const amount = money(wanted - raised, of);
  await raiseCeiling(tx, buyer, { id, amount, reason: providerReference(payment), so_far: money(raised, of) }, now);
  await tx.query('update marketplace.purchase set raised = $2, raise_steps = raise_steps + 1 where checkout_id = $1', [
    checkout,
    wanted,
  ]);
}

/** What the books say of a purchase: its price and tax less what came back; fees are never given back. */
export function amountsOf(of: Pick<Purchase, 'paid' | 'tax' | 'fees' | 'reversed' | 'reversal_fees'>): Amounts {
  const tax = stillPaidFor(of.tax, of.reversed, of.paid);
  return { revenue: of.paid - of.reversed - tax, tax, fees: of.fees + of.reversal_fees };
}

async function settleCredits(tx: Connection, now: Temporal.Instant, purchase: Purchase): Promise<void> {
  const grants = await grantsOf(tx, purchase.checkout);
  const states = await lockGrants(
    tx,
    now,
    purchase.workspace,
    grants.map(({ grant }) => grant),
  );
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
  const freeOf = (grant: GrantId): bigint => {
    const state = states.find(({ id }) => id === grant);
    return state === undefined ? 0n : state.amount - state.used - state.held - state.expired;
  };
  const { take, restore, owed } = settlementOf({
    entitled: stillPaidFor(purchase.credits, purchase.reversed, purchase.paid),
    spent: sum(states.map(({ used }) => used)),
    held: sum(states.map(({ held }) => held)),
    free: sum(grants.map(({ grant }) => freeOf(grant))),
    taken: sum(grants.map(({ taken }) => taken)),
    restored: sum(grants.filter(({ ordinal }) => ordinal > 0).map(({ credits }) => credits)),
    repaid: purchase.repaid,
    owed_paid: purchase.owed_paid,
  });
  let left = take;
  for (const { grant } of grants) {
    const credits = left < freeOf(grant) ? left : freeOf(grant);
    if (credits > 0n) left -= await takeFrom(tx, now, purchase, grant, credits);
  }
  if (restore > 0n) await giveBack(tx, now, purchase, grants, restore);
  if (take === 0n && restore === 0n && owed === purchase.owed) return;
  await tx.query('update marketplace.purchase set owed = $2 where checkout_id = $1', [purchase.checkout, owed]);
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace: purchase.workspace,
    action: 'purchase.settle',
    subject: `purchase:${purchase.checkout}`,
    detail: {
      payment: purchase.payment,
      taken_back: take.toString(),
      given_back: restore.toString(),
      owed: (owed - purchase.owed_paid).toString(),
    },
  });
}

async function takeFrom(
  tx: Connection,
  now: Temporal.Instant,
  { workspace, payment }: Purchase,
  grant: GrantId,
  credits: bigint,
): Promise<bigint> {
  const taken = await takeBack(tx, now, { workspace, grant, credits, reason: `taken back: ${providerReference(payment)}` });
  await tx.query('update marketplace.purchase_grant set taken = taken + $2 where grant_id = $1', [grant, taken]);
  return taken;
}

async function giveBack(
  tx: Connection,
  now: Temporal.Instant,
  purchase: Purchase,
  grants: readonly PurchaseGrant[],
  credits: bigint,
): Promise<void> {
  const expires_at = expiryOf(purchase);
  if (expires_at !== null && Temporal.Instant.compare(expires_at, now) <= 0) return;
  await makeGrant(tx, now, purchase, {
    ordinal: grants.length,
    credits,
    reason: `given back: ${providerReference(purchase.payment)}`,
  });
}

/** Makes one grant of a purchase. Its id follows from the payment, so that it is the same whoever makes it, however often. */
export async function makeGrant(
  tx: Connection,
  now: Temporal.Instant,
  purchase: Purchase,
  { ordinal, credits, reason }: { ordinal: number; credits: bigint; reason: string },
): Promise<void> {
  const { workspace, checkout, payment } = purchase;
  const id = derivedId<'grant'>('purchased', payment, String(ordinal));
  await grantCredits(tx, now, {
    id,
    workspace,
    source: 'purchased',
    pack: purchase.code,
    credits,
    expires_at: expiryOf(purchase),
    reason,
  });
  await tx.query(
    'insert into marketplace.purchase_grant (workspace_id, grant_id, checkout_id, ordinal, credits) values ($1, $2, $3, $4, $5)',
    [workspace, id, checkout, ordinal, credits],
  );
}

/** Months of the calendar from the payment on, in UTC. */
function expiryOf({ paid_at, expires_months }: Purchase): Temporal.Instant | null {
  if (expires_months === null) return null;
  return paid_at.toZonedDateTimeISO('UTC').add({ months: expires_months }).toInstant();
}
