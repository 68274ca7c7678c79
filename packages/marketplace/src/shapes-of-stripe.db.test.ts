import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { openShop, type Shop } from './testing.ts';
import { line, lines, paymentsIn, PRO_ADMITS } from './testing-payments.ts';

/* Objects of Stripe that a subscriber's events carry besides the plain ones: what of them counts, and what changes nothing. */

let shop: Shop;
let payments: ReturnType<typeof paymentsIn>;
beforeAll(async () => {
  shop = await openShop();
  payments = paymentsIn(shop);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const after = (time?: Temporal.DurationLike): number => payments.secondsIn(time);
const EUR_15_99 = { EUR: 15_990_000_000n };

test('what was paid beyond an invoice is its customer’s: it is no revenue, and gives nothing beyond the plan', async () => {
  const paid = { amount_paid: 1700, amount_overpaid: 101, amount_due: 1599, ending_balance: -101, starting_balance: 0 };
  const { workspace } = await payments.subscribed('PRO', 1599, {}, paid);
  expect([await payments.revenueOf(workspace), await shop.exhaust(workspace)]).toEqual([EUR_15_99, PRO_ADMITS]);
});

describe('a subscription schedule', () => {
  test('that is made, changed or released changes nothing by itself; the phase that begins is told by its subscription', async () => {
    const [start, second] = [after(), after({ months: 1 })];
    const { workspace, subscription } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, second)));
    const schedule = shop.stripe.make('subscription_schedule', 'sub_sched', {
      customer: subscription['customer'],
      subscription: subscription.id,
      status: 'active',
      phases: [{ start_date: second, items: [{ price: 'price_business', plan: 'BUSINESS', quantity: 1 }] }],
    });
    for (const type of ['created', 'updated', 'expiring'])
      expect(await payments.tell(`subscription_schedule.${type}`, schedule)).toBe('ignored');
    await payments.tell('customer.subscription.updated', { ...subscription, schedule: schedule.id });
    expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
    payments.later({ months: 1 });
    const metadata = { purser_workspace: workspace.id, purser_plan: 'BUSINESS' };
    const moved = { ...subscription, metadata, schedule: schedule.id };
    await payments.tell('customer.subscription.updated', moved);
    const next = lines(line(14_900, second, after({ months: 1 })));
    await payments.tell('invoice.paid', payments.inv(moved, 14_900, 'subscription_cycle', { ...next, currency: 'usd' }));
    expect(await payments.state(workspace)).toEqual(['BUSINESS', 'active']);
    expect(await shop.exhaust(workspace)).toBeGreaterThan(100_000_000_000n);
    expect(await payments.tell('subscription_schedule.released', { ...schedule, status: 'released' })).toBe('ignored');
  });
});

describe('a change that waits for its payment', () => {
  const pending = (more: object) => ({
    pending_update: {
      expires_at: after({ hours: 23 }),
      subscription_items: [{ id: 'si_1', price: { id: 'price_business', lookup_key: 'BUSINESS' } }],
    },
    ...more,
  });

  test('gives nothing while it waits, and nothing when it expires', async () => {
    const { workspace, subscription } = await payments.subscribed();
    await payments.tell('customer.subscription.updated', { ...subscription, ...pending({}) });
    expect(await payments.tell('customer.subscription.pending_update_expired', { ...subscription, pending_update: null })).toBe(
      'ignored',
    );
    expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
  });

  test('is the plan when it is applied, and may cost what its invoice collected', async () => {
    const { workspace, subscription } = await payments.subscribed();
    await payments.tell('customer.subscription.updated', { ...subscription, ...pending({}) });
    const applied = {
      ...subscription,
      pending_update: null,
      metadata: { purser_workspace: workspace.id, purser_plan: 'BUSINESS' },
    };
    expect(await payments.tell('customer.subscription.pending_update_applied', applied)).toBe('ignored');
    await payments.tell('customer.subscription.updated', applied);
    await payments.tell('invoice.paid', payments.inv(applied, 5_000, 'subscription_update', { currency: 'usd' }));
    expect(await payments.state(workspace)).toEqual(['BUSINESS', 'active']);
    const spent = await shop.exhaust(workspace);
    // 15.99 EUR and 50 USD were collected, of 149 USD.
    expect(spent).toBeGreaterThan(50_000_000_000n);
    expect(spent).toBeLessThan(60_000_000_000n);
  });
});

describe('a price shown in the buyer’s currency', () => {
  test('of a pack, in the newer shape: the session is in ours, and what the buyer saw stands beside it', async () => {
    const workspace = await shop.workspace();
    const session = shop.stripe.pay(await shop.order(workspace));
    const seen = { presentment_details: { presentment_amount: 101_500, presentment_currency: 'thb' } };
    expect(await shop.receive(shop.stripe.event('checkout.session.completed', { ...session, ...seen }))).toBe('applied');
    expect(await shop.balance(workspace)).toBe(500n);
    const refund = shop.stripe.make('refund', 're', {
      amount: 2900,
      currency: 'usd',
      status: 'succeeded',
      payment_intent: session['payment_intent'],
      ...seen,
    });
    await payments.tell('refund.created', refund);
    expect(await shop.balance(workspace)).toBe(0n);
  });

  test('of a month: what was collected is in the currency of the invoice, whatever the buyer saw; a charge that tells it adds nothing', async () => {
    const { workspace, first } = await payments.subscribed();
    const payment = 'pi_seen_abroad';
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment));
    const charge = shop.stripe.make('charge', 'ch', {
      payment_intent: payment,
      currency: 'eur',
      amount: 1599,
      amount_refunded: 0,
      presentment_details: { presentment_amount: 2_700_000, presentment_currency: 'krw' },
    });
    await payments.tell('charge.succeeded', charge);
    expect([await payments.revenueOf(workspace), await shop.exhaust(workspace)]).toEqual([EUR_15_99, PRO_ADMITS]);
  });
});
