import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { openShop, type Shop } from './testing.ts';
import { paymentsIn, PRO_ADMITS } from './testing-payments.ts';

let shop: Shop;
let payments: ReturnType<typeof paymentsIn>;
beforeAll(async () => {
  shop = await openShop();
  payments = paymentsIn(shop);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

describe('money that was not there when it was spent', () => {
  test('the invoice of nothing of a trial, told before the trial, puts nobody on the plan; what is paid later counts once', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer, 'PRO', { status: 'trialing' });
    const details = { subscription: subscription.id, metadata: subscription['metadata'] };
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 0, 'subscription_create', { parent: { subscription_details: details } }),
    );
    expect(await payments.state(buyer.workspace)).toEqual(['FREE', 'active']);
    await payments.tell('customer.subscription.created', subscription);
    payments.later({ days: 14 });
    await payments.tell('customer.subscription.updated', { ...subscription, status: 'active' });
    await shop.work();
    const free = await payments.freeAdmits();
    expect([await shop.exhaust(buyer.workspace), await payments.revenueOf(buyer.workspace)]).toEqual([free, {}]);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
    expect([await shop.exhaust(buyer.workspace), await payments.revenueOf(buyer.workspace)]).toEqual([
      PRO_ADMITS,
      { EUR: 15_990_000_000n },
    ]);
  });

  test('a first invoice that is paid after its subscription ended is booked, and serves nobody, now or by any calendar', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer);
    await payments.tell('customer.subscription.created', subscription);
    payments.later({ days: 28 });
    await payments.tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
    payments.later({ days: 10 });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1599, 'subscription_create', { created: payments.seconds() - 38 * 86_400 }),
    );
    expect(await payments.state(buyer.workspace)).toEqual(['FREE', 'active']);
    for (const days of [1, 10, 60]) {
      payments.later({ days });
      await shop.work();
      expect((await shop.exhaust(buyer.workspace)) <= (await payments.freeAdmits())).toBe(true);
    }
    expect(await payments.revenueOf(buyer.workspace)).toEqual({ EUR: 15_990_000_000n });
  });

  test('what was spent of a month that was given back is paid by the next before anything of that is spent', async () => {
    const { workspace, subscription, first } = await payments.subscribed();
    const payment = 'pi_' + first.id;
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment));
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    payments.later({ days: 32 });
    await payments.tell(
      'refund.created',
      shop.stripe.make('refund', 're', { amount: 1599, currency: 'eur', status: 'succeeded', payment_intent: payment }),
    );
    const second = payments.inv(subscription, 1599, 'subscription_cycle');
    await payments.tell('invoice.paid', second);
    expect(await shop.exhaust(workspace)).toBe(0n);
    payments.later({ months: 1 });
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
    // The second month paid what the first owed, but for the reserve that was never spent.
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });

  test('a month that was spent by a pack owes nothing for it when a little of its own money goes back', async () => {
    const { workspace, subscription, first } = await payments.subscribed();
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, `pi_${first.id}`));
    await shop.database.pool.query('select pg_notify($1, $2)', ['purser_identity', `workspace ${workspace.id}`]);
    const customerId = String(subscription['customer']);
    shop.stripe.replace({ id: customerId, object: 'customer' });
    await shop.receive(shop.paid(await shop.order(workspace)));
    const spent = await shop.exhaust(workspace);
    expect(spent > PRO_ADMITS).toBe(true);
    const refund = { amount: 1, currency: 'eur', status: 'succeeded', payment_intent: `pi_${first.id}` };
    await payments.tell('refund.created', shop.stripe.make('refund', 're', refund));
    payments.later({ months: 1 });
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
    const next = await shop.exhaust(workspace);
    expect(next >= PRO_ADMITS - 20_000_000n && next <= PRO_ADMITS).toBe(true);
  });
});

describe('what was agreed with a customer', () => {
  test('is proved again when its payments change its plan: what that plan does not pay for is lowered, and the trail says so', async () => {
    const { workspace, subscription } = await payments.subscribed('BUSINESS', 14_900, { currency: 'usd' }, { currency: 'usd' });
    await shop.agree(workspace, {
      ceiling: { amount: '500', currency: 'USD' },
      accepted_loss: { reason: 'a friend' },
      concurrency: 3,
    });
    expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(500_000_000_000n);
    const metadata = { ...(subscription['metadata'] as object), purser_plan: 'PRO' };
    expect(await payments.tell('customer.subscription.updated', { ...subscription, metadata })).toBe('applied');
    const { ceiling, concurrency, workspace: after } = await shop.policyOf(workspace);
    expect([after.plan, after.overrides]).toEqual(['PRO', { concurrency: 3, ceiling: { amount: '13.5915', currency: 'EUR' } }]);
    expect([ceiling.nanos <= 13_591_500_000n, concurrency]).toEqual([true, 3]);
    const { rows } = await shop.database.pool.query<{ detail: { lowered: string[] } }>(
      `select detail from audit.entry where workspace_id = $1 and action = 'overrides.lowered'`,
      [workspace.id],
    );
    expect(rows.map(({ detail }) => detail.lowered)).toEqual([
      ['the accepted loss ended with its plan', 'the ceiling of 500 USD became 13.5915 EUR'],
    ]);
  });
});
