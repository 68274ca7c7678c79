import { appendAudit } from '@purser/audit';
import { assert, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { paymentFees } from '@purser/catalog';
import { lockGrants } from '@purser/meters';
import { divide, findRate, formatMoney, money, ONE, ratio } from '@purser/money';
import type { Policy } from '@purser/policy';

import { bookSale } from './book.ts';
import type { PackPaidAction, PaymentEvent } from '../payment-action.ts';
import { purchaseOf, purchasesThatOwe, saleOf } from './purchase.ts';
import type { Verdict } from './verdict.ts';
import { keepPresented } from './reversal-facts.ts';
import { amountsOf, makeGrant, settlePurchase } from './settle-purchase.ts';

interface Offered {
  readonly workspace_id: WorkspaceId;
  readonly kind: 'pack' | 'plan';
  readonly code: string;
  readonly price: bigint;
  readonly currency: string;
  readonly credits: bigint;
  readonly ceiling_raise: bigint;
  readonly fee_numerator: bigint;
  readonly fee_denominator: bigint;
  readonly fee_fixed: bigint;
  readonly lines: readonly { readonly tax_behavior?: 'exclusive' | 'inclusive' }[];
  readonly session_id: string | null;
  readonly customer: string | null;
}

/** A pack is paid for: booked and granted once, however many events say so. */
export async function applyPaid(
  tx: Connection,
  now: Temporal.Instant,
  event: PaymentEvent,
  paid: PackPaidAction,
  buyer: Policy | undefined,
): Promise<Verdict> {
  const { rows } = await tx.query<Offered>(
    `select c.workspace_id, kind, code, price, currency, credits, ceiling_raise, fee_numerator, fee_denominator, fee_fixed, lines, session_id,
       u.stripe_customer as customer
     from marketplace.checkout c left join marketplace.customer u using (workspace_id) where checkout_id = $1`,
    [paid.checkout],
  );
  const offered = rows[0];
  const wrong = mismatch(offered, event, paid);
  if (wrong !== undefined) return { outcome: 'refused', detail: wrong };
  assert(offered && buyer, 'a checkout has a buyer');
  await lockGrants(tx, now, offered.workspace_id, []);
  if (await purchaseOf(tx, { checkout: paid.checkout })) return { outcome: 'ignored', detail: 'this purchase is known' };
  const bought = partOf(offered, paid);
  if (bought.credits === 0n)
    return { outcome: 'refused', detail: `what was paid of ${paid.checkout} is not enough for one credit` };
  await writeDown(tx, event, paid, offered, bought, buyer);
  for (const seen of paid.seen) await keepPresented(tx, paid.payment, seen);
  const purchase = await purchaseOf(tx, { checkout: paid.checkout });
  assert(purchase, 'a purchase that was written is there');
  await bookSale(tx, now, saleOf(purchase), { revenue: 0n, tax: 0n, fees: 0n }, amountsOf(purchase));
  const repaid = await payDebts(tx, offered.workspace_id, purchase.credits);
  const credits = purchase.credits - repaid;
  if (repaid > 0n) {
    await tx.query('update marketplace.purchase set repaid = $2 where checkout_id = $1', [paid.checkout, repaid]);
  }
  if (credits > 0n) await makeGrant(tx, now, purchase, { ordinal: 0, credits, reason: `pack ${purchase.code}` });
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace: offered.workspace_id,
    action: 'purchase.paid',
    subject: `purchase:${paid.checkout}`,
    detail: {
      pack: offered.code,
      payment: paid.payment,
      paid: formatMoney(paid.total),
      tax: formatMoney(paid.tax),
      credits: credits.toString(),
      repaid: repaid.toString(),
    },
  });
  // Its refund may have been heard of before it.
  await settlePurchase(tx, now, { ...purchase, repaid }, buyer);
  return { outcome: 'applied' };
}

/** Why a paid session is not one of ours as it was offered. */
function mismatch(offered: Offered | undefined, { customer }: PaymentEvent, paid: PackPaidAction): string | undefined {
  if (offered === undefined) return `there is no checkout ${paid.checkout}`;
  if (offered.kind !== 'pack') return `checkout ${paid.checkout} is of a plan`;
  if (offered.workspace_id !== paid.workspace) return `checkout ${paid.checkout} is of another workspace`;
  if (customer !== undefined && offered.customer !== null && customer !== offered.customer) return 'another customer paid';
  if (offered.session_id !== null && offered.session_id !== paid.session) return `checkout ${paid.checkout} has another session`;
  const { subtotal, total, tax } = paid;
  if (subtotal.currency !== offered.currency || subtotal.nanos !== offered.price) {
    return `offered at ${offered.price} nano-${offered.currency}, paid ${formatMoney(subtotal)}`;
  }
  return total.nanos > tax.nanos ? undefined : `paid ${formatMoney(total)}, of it tax ${formatMoney(tax)}`;
}

/** What of a pack was bought. */
interface Bought {
  readonly credits: bigint;
  readonly ceiling_raise: bigint;
  /** The payment service takes its share of what is paid, tax included. */
  readonly fees: bigint;
}

/** Sold below its price, by a coupon say, a pack gives that part of its credits; and of what its margin leaves of the money, less what is really kept of it. */
function partOf(offered: Offered, { total, tax }: PackPaidAction): Bought {
  const { price, credits, ceiling_raise, fee_fixed } = offered;
  const as_offered = { percent: ratio(offered.fee_numerator, offered.fee_denominator), fixed: money(fee_fixed, total.currency) };
  const fees = paymentFees(total, as_offered).nanos;
  // A price that has its tax in it is paid with that tax.
  const inclusive = offered.lines[0]?.tax_behavior === 'inclusive';
  const net = inclusive ? total.nanos : total.nanos - tax.nanos;
  if (net >= price) return { credits, ceiling_raise, fees };
  const allowed = ceiling_raise + paymentFees(money(price, total.currency), as_offered).nanos;
  const raise = divide(allowed * net, price, 'down') - fees;
  return { credits: divide(credits * net, price, 'down'), ceiling_raise: raise > 0n ? raise : 0n, fees };
}

async function writeDown(
  tx: Connection,
  event: PaymentEvent,
  paid: PackPaidAction,
  offered: Offered,
  bought: Bought,
  buyer: Policy,
): Promise<void> {
  // Without a stated rate the sale is reported in the currency it was paid in.
  const own = buyer.plan.price.currency;
  const rate = findRate(buyer.catalog.fx, paid.total.currency, own);
  await tx.query(
    `insert into marketplace.purchase (workspace_id, checkout_id, session_id, payment_intent, code, plan, paid_at, credits, currency, paid, tax,
       fees, reported_unit, rate_numerator, rate_denominator, ceiling_raise)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      offered.workspace_id,
      paid.checkout,
      paid.session,
      paid.payment,
      offered.code,
      buyer.plan.code,
      event.at.toString(),
      bought.credits,
      paid.total.currency,
      paid.total.nanos,
      paid.tax.nanos,
      bought.fees,
      rate ? own : paid.total.currency,
      (rate ?? ONE).numerator,
      (rate ?? ONE).denominator,
      bought.ceiling_raise,
    ],
  );
}

/** What older purchases owe is paid first, the oldest before the others; returns the credits it took. */
async function payDebts(tx: Connection, workspace: WorkspaceId, credits: bigint): Promise<bigint> {
  let left = credits;
  for (const { checkout, owed, owed_paid } of await purchasesThatOwe(tx, workspace)) {
    const part = owed - owed_paid < left ? owed - owed_paid : left;
    if (part === 0n) break;
    left -= part;
    await tx.query('update marketplace.purchase set owed_paid = owed_paid + $2 where checkout_id = $1', [checkout, part]);
  }
  return credits - left;
}
