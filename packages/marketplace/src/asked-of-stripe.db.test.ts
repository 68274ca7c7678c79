import { listPostings } from '@purser/ledger';
import { isRefusal } from '@purser/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { openShop, type Shop } from './testing.ts';
import { paymentsIn, PRO_ADMITS } from './testing-payments.ts';

/* What events do not say, and Stripe says when it is asked: what it took for a payment, and what a subscription is. */

let shop: Shop;
let payments: ReturnType<typeof paymentsIn>;
beforeAll(async () => {
  shop = await openShop();
  payments = paymentsIn(shop);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const paymentThatTook = (fee: number | undefined, currency = 'eur'): string =>
  shop.stripe.make('payment_intent', 'pi', {
    latest_charge: shop.stripe.make('charge', 'ch', {
      balance_transaction: fee === undefined ? null : shop.stripe.make('balance_transaction', 'txn', { fee, currency }),
    }),
  }).id;
async function feesOf(workspace: Parameters<Shop['debt']>[0]): Promise<bigint> {
  const page = await listPostings(shop.database.pool, { workspace: workspace.id, limit: 200 });
  if (isRefusal(page)) throw new Error(page.detail);
  return page.rows.reduce(
    (sum, { debit, credit, amount }) => sum + (debit === 'fees' ? amount : credit === 'fees' ? -amount : 0n),
    0n,
  );
}
const asksFor = (id: string): number => shop.stripe.requests.filter(({ path }) => path.includes(id)).length;

describe('what Stripe took for an invoice', () => {
  test('is booked instead of what the catalog expects, once, and what may be spent stays as it was proven', async () => {
    const { workspace, first } = await payments.subscribed();
    const payment = paymentThatTook(65);
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment));
    await Promise.all([shop.market.sweep(), shop.another().sweep()]);
    await shop.market.sweep();
    expect([await feesOf(workspace), asksFor(payment)]).toEqual([650_000_000n, 1]);
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });

  test('is asked for again an hour later where it is not known yet; until then the catalog’s counts', async () => {
    const { workspace, first } = await payments.subscribed();
    const expected = await feesOf(workspace);
    const payment = paymentThatTook(undefined);
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment));
    await shop.market.sweep();
    await shop.market.sweep();
    expect([await feesOf(workspace), asksFor(payment)]).toEqual([expected, 1]);
    payments.later({ hours: 2 });
    await shop.market.sweep();
    expect(asksFor(payment)).toBe(2);
  });

  test('is taken from an event that tells it, before or after its invoice, and then not asked for', async () => {
    const of = (charge: string, fee: number) => ({
      ...shop.stripe.make('charge', 'ch', { amount: 1599, amount_refunded: 0, currency: 'eur', payment_intent: charge }),
      balance_transaction: shop.stripe.make('balance_transaction', 'txn', { fee, currency: 'eur' }),
    });
    const { workspace, first } = await payments.subscribed();
    await payments.tell('charge.succeeded', of('pi_told_before', 71));
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, 'pi_told_before'));
    await shop.market.sweep();
    expect([await feesOf(workspace), asksFor('pi_told_before')]).toEqual([710_000_000n, 0]);

    const other = await payments.subscribed();
    const asked = paymentThatTook(undefined);
    await payments.tell('invoice_payment.paid', payments.paymentOf(other.first, asked));
    await shop.market.sweep();
    await payments.tell('charge.updated', of(asked, 72));
    await shop.market.sweep();
    expect([await feesOf(other.workspace), asksFor(asked)]).toEqual([720_000_000n, 1]);

    const third = await payments.subscribed();
    const payment = { payment_intent: { id: 'pi_inside', object: 'payment_intent', latest_charge: of('pi_inside', 73) } };
    await payments.tell('invoice_payment.paid', { ...payments.paymentOf(third.first, 'pi_inside'), payment });
    await shop.market.sweep();
    expect([await feesOf(third.workspace), asksFor('pi_inside')]).toEqual([730_000_000n, 0]);
  });

  test('of several payments is all of them, in the invoice’s currency by the stated rate; one that Stripe does not have is not asked for again', async () => {
    const { workspace, first } = await payments.subscribed();
    for (const payment of [paymentThatTook(40), paymentThatTook(100, 'usd')])
      await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment));
    await shop.market.sweep();
    // 1.00 USD at 0.94 and two percent of caution.
    expect(await feesOf(workspace)).toBe(400_000_000n + 958_800_000n);
    const other = await payments.subscribed();
    await payments.tell('invoice_payment.paid', payments.paymentOf(other.first, 'pi_gone'));
    await shop.market.sweep();
    payments.later({ hours: 3 });
    await shop.market.sweep();
    expect(asksFor('pi_gone')).toBe(1);
  });
});

describe('a subscription of which its events do not say enough', () => {
  const period = (days: number): object => ({
    items: {
      data: [
        {
          id: 'si_1',
          price: { id: 'price_1' },
          current_period_start: payments.secondsIn({ days: -1 }),
          current_period_end: payments.secondsIn({ days }),
        },
      ],
    },
  });
  const questions = async (): Promise<number> =>
    (await shop.database.pool.query('select from marketplace.question')).rowCount ?? 0;

  test('two plans in one second: it is on the one that Stripe says, whichever event came last', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer, 'PRO', period(29));
    await payments.tell('customer.subscription.created', subscription);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'));
    payments.later({ seconds: 5 });
    const created = payments.seconds();
    for (const plan of ['BUSINESS', 'PRO', 'BUSINESS']) {
      const told = { ...subscription, metadata: { purser_workspace: buyer.workspace.id, purser_plan: plan } };
      await shop.receive(shop.stripe.event('customer.subscription.updated', told, { created }));
    }
    expect(await questions()).toBe(1);
    payments.later({ seconds: 5 });
    shop.stripe.replace({ ...subscription, metadata: { purser_workspace: buyer.workspace.id, purser_plan: 'PRO' } });
    await shop.market.sweep();
    expect([await payments.state(buyer.workspace), await questions()]).toEqual([['PRO', 'active'], 0]);
  });

  test('no period: Stripe’s counts; while it is away the event has done what it could, and it is asked again', async () => {
    const { workspace, subscription } = await payments.subscribed();
    expect(await questions()).toBe(1);
    const away = shop.another({
      settings: { secret_key: 'sk_test_x', webhook_secret: undefined, base_url: 'http://127.0.0.1:9', automatic_tax: false },
    });
    await away.sweep();
    expect(await questions()).toBe(1);
    expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
    shop.stripe.replace({ ...subscription, ...period(20) });
    payments.later({ minutes: 10 });
    await shop.market.sweep();
    expect(await questions()).toBe(0);
    const { rows } = await shop.database.pool.query<{ period_end: Temporal.Instant | null }>(
      `select period_end from marketplace.snapshot where subscription_id = $1 and event_id like 'asked:%'`,
      [subscription.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.period_end).not.toBeNull();
  });
});
