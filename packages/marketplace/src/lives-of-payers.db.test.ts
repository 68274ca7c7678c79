import { loadCatalog } from '@purser/catalog';
import { money } from '@purser/money';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { openShop, type Shop } from './testing.ts';
import { changed, line, lines, paymentsIn, PRO_ADMITS } from './testing-payments.ts';

/* Lives of subscribers as the payment provider tells them, in which somebody paid: he is served for it, once, and license and books are right. */

let shop: Shop;
let payments: ReturnType<typeof paymentsIn>;
beforeAll(async () => {
  const catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const plans = catalog.plans.map((plan) => {
    const trial = { days_max: 14, ceiling: money(2_000_000_000n, plan.price.currency), credits: 100n };
    return plan.code === 'PRO' ? { ...plan, trial } : plan;
  });
  shop = await openShop({ catalog: { ...catalog, plans } });
  payments = paymentsIn(shop);
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const after = (time?: Temporal.DurationLike): number => payments.secondsIn(time);

describe('paid late', () => {
  test('a month that is paid when it and its grace are over is served from the payment on', async () => {
    const period = { start: after({ days: 0 }), end: after({ months: 1 }) };
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer);
    await payments.tell('customer.subscription.created', subscription);
    payments.later({ days: 50 });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1599, 'subscription_create', lines(line(1599, period.start, period.end))),
    );
    expect([
      await payments.state(buyer.workspace),
      await shop.exhaust(buyer.workspace),
      await shop.balance(buyer.workspace),
    ]).toEqual([['PRO', 'active'], PRO_ADMITS, 1500n]);
    expect(await payments.revenueOf(buyer.workspace)).toEqual({ EUR: 15_990_000_000n });
  });

  test('a month that is paid after the next one was adds to the one under way', async () => {
    const [start, second, third, fourth] = [after(), after({ months: 1 }), after({ months: 2 }), after({ months: 3 })];
    const { workspace, subscription } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, second)));
    payments.later({ months: 2, hours: 1 });
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', lines(line(1599, third, fourth))));
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', lines(line(1599, second, third))));
    expect(await shop.exhaust(workspace)).toBe(13_591_500_000n - 500_000_000n + 500_000_000n);
  });

  test('months of a year that are over when it is paid are served in those that are left', async () => {
    const [start, end] = [after(), after({ years: 1 })];
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer);
    await payments.tell('customer.subscription.created', subscription);
    payments.later({ months: 2, days: 1 });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 10 * 1599, 'subscription_create', lines(line(15990, start, end))),
    );
    expect(await shop.exhaust(buyer.workspace)).toBe(PRO_ADMITS);
  });

  test('a subscription that was dated back pays for the month under way', async () => {
    const [past, start, end] = [after({ days: -41 }), after({ days: -10 }), after({ days: 20 })];
    const { workspace } = await payments.subscribed('PRO', 3198, {}, lines(line(1599, past, start), line(1599, start, end)));
    expect(await shop.exhaust(workspace)).toBe(2n * 13_591_500_000n - 500_000_000n);
  });
});

describe('old and foreign shapes', () => {
  test('an invoice that was paid outside of the provider was collected, as older versions tell it too', async () => {
    const { workspace } = await payments.subscribed(
      'PRO',
      1599,
      {},
      { amount_paid: 0, amount_due: 1599, paid: true, paid_out_of_band: true },
    );
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 15_990_000_000n });
  });

  test('what was used in the month before, at a price of the same plan, moves the month that is paid for by nothing', async () => {
    const [start, second, third] = [after(), after({ months: 1 }), after({ months: 2 })];
    const metered = (amount: number, from: number, to: number) =>
      line(amount, from, to, {
        parent: { subscription_item_details: { subscription_item: 'si_2' } },
        pricing: { price_details: { price: 'price_calls' } },
      });
    const item = (id: string, price: object) => ({ id, price: { lookup_key: 'PRO', ...price } });
    const items = {
      data: [item('si_1', { id: 'price_plan' }), item('si_2', { id: 'price_calls', recurring: { usage_type: 'metered' } })],
    };
    const plan = { pricing: { price_details: { price: 'price_plan' } } };
    const { workspace, subscription } = await payments.subscribed('PRO', 1599, { items }, lines(line(1599, start, second, plan)));
    payments.later({ months: 1, hours: 1 });
    await payments.tell(
      'invoice.paid',
      payments.inv(
        subscription,
        2599,
        'subscription_cycle',
        lines(metered(1000, start, second), line(1599, second, third, plan)),
      ),
    );
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });

  test('an invoice of which only the first lines are told is of the period that its subscription is in', async () => {
    const [start, second, third] = [after(), after({ months: 1 }), after({ months: 2 })];
    const { workspace, subscription } = await payments.subscribed(
      'PRO',
      1599,
      { current_period_start: start, current_period_end: second },
      lines(line(1599, start, second)),
    );
    const middle = after({ days: 15 });
    payments.later({ months: 1, hours: 1 });
    await payments.tell('customer.subscription.updated', {
      ...subscription,
      current_period_start: second,
      current_period_end: third,
    });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1599, 'subscription_cycle', {
        lines: { has_more: true, data: Array.from({ length: 10 }, (_, at) => changed(at % 2 === 0 ? 10 : -10, middle, second)) },
      }),
    );
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });
});

describe('a payment that failed', () => {
  test('for a change that was called off takes nothing from who paid for his month', async () => {
    const { workspace, subscription } = await payments.subscribed();
    const upgrade = payments.inv(subscription, 13_000, 'subscription_update', { amount_paid: 0 });
    await payments.tell('invoice.payment_failed', upgrade);
    await payments.tell('invoice.voided', { ...upgrade, status: 'void' });
    expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });

  test('is over when the subscription is told to be active again: its seller wrote the invoice off', async () => {
    const { workspace, subscription } = await payments.subscribed();
    await payments.tell('customer.subscription.updated', { ...subscription, status: 'past_due' });
    await payments.tell('customer.subscription.updated', { ...subscription, status: 'active' });
    expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
  });
});

describe('a trial', () => {
  test('that began with a paid set-up is the trial it was', async () => {
    const buyer = await payments.customer();
    const [start, end] = [after(), after({ days: 14 })];
    const subscription = payments.subscriptionOf(buyer, 'PRO', { status: 'trialing', trial_start: start, trial_end: end });
    await payments.tell('customer.subscription.created', subscription);
    const plain = await shop.exhaust((await trialing()).workspace);
    await payments.tell(
      'invoice.paid',
      payments.inv(
        subscription,
        2000,
        'subscription_create',
        lines(
          { amount: 2000, period: { start, end: start }, parent: { invoice_item_details: { proration: false } } },
          line(0, start, end, { pricing: { price_details: { price: { id: 'price_plan', lookup_key: 'PRO' } } } }),
        ),
      ),
    );
    expect((await shop.exhaust(buyer.workspace)) >= plain).toBe(true);
    expect(await payments.revenueOf(buyer.workspace)).toEqual({ EUR: 20_000_000_000n });
  });

  test('that a payer is put on within his month takes nothing of the month', async () => {
    const [start, end] = [after(), after({ months: 1 })];
    const { workspace, subscription } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, end)));
    payments.later({ days: 5 });
    await payments.tell('customer.subscription.updated', {
      ...subscription,
      status: 'trialing',
      trial_start: after(),
      trial_end: after({ days: 14 }),
    });
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
  });

  async function trialing() {
    const buyer = await payments.customer();
    await payments.tell(
      'customer.subscription.created',
      payments.subscriptionOf(buyer, 'PRO', { status: 'trialing', trial_start: after(), trial_end: after({ days: 14 }) }),
    );
    return buyer;
  }
});

test('a dispute that was won takes back what was owed for it', async () => {
  const { workspace, subscription, first } = await payments.subscribed();
  await payments.tell('invoice_payment.paid', payments.paymentOf(first, `pi_${workspace.id}`));
  await shop.exhaust(workspace);
  const dispute = shop.stripe.make('dispute', 'dp', {
    amount: 1599,
    currency: 'eur',
    status: 'needs_response',
    payment_intent: `pi_${workspace.id}`,
  });
  await payments.tell('charge.dispute.created', dispute);
  payments.later({ months: 1 });
  await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
  await payments.tell('charge.dispute.closed', { ...dispute, status: 'won' });
  expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
  expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
});

test('an end is an end, though the subscription was moved to a price that no plan is sold at', async () => {
  const { workspace, subscription } = await payments.subscribed();
  const foreign = { ...subscription, items: { data: [{ id: 'si_1', price: { id: 'price_x', lookup_key: 'enterprise' } }] } };
  expect(await payments.tell('customer.subscription.updated', foreign)).toBe('refused');
  expect(await payments.tell('customer.subscription.deleted', { ...foreign, status: 'canceled' })).toBe('applied');
  expect(await payments.state(workspace)).toEqual(['PRO', 'cancelled']);
});

test('what came while its customer was not known counts when he is known again', async () => {
  const buyer = await payments.customer();
  await shop.database.pool.query('delete from marketplace.customer where workspace_id = $1', [buyer.workspace.id]);
  const subscription = payments.subscriptionOf(buyer);
  payments.later({ seconds: 1 });
  const events = [
    shop.stripe.event('customer.subscription.created', subscription, { created: payments.seconds() }),
    shop.stripe.event('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'), { created: payments.seconds() }),
  ];
  for (const event of events) expect(await shop.receive(event)).toBe('ignored');
  await shop.database.pool.query(
    'insert into marketplace.customer (workspace_id, stripe_customer, created_at) values ($1, $2, $3)',
    [buyer.workspace.id, buyer.customer, shop.clock.now().toString()],
  );
  for (const event of events) expect(await shop.receive(event)).toBe('applied');
  for (const event of events) expect(await shop.receive(event)).toBe('duplicate');
  expect([await payments.state(buyer.workspace), await shop.exhaust(buyer.workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
});

test('two payments of one invoice are given back one by one, and each takes its part', async () => {
  const { workspace, first } = await payments.subscribed();
  for (const part of ['a', 'b'])
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, `pi_${part}_${workspace.id}`));
  const refund = (part: string, amount: number) => ({
    amount,
    currency: 'eur',
    status: 'succeeded',
    payment_intent: `pi_${part}_${workspace.id}`,
  });
  await payments.tell('refund.created', shop.stripe.make('refund', 're', refund('a', 599)));
  expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(8_500_000_000n);
  await payments.tell(
    'charge.refunded',
    shop.stripe.make('charge', 'ch', {
      amount: 1000,
      amount_refunded: 1000,
      currency: 'eur',
      payment_intent: `pi_b_${workspace.id}`,
    }),
  );
  expect([await shop.exhaust(workspace), (await payments.revenueOf(workspace))['EUR'] ?? 0n]).toEqual([0n, 0n]);
});

test('a subscriber that an operator moves within his month keeps what he paid for, and no more, and his next month too', async () => {
  const { workspace, subscription } = await payments.subscribed();
  await shop.database.pool.query(`update identity.workspace set plan = 'BUSINESS' where workspace_id = $1`, [workspace.id]);
  const { ceiling, plan } = await shop.policyOf(workspace);
  expect([plan.code, (ceiling.nanos * 94n) / 100n <= 13_591_500_000n]).toEqual(['BUSINESS', true]);
  payments.later({ months: 1 });
  await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
  const next = await shop.policyOf(workspace);
  expect((next.ceiling.nanos * 94n) / 100n <= 13_591_500_000n && next.ceiling.nanos > 10_000_000_000n).toBe(true);
});

test('what a customer owed of an invoice that was too small to charge is collected with the next', async () => {
  const { workspace, subscription } = await payments.subscribed(
    'PRO',
    30,
    {},
    { amount_paid: 0, amount_due: 30, starting_balance: 0, ending_balance: 30 },
  );
  expect(await payments.revenueOf(workspace)).toEqual({});
  payments.later({ months: 1 });
  await payments.tell(
    'invoice.paid',
    payments.inv(subscription, 1599, 'subscription_cycle', { amount_paid: 1629, starting_balance: 30, ending_balance: 0 }),
  );
  expect(await payments.revenueOf(workspace)).toEqual({ EUR: 16_290_000_000n });
});

test('a month that is paid by a quote or by hand is one like any other', async () => {
  const [start, end] = [after(), after({ months: 1 })];
  const buyer = await payments.customer();
  const subscription = payments.subscriptionOf(buyer);
  await payments.tell('customer.subscription.created', subscription);
  await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'quote_accept', lines(line(1599, start, end))));
  expect(await shop.exhaust(buyer.workspace)).toBe(PRO_ADMITS);
});

test('a customer who goes on in another currency is served by each payment for its own', async () => {
  const { workspace, customer, subscription } = await payments.subscribed('PRO', 1599, { currency: 'usd' }, { currency: 'usd' });
  expect((await shop.exhaust(workspace)) > 0n).toBe(true);
  payments.later({ days: 3 });
  await payments.tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
  const again = payments.subscriptionOf({ workspace, customer });
  await payments.tell('customer.subscription.created', again);
  await payments.tell('invoice.paid', payments.inv(again, 1599, 'subscription_create'));
  expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
});

test('invoices that are sent and paid after 25 days serve each from its payment on', async () => {
  const buyer = await payments.customer();
  const subscription = payments.subscriptionOf(buyer, 'PRO', { collection_method: 'send_invoice' });
  await payments.tell('customer.subscription.created', subscription);
  for (let month = 0; month < 3; month++) {
    const [from, to] = [after(), after({ months: 1 })];
    payments.later({ days: 25 });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1599, month === 0 ? 'subscription_create' : 'subscription_cycle', lines(line(1599, from, to))),
    );
    expect([month, await shop.exhaust(buyer.workspace)]).toEqual([month, PRO_ADMITS]);
    payments.later({ days: 6 });
  }
});

test('a year of which half goes back after three months of spending costs no more than what is left of it, and serves that', async () => {
  const [start, end] = [after(), after({ years: 1 })];
  const { workspace, first } = await payments.subscribed('PRO', 12 * 1599, {}, lines(line(12 * 1599, start, end)));
  await payments.tell('invoice_payment.paid', payments.paymentOf(first, `pi_${workspace.id}`));
  let total = 0n;
  for (let month = 0; month < 12; month++) {
    await shop.work();
    total += await shop.exhaust(workspace);
    if (month === 2)
      await payments.tell(
        'refund.created',
        shop.stripe.make('refund', 're', {
          amount: 6 * 1599,
          currency: 'eur',
          status: 'succeeded',
          payment_intent: `pi_${workspace.id}`,
        }),
      );
    payments.later({ months: 1 });
  }
  expect(total <= (6n * 15_990_000_000n * 85n) / 100n).toBe(true);
  expect(total > 6n * 12_000_000_000n).toBe(true);
  await shop.work();
  expect(await payments.revenueOf(workspace)).toEqual({ EUR: 6n * 15_990_000_000n });
});

test('a collection that rested with drafts, paid when it goes on, serves what was paid', async () => {
  const [start, second, third, fourth] = [after(), after({ months: 1 }), after({ months: 2 }), after({ months: 3 })];
  const { workspace, subscription } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, second)));
  payments.later({ days: 10 });
  await payments.tell('customer.subscription.updated', { ...subscription, pause_collection: { behavior: 'keep_as_draft' } });
  payments.later({ days: 60 });
  await payments.tell('customer.subscription.updated', { ...subscription, pause_collection: null });
  await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', lines(line(1599, second, third))));
  await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', lines(line(1599, third, fourth))));
  expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([
    ['PRO', 'active'],
    2n * 13_591_500_000n - 500_000_000n,
  ]);
});

test('a first payment that fails and is called off gives nothing beyond the trial before it', async () => {
  const buyer = await payments.customer();
  const subscription = payments.subscriptionOf(buyer, 'PRO', {
    status: 'trialing',
    trial_start: after(),
    trial_end: after({ days: 14 }),
  });
  await payments.tell('customer.subscription.created', subscription);
  payments.later({ days: 14 });
  const invoice = payments.inv(subscription, 1599, 'subscription_cycle', { amount_paid: 0 });
  await payments.tell('invoice.payment_failed', invoice);
  await payments.tell('customer.subscription.updated', { ...subscription, status: 'past_due' });
  await payments.tell('invoice.voided', invoice);
  await payments.tell('customer.subscription.updated', { ...subscription, status: 'active' });
  expect([await shop.exhaust(buyer.workspace), await payments.revenueOf(buyer.workspace)]).toEqual([0n, {}]);
});
