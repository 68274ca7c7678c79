import { type Catalog, loadCatalog } from '@purser/catalog';
import { money } from '@purser/money';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';
import { changed, line, lines, paymentsIn, PRO_ADMITS } from './testing-payments.ts';

/* What hardly ever happens to a payment: who paid is served, who did not is not, and somebody is told of what nobody can judge. */

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
const refund = (of: object, amount: number, currency = 'eur'): Promise<string> =>
  payments.tell('refund.created', shop.stripe.make('refund', 're', { amount, currency, status: 'succeeded', ...of }));
/** A server that sells no PRO: it was taken out of the catalog, or is not in it yet. */
function withoutPro(): Shop['market'] {
  const catalog: Catalog = { ...shop.catalog, version: 'no-pro', plans: shop.catalog.plans.filter(({ code }) => code !== 'PRO') };
  const versions = new Map([catalog, shop.catalog].map((one) => [one.version, one]));
  return shop.another({ catalog, catalogOf: async (version) => versions.get(version) });
}
async function toldOf(workspace: string): Promise<string[]> {
  const { rows } = await shop.database.pool.query<{ action: string }>(
    `select action from audit.entry where workspace_id = $1 and action like 'payment.%' order by action`,
    [workspace],
  );
  return rows.map(({ action }) => action);
}

test('what was paid for a change is given back, and the month that it was in goes on', async () => {
  const [start, end] = [after(), after({ months: 1 })];
  const { workspace, subscription } = await payments.subscribed('PRO', 1599, {}, lines(line(1599, start, end)));
  const change = payments.inv(
    subscription,
    500,
    'subscription_update',
    lines(changed(-1100, after(), end), changed(1600, after(), end)),
  );
  await payments.tell('invoice.paid', change);
  await payments.tell('invoice_payment.paid', payments.paymentOf(change, `pi_${workspace.id}`));
  await refund({ payment_intent: `pi_${workspace.id}` }, 500);
  expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
});

describe('a plan that is not in the catalog', () => {
  test('any more is served at another price too, by the terms that it was sold at last', async () => {
    const [start, end, next] = [after(), after({ months: 1 }), after({ months: 2 })];
    const at = (price: string) => ({ items: { data: [{ id: 'si_1', price: { id: price, lookup_key: 'PRO' } }] } });
    const of = (price: string) => ({ pricing: { price_details: { price } } });
    const { workspace, subscription } = await payments.subscribed(
      'PRO',
      1599,
      at('one'),
      lines(line(1599, start, end, of('one'))),
    );
    payments.later({ months: 1 });
    const market = withoutPro();
    expect(await payments.tell('customer.subscription.updated', { ...subscription, ...at('two') }, market)).toBe('applied');
    const bill = payments.inv(subscription, 1799, 'subscription_cycle', lines(line(1799, end, next, of('two'))));
    expect(await payments.tell('invoice.paid', bill, market)).toBe('applied');
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS + (2_000_000_000n * 85n) / 100n);
  });

  test('yet is refused and told once, and counts when it is told again and is sold', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer);
    payments.later({ seconds: 1 });
    const created = shop.stripe.event('customer.subscription.created', subscription, { created: payments.seconds() });
    const early = withoutPro();
    expect([await shop.receive(created, early), await shop.receive(created, early)]).toEqual(['refused', 'refused']);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'), early);
    expect(await toldOf(buyer.workspace.id)).toEqual(['payment.refused']);
    expect([await shop.receive(created), await shop.receive(created)]).toEqual(['applied', 'duplicate']);
    expect([await payments.state(buyer.workspace), await shop.exhaust(buyer.workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
  });
});

test('a trial that was paid off in the second in which it began is a paid month, in whatever order that is told', async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const buyer = await payments.customer();
    payments.later({ seconds: 1 });
    const [now, end] = [after(), after({ months: 1 })];
    const trial = { status: 'trialing', trial_start: now, trial_end: now + 14 * 86_400 };
    const subscription = payments.subscriptionOf(buyer, 'PRO', trial);
    const active = { ...subscription, status: 'active', trial_end: now + 1, current_period_start: now, current_period_end: end };
    const told: readonly (readonly [string, StripeObject])[] = [
      ['customer.subscription.created', subscription],
      ['customer.subscription.updated', active],
      ['invoice.paid', payments.inv(subscription, 1599, 'subscription_update', lines(line(1599, now, end)))],
    ];
    for (const place of order) {
      const [type, object] = told[place] ?? ['', subscription];
      await shop.receive(shop.stripe.event(type, object, { created: now }));
    }
    expect([await shop.balance(buyer.workspace), await shop.exhaust(buyer.workspace)]).toEqual([1500n, PRO_ADMITS]);
    payments.later({ days: 2 });
    expect(await shop.exhaust(buyer.workspace)).toBe(0n);
  }
});

describe('a payment without a payment intent', () => {
  test('goes back by its charge, as newer and as older versions of the API name it', async () => {
    const { workspace, first } = await payments.subscribed();
    const charge = `ch_${workspace.id}`;
    const paid = shop.stripe.make('invoice_payment', 'inpay', { invoice: first.id, payment: { type: 'charge', charge } });
    await payments.tell('invoice_payment.paid', paid);
    await refund({ payment_intent: null, charge }, 599);
    expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(8_500_000_000n);
    const told = { id: charge, amount: 1599, amount_refunded: 1599, currency: 'eur', payment_intent: null };
    await payments.tell('charge.refunded', shop.stripe.make('charge', 'ch', told));
    expect([await shop.exhaust(workspace), (await payments.revenueOf(workspace))['EUR']]).toEqual([0n, 0n]);
    const old = await payments.subscribed('PRO', 1599, {}, { charge: `ch_old_${workspace.id}` });
    const dispute = { amount: 1599, currency: 'eur', status: 'needs_response', charge: `ch_old_${workspace.id}` };
    await payments.tell('charge.dispute.created', shop.stripe.make('dispute', 'dp', dispute));
    expect(await shop.exhaust(old.workspace)).toBe(0n);
  });
});

test('of an invoice that was paid outside, what a credit note had paid of it was not collected', async () => {
  const outside = { amount_paid: 0, amount_due: 1099, pre_payment_credit_notes_amount: 500, paid: true, paid_out_of_band: true };
  const { workspace } = await payments.subscribed('PRO', 1599, {}, outside);
  expect(await payments.revenueOf(workspace)).toEqual({ EUR: 10_990_000_000n });
});

test('money in a currency that nobody stated a rate for is booked, pays for nothing, and is told once', async () => {
  const { workspace, first } = await payments.subscribed('PRO', 2500, { currency: 'jpy' }, { currency: 'jpy' });
  await payments.tell('invoice.paid', first);
  expect([await shop.exhaust(workspace), await payments.revenueOf(workspace)]).toEqual([0n, { JPY: 2_500_000_000_000n }]);
  expect(await toldOf(workspace.id)).toEqual(['payment.unpriced']);
});

test('times and amounts beyond all that can be reckoned with are refused, and never a fault', async () => {
  const { workspace, subscription } = await payments.subscribed();
  const end = 8_640_000_000_000;
  for (const more of [
    lines(line(1599, end - 10, end)),
    { currency: 'idr', total: 999_999_999_999, amount_paid: 999_999_999_999 },
  ])
    expect(await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle', more))).toBe('refused');
  const late = shop.stripe.event('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'), { created: end * 2 });
  expect(await shop.receive(late)).toContain('no event');
  expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
});

test('what is paid on a page that was open when its workspace was erased is booked, moves nobody, and is told', async () => {
  const buyer = await payments.customer();
  await shop.database.pool.query('update identity.workspace set erased_at = now() where workspace_id = $1', [buyer.workspace.id]);
  const subscription = payments.subscriptionOf(buyer);
  expect(await payments.tell('customer.subscription.created', subscription)).toBe('applied');
  expect(await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'))).toBe('applied');
  expect([await payments.revenueOf(buyer.workspace), await toldOf(buyer.workspace.id)]).toEqual([
    { EUR: 15_990_000_000n },
    ['payment.erased'],
  ]);
});

test('a dispute that was won costs what it cost: the pack raises the ceiling by that much less', async () => {
  const workspace = await shop.workspace('BUSINESS');
  const before = await shop.policyOf(workspace);
  const paid = shop.paid(await shop.order(workspace));
  await shop.receive(paid);
  const { payment_intent } = (paid['data'] as { object: StripeObject }).object;
  const costs = [{ amount: -2900, fee: 1500, currency: 'usd' }];
  const dispute = { amount: 2900, currency: 'usd', status: 'needs_response', payment_intent, balance_transactions: costs };
  const opened = shop.stripe.make('dispute', 'dp', dispute);
  await payments.tell('charge.dispute.created', opened);
  await payments.tell('charge.dispute.closed', { ...opened, status: 'won' });
  expect((await shop.policyOf(workspace)).ceiling.nanos - before.ceiling.nanos).toBe(9_650_000_000n);
});

test('a dispute that was lost, and won when its bank thought again, is won in whatever order that is told', async () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
  ]) {
    const { workspace, first } = await payments.subscribed();
    const payment_intent = `pi_${workspace.id}`;
    await payments.tell('invoice_payment.paid', payments.paymentOf(first, payment_intent));
    const object = shop.stripe.make('dispute', 'dp', { amount: 1599, currency: 'eur', payment_intent });
    const told = (type: string, status: string, days: number) =>
      shop.stripe.event(type, { ...object, status }, { created: after({ days }) });
    const events = [
      told('charge.dispute.created', 'needs_response', 1),
      told('charge.dispute.closed', 'lost', 2),
      told('charge.dispute.funds_reinstated', 'won', 9),
    ];
    payments.later({ days: 10 });
    for (const place of order) await shop.receive(events[place] ?? object);
    expect([await payments.state(workspace), await shop.exhaust(workspace)]).toEqual([['PRO', 'active'], PRO_ADMITS]);
  }
});
