import type { Workspace } from '@purser/identity';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';

let shop: Shop;
/** A second of Stripe's clock for each event, so that every test says in which order things happened. */
let second: number;
beforeAll(async () => {
  shop = await openShop();
  second = Math.floor(shop.opened_at.epochMilliseconds / 1000);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const event = (type: string, object: StripeObject): StripeObject => shop.stripe.event(type, object, { created: ++second });
const say = (type: string, object: StripeObject): Promise<string> => shop.receive(event(type, object));
const state = async (workspace: Workspace): Promise<[string, string]> => {
  const { rows } = await shop.database.pool.query<{ plan: string; license: string }>(
    'select plan, license from identity.workspace where workspace_id = $1',
    [workspace.id],
  );
  return [rows[0]?.plan ?? '', rows[0]?.license ?? ''];
};
const named = (subscription: StripeObject, plan: string): StripeObject => ({
  ...subscription,
  items: { data: [{ price: { id: 'price_x', lookup_key: plan, metadata: {} } }] },
});
const revenue = async (workspace: Workspace): Promise<bigint> => {
  const { rows } = await shop.database.pool.query<{ revenue: bigint }>(
    `select coalesce(sum(amount * ledger.revenue_sign(debit, credit)), 0)::bigint as revenue
     from ledger.posting where workspace_id = $1 and 'revenue:subscription' in (debit, credit)`,
    [workspace.id],
  );
  return rows[0]?.revenue ?? 0n;
};

async function subscribed(plan = 'PRO') {
  const workspace = await shop.workspace('FREE');
  const made = shop.stripe.subscribe(await shop.subscription(workspace, plan));
  expect(await say('customer.subscription.created', made.subscription)).toBe('applied');
  expect(await say('invoice.paid', made.invoice.invoice)).toBe('applied');
  return { workspace, ...made };
}

describe('C6: a subscription', () => {
  test('puts its workspace on the plan that was paid for; a change in the portal changes it, an older event does not', async () => {
    const { workspace, subscription } = await subscribed();
    expect(await state(workspace)).toEqual(['PRO', 'active']);
    const before = event('customer.subscription.updated', subscription);
    expect(await say('customer.subscription.updated', named(subscription, 'BUSINESS'))).toBe('applied');
    expect(await state(workspace)).toEqual(['BUSINESS', 'active']);
    expect(await shop.receive(before)).toBe('ignored');
    expect(await state(workspace)).toEqual(['BUSINESS', 'active']);
  });

  test('of a plan that is not sold, without a plan, or of another workspace changes nothing and is refused', async () => {
    const { workspace, subscription } = await subscribed();
    expect(await say('customer.subscription.updated', named(subscription, 'GOLD'))).toBe('refused');
    const stranger = await shop.workspace('FREE');
    const metadata = { purser_workspace: stranger.id, purser_plan: 'BUSINESS' };
    expect(await say('customer.subscription.updated', { ...subscription, metadata })).toBe('refused');
    expect(await say('customer.subscription.updated', { ...subscription, metadata: {} })).toBe('refused');
    expect([await state(workspace), await state(stranger)]).toEqual([
      ['PRO', 'active'],
      ['FREE', 'active'],
    ]);
  });

  test('of a customer that nobody here is, is kept', async () => {
    const { subscription } = await subscribed();
    expect(await say('customer.subscription.updated', { ...subscription, id: 'sub_else', customer: 'cus_else' })).toBe('ignored');
  });

  test('is not sold twice: a second one is made in the portal of the first', async () => {
    const { workspace } = await subscribed();
    await expect(shop.subscription(workspace, 'BUSINESS')).rejects.toThrow('portal');
  });
});

describe('C5: the license', () => {
  test('goes with the payments: failed, paid again, ended', async () => {
    const { workspace, subscription } = await subscribed();
    const { invoice } = shop.stripe.invoice(subscription);
    expect(await say('invoice.payment_failed', invoice)).toBe('applied');
    expect(await state(workspace)).toEqual(['PRO', 'grace']);
    expect(await say('invoice.paid', invoice)).toBe('applied');
    expect(await state(workspace)).toEqual(['PRO', 'active']);
    expect(await say('customer.subscription.deleted', { ...subscription, status: 'canceled' })).toBe('applied');
    expect(await state(workspace)).toEqual(['PRO', 'cancelled']);
  });

  test('a first payment that fails takes nothing from who had a free plan', async () => {
    const workspace = await shop.workspace('FREE');
    const { subscription, invoice } = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
    expect(await say('customer.subscription.created', { ...subscription, status: 'incomplete' })).toBe('ignored');
    expect(await say('invoice.payment_failed', invoice.invoice)).toBe('ignored');
    expect(await state(workspace)).toEqual(['FREE', 'active']);
  });

  test('a month that was given back whole is a month not paid; a dispute that is won makes it paid again', async () => {
    const { workspace, invoice } = await subscribed();
    await say('invoice_payment.paid', invoice.invoice_payment);
    const charge = { currency: 'eur', payment_intent: invoice.payment_intent };
    const dispute = shop.stripe.make('dispute', 'dp', {
      ...charge,
      amount: 1599,
      status: 'needs_response',
      balance_transactions: [],
    });
    await say('charge.dispute.created', dispute);
    expect([await state(workspace), await revenue(workspace)]).toEqual([['PRO', 'grace'], 0n]);
    await say('charge.dispute.closed', { ...dispute, status: 'won' });
    expect([await state(workspace), await revenue(workspace)]).toEqual([['PRO', 'active'], 15_990_000_000n]);
    const refund = shop.stripe.make('refund', 're', { ...charge, amount: 599, status: 'succeeded' });
    await say('refund.created', refund);
    expect([await state(workspace), await revenue(workspace)]).toEqual([['PRO', 'active'], 10_000_000_000n]);
  });
});

test('a change of plan within a month books what it cost, net of its tax, and the tax as what is owed to the state', async () => {
  const { workspace, subscription } = await subscribed();
  const { invoice } = shop.stripe.invoice(subscription, {
    billing_reason: 'subscription_update',
    total: 1200,
    total_excluding_tax: 1000,
  });
  await say('invoice.paid', invoice);
  await say('invoice.paid', invoice);
  const { rows } = await shop.database.pool.query(
    `select debit, credit, amount, unit from ledger.posting where workspace_id = $1 and reason = $2 order by id`,
    [workspace.id, `stripe:${invoice.id}`],
  );
  expect(rows).toEqual([
    { debit: 'collected', credit: 'revenue:subscription', amount: 10_000_000_000n, unit: 'EUR' },
    { debit: 'collected', credit: 'payable:tax', amount: 2_000_000_000n, unit: 'EUR' },
  ]);
});

test('C5 C6: plan, license and books end the same in whatever order a month of events comes, doubled and late', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(1_000_000)), async (chance) => {
      const workspace = await shop.workspace('FREE');
      const { subscription, invoice } = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
      const month = shop.stripe.invoice(subscription);
      const refund = { currency: 'eur', amount: 1599, status: 'succeeded', payment_intent: invoice.payment_intent };
      const events = [
        event('customer.subscription.created', subscription),
        event('invoice.paid', invoice.invoice),
        event('invoice_payment.paid', invoice.invoice_payment),
        event('customer.subscription.updated', named(subscription, 'BUSINESS')),
        event('invoice.payment_failed', month.invoice),
        event('refund.created', shop.stripe.make('refund', 're', refund)),
        event('invoice.paid', month.invoice),
        event('invoice_payment.paid', month.invoice_payment),
      ];
      const places = [...events, ...events.slice(2, 6)].map((one) => ({ one, at: Number(chance.next().value) }));
      for (const { one } of places.toSorted((a, b) => a.at - b.at)) await shop.receive(one);
      expect(await state(workspace)).toEqual(['BUSINESS', 'active']);
      expect(await revenue(workspace)).toBe(15_990_000_000n);
    }),
    { numRuns: 20 },
  );
}, 120_000);
