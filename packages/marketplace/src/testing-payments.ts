import { isRefusal } from '@purser/core';
import type { Workspace } from '@purser/identity';
import { listPostings } from '@purser/ledger';

import type { StripeObject } from './standins/index.ts';
import type { Shop } from './testing.ts';

/** What PRO's ceiling admits: 15.99 × 0.85 less its reserve of 0.50. */
export const PRO_ADMITS = 13_091_500_000n;

/** A line of an invoice: a whole period of what is sold. */
export const line = (amount: number, start: number, end: number, more: object = {}): object => ({
  amount,
  period: { start, end },
  parent: { subscription_item_details: { subscription_item: 'si_1', proration: false } },
  ...more,
});
/** What a change within a period charges or credits. */
export const changed = (amount: number, start: number, end: number): object =>
  line(amount, start, end, { parent: { subscription_item_details: { subscription_item: 'si_1', proration: true } } });
export const lines = (...data: readonly object[]): object => ({ lines: { data } });

/** What a payment provider tells of customers in a shop, and what became of it. */
export function paymentsIn(shop: Shop) {
  const later = (time: Temporal.DurationLike): void =>
    shop.clock.moveTo(shop.clock.now().toZonedDateTimeISO('UTC').add(time).toInstant());
  const seconds = (): number => Math.floor(shop.clock.now().epochMilliseconds / 1000);

  const secondsIn = (time: Temporal.DurationLike = { seconds: 0 }): number =>
    Math.floor(shop.clock.now().toZonedDateTimeISO('UTC').add(time).toInstant().epochMilliseconds / 1000);

  /** Something that Stripe tells now; a second later than what it told before. */
  async function tell(type: string, object: StripeObject, of: Shop['market'] = shop.market): Promise<string> {
    later({ seconds: 1 });
    return shop.receive(shop.stripe.event(type, object, { created: seconds() }), of);
  }

  async function customer(): Promise<{ workspace: Workspace; customer: string }> {
    const workspace = await shop.workspace('FREE');
    const id = `cus_${workspace.id.slice(0, 13)}`;
    await shop.database.pool.query(
      'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, $3)',
      [workspace.id, id, shop.clock.now().toString()],
    );
    return { workspace, customer: id };
  }

  const { subscriptionOf, inv, paymentOf } = objectsIn(shop);
  const revenueOf = (of: Workspace): Promise<Record<string, bigint>> => revenueIn(shop, of);
  async function state(of: Workspace): Promise<[plan: string, license: string]> {
    const { workspace } = await shop.policyOf(of);
    return [workspace.plan, workspace.license];
  }

  async function subscribed(plan = 'PRO', cents = 1599, more: object = {}, invoice: object = {}) {
    const buyer = await customer();
    const subscription = subscriptionOf(buyer, plan, more);
    await tell('customer.subscription.created', subscription);
    const first = inv(subscription, cents, 'subscription_create', invoice);
    const outcome = await tell('invoice.paid', first);
    if (outcome !== 'applied') throw new Error(`a first payment is ${outcome}`);
    return { ...buyer, subscription, first };
  }
  /** What a workspace on FREE may cost in a month: nobody on it has paid anything. */
  const freeAdmits = async (): Promise<bigint> => (await shop.policyOf(await shop.workspace('FREE'))).cost_cap.nanos;

  return { freeAdmits, later, seconds, secondsIn, tell, customer, subscriptionOf, inv, paymentOf, revenueOf, state, subscribed };
}

/** What Stripe has of customers in a shop. */
function objectsIn(shop: Shop) {
  const subscriptionOf = (of: { workspace: Workspace; customer: string }, plan = 'PRO', more: object = {}): StripeObject =>
    shop.stripe.make('subscription', 'sub', {
      customer: of.customer,
      currency: 'eur',
      status: 'active',
      metadata: { purser_workspace: of.workspace.id, purser_plan: plan },
      items: { data: [] },
      ...more,
    });
  const inv = (subscription: StripeObject, cents: number, billing_reason: string, more: object = {}): StripeObject =>
    shop.stripe.make('invoice', 'in', {
      customer: subscription['customer'],
      currency: 'eur',
      billing_reason,
      total: cents,
      total_excluding_tax: cents,
      amount_paid: cents,
      parent: { subscription_details: { subscription: subscription.id } },
      ...more,
    });
  const paymentOf = (invoice: StripeObject, payment_intent: string): StripeObject =>
    shop.stripe.make('invoice_payment', 'inpay', {
      invoice: invoice.id,
      payment: { type: 'payment_intent', payment_intent },
      status: 'paid',
    });
  return { subscriptionOf, inv, paymentOf };
}

/** By the currency it was booked in. */
async function revenueIn(shop: Shop, { id }: Workspace): Promise<Record<string, bigint>> {
  const page = await listPostings(shop.database.pool, { workspace: id, limit: 200 });
  if (isRefusal(page)) throw new Error(page.detail);
  const revenue: Record<string, bigint> = {};
  for (const { debit, credit, amount, unit } of page.rows) {
    const sign = credit === 'revenue:subscription' ? 1n : debit === 'revenue:subscription' ? -1n : 0n;
    if (sign !== 0n) revenue[unit] = (revenue[unit] ?? 0n) + sign * amount;
  }
  return revenue;
}
