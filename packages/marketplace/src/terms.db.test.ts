import { loadCatalog, storeCatalog } from '@purser/catalog';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
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

describe('one payment, one ceiling, one grant, one revenue', () => {
  test('the month is that which was paid for, whatever the calendar of the workspace says', async () => {
    const buyer = await payments.customer();
    await shop.exhaust(buyer.workspace);
    payments.later({ days: 27 });
    const subscription = payments.subscriptionOf(buyer);
    await payments.tell('customer.subscription.created', subscription);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'));
    expect(await shop.exhaust(buyer.workspace)).toBe(PRO_ADMITS);
    expect(await shop.balance(buyer.workspace)).toBe(1700n);
    payments.later({ days: 5 });
    await shop.work();
    expect(await shop.exhaust(buyer.workspace)).toBe(0n);
    expect(await payments.revenueOf(buyer.workspace)).toEqual({ EUR: 15_990_000_000n });
    // Of FREE the credits ended with its calendar month; those that were paid for are there, once.
    expect(await shop.balance(buyer.workspace)).toBe(1500n);
  });

  test('the next month begins with its own payment; until then what is left of the last may be spent, and then it is gone', async () => {
    const { workspace, subscription } = await payments.subscribed();
    payments.later({ days: 40 });
    await shop.work();
    expect(await shop.balance(workspace)).toBe(1500n);
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    expect(await shop.exhaust(workspace)).toBe(0n);
    await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    expect(await shop.balance(workspace)).toBe(1500n);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 31_980_000_000n });
  });

  test('three weeks after its end nothing of a month may be spent that nobody paid anew', async () => {
    const { workspace } = await payments.subscribed();
    payments.later({ days: 52 });
    expect(await shop.exhaust(workspace)).toBe(0n);
  });

  test('the same invoice told again, by the same event or another, gives nothing', async () => {
    const { workspace, first } = await payments.subscribed();
    expect(await payments.tell('invoice.paid', first)).toBe('applied');
    expect([await shop.exhaust(workspace), await shop.balance(workspace)]).toEqual([PRO_ADMITS, 1500n]);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 15_990_000_000n });
  });
});

describe('a change of plan within a month', () => {
  test('gives ceiling and credits for what its proration collected, once it is collected, and takes none back', async () => {
    const { workspace, subscription } = await payments.subscribed();
    payments.later({ days: 29 });
    const business = { ...subscription, metadata: { ...(subscription['metadata'] as object), purser_plan: 'BUSINESS' } };
    await payments.tell('customer.subscription.updated', business);
    expect(await payments.state(workspace)).toEqual(['BUSINESS', 'active']);
    const before = (await shop.policyOf(workspace)).ceiling;
    expect(before).toMatchObject({ currency: 'USD' });
    // 13.5915 EUR in USD at the cautious rate: 13.5915 / 0.94 / 1.02.
    expect(before.nanos).toBe(14_175_531_914n);
    await payments.tell('invoice.paid', payments.inv(business, 429, 'subscription_update', { currency: 'usd' }));
    const { ceiling } = await shop.policyOf(workspace);
    expect(ceiling.nanos - before.nanos).toBe(3_646_500_000n);
    expect(await shop.balance(workspace)).toBe(1500n + 287n);
    const spent = await shop.exhaust(workspace);
    expect(spent < ceiling.nanos).toBe(true);
    await payments.tell('customer.subscription.updated', subscription);
    expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
    // What caution kept back in dollars may be spent in euros; in all no more than 85 % of what was collected.
    const spent_in_euros = (spent * 94n) / 100n + (await shop.exhaust(workspace));
    expect(spent_in_euros <= 13_591_500_000n + (3_646_500_000n * 94n) / 100n).toBe(true);
    expect(await shop.exhaust(workspace)).toBe(0n);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 15_990_000_000n, USD: 4_290_000_000n });
  });

  test('that begins the billing cycle anew ends the month under way: what is credited of it goes over, and the rest is gone', async () => {
    const { workspace, subscription } = await payments.subscribed();
    payments.later({ days: 10 });
    const now = payments.seconds() + 1;
    const period = { start: now, end: now + 30 * 86_400 };
    const line = (amount: number, proration: boolean) => ({
      amount,
      period,
      parent: { subscription_item_details: { subscription_item: 'si_1', proration } },
    });
    await payments.tell(
      'invoice.paid',
      payments.inv(subscription, 1000, 'subscription_update', { lines: { data: [line(-599, true), line(1599, false)] } }),
    );
    // 10.00 that was paid, and 5.99 that was credited of what was paid before.
    expect(await shop.exhaust(workspace)).toBe(PRO_ADMITS);
    // Of each of the two its whole credits.
    expect(await shop.balance(workspace)).toBe(1499n);
  });
});

describe('nothing was collected', () => {
  test('a trial that the catalog does not give serves nothing, books nothing, and paused it serves nobody', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer, 'PRO', { status: 'trialing' });
    await payments.tell('customer.subscription.created', subscription);
    await payments.tell('invoice.paid', payments.inv(subscription, 0, 'subscription_create'));
    expect(await payments.state(buyer.workspace)).toEqual(['FREE', 'active']);
    expect(await shop.exhaust(buyer.workspace)).toBe(await payments.freeAdmits());
    await payments.tell('customer.subscription.updated', { ...subscription, status: 'paused' });
    expect((await shop.policyOf(buyer.workspace)).features.has('ai')).toBe(false);
    await payments.tell('customer.subscription.updated', subscription);
    expect((await shop.policyOf(buyer.workspace)).features.has('ai')).toBe(false);
    await payments.tell('customer.subscription.updated', { ...subscription, status: 'active' });
    expect((await shop.policyOf(buyer.workspace)).features.has('ai')).toBe(true);
    expect(await payments.revenueOf(buyer.workspace)).toEqual({});
  });

  test('an invoice that is sent and never paid puts nobody on a plan: past due, unpaid, uncollectible', async () => {
    const buyer = await payments.customer();
    const subscription = payments.subscriptionOf(buyer, 'BUSINESS', { currency: 'usd' });
    await payments.tell('customer.subscription.created', subscription);
    const open = payments.inv(subscription, 14_900, 'subscription_create', { currency: 'usd', amount_paid: 0 });
    for (const status of ['past_due', 'unpaid']) {
      payments.later({ days: 20 });
      await payments.tell('customer.subscription.updated', { ...subscription, status });
      await shop.work();
      expect(await payments.state(buyer.workspace)).toEqual(['FREE', 'active']);
      expect((await shop.exhaust(buyer.workspace)) <= (await payments.freeAdmits())).toBe(true);
    }
    await payments.tell('invoice.marked_uncollectible', open);
    payments.later({ days: 30 });
    await shop.work();
    expect([await payments.state(buyer.workspace), await payments.revenueOf(buyer.workspace)]).toEqual([['FREE', 'active'], {}]);
  });

  test('of who paid before, an unpaid subscription and an uncollectible invoice are payments that failed', async () => {
    for (const say of [
      (of: StripeObject) => payments.tell('customer.subscription.updated', { ...of, status: 'unpaid' }),
      (of: StripeObject) =>
        payments.tell('invoice.marked_uncollectible', payments.inv(of, 1599, 'subscription_cycle', { amount_paid: 0 })),
    ]) {
      const { workspace, subscription } = await payments.subscribed();
      await say(subscription);
      expect(await payments.state(workspace)).toEqual(['PRO', 'grace']);
      await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_cycle'));
      expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
    }
  });

  test('a coupon over all and a balance that pays all give the features and nothing to spend', async () => {
    for (const paid of [
      { total: 0, total_excluding_tax: 0, subtotal: 1599, amount_paid: 0 },
      { total: 1599, total_excluding_tax: 1599, subtotal: 1599, amount_paid: 0, starting_balance: -1599 },
    ]) {
      const { workspace } = await payments.subscribed('PRO', 0, {}, paid);
      expect(await payments.state(workspace)).toEqual(['PRO', 'active']);
      expect([await shop.exhaust(workspace), await shop.balance(workspace)]).toEqual([0n, 0n]);
      expect(await payments.revenueOf(workspace)).toEqual({});
    }
  });
});

describe('what a sale is of', () => {
  test('the same plan at the same price stays at the version it was sold at, and a sale counts at that of its checkout', async () => {
    const text = shop.catalog.text.replace('price: 15.99 EUR', 'price: 25.99 EUR');
    const dear = { ...shop.catalog, ...(await dearer(text)) };
    await storeCatalog(shop.database.pool, dear, shop.clock.now());
    const after = shop.another({ catalog: dear });
    const card = await payments.subscribed();
    await payments.tell('customer.subscription.updated', { ...card.subscription, default_payment_method: 'pm_2' }, after);
    await payments.tell('invoice.paid', payments.inv(card.subscription, 1599, 'subscription_cycle'), after);
    expect((await shop.policyOf(card.workspace)).ceiling.nanos).toBe(13_591_500_000n);
    const workspace = await shop.workspace('FREE');
    const sold = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
    await payments.tell('customer.subscription.created', sold.subscription, after);
    await payments.tell('invoice.paid', sold.invoice.invoice, after);
    expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(13_591_500_000n);
  });

  test('inclusive tax is no revenue and pays for nothing', async () => {
    const { workspace } = await payments.subscribed('PRO', 1599, {}, { total_excluding_tax: 1344 });
    expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(11_424_000_000n);
    const { rows } = await shop.database.pool.query(
      `select credit, amount from ledger.posting where workspace_id = $1 and debit = 'collected' order by id`,
      [workspace.id],
    );
    expect(rows).toEqual([
      { credit: 'revenue:subscription', amount: 13_440_000_000n },
      { credit: 'payable:tax', amount: 2_550_000_000n },
    ]);
  });

  test('five seats give five times, half a price gives half, a year gives a twelfth each month', async () => {
    const seats = await payments.subscribed('PRO', 5 * 1599);
    expect([(await shop.policyOf(seats.workspace)).ceiling.nanos, await shop.balance(seats.workspace)]).toEqual([
      67_957_500_000n,
      7500n,
    ]);
    const half = await payments.subscribed('PRO', 799);
    expect([(await shop.policyOf(half.workspace)).ceiling.nanos, await shop.balance(half.workspace)]).toEqual([
      6_791_500_000n,
      749n,
    ]);
    const start = payments.seconds();
    const end = shop.clock.now().toZonedDateTimeISO('UTC').add({ years: 1 }).toInstant().epochMilliseconds / 1000;
    const year = await payments.subscribed(
      'PRO',
      12 * 1599,
      {},
      { lines: { data: [{ amount: 12 * 1599, period: { start, end: Math.floor(end) } }] } },
    );
    for (let month = 1n; month <= 3n; month++) {
      await shop.work();
      expect(await payments.revenueOf(year.workspace)).toEqual({ EUR: 15_990_000_000n * month });
      expect(await shop.exhaust(year.workspace)).toBe(PRO_ADMITS);
      expect(await shop.exhaust(year.workspace)).toBe(0n);
      payments.later({ months: 1 });
    }
    const { rows } = await shop.database.pool.query(
      `select (revenue + deferred) as collected, deferred from terms.collected where workspace_id = $1`,
      [year.workspace.id],
    );
    expect(rows).toEqual([{ collected: 191_880_000_000n, deferred: 9n * 15_990_000_000n }]);
  });

  test('a metered item beside the plan is revenue and gives no ceiling; another currency counts cautiously', async () => {
    const item = (id: string, price: object) => ({ id, price: { id: `price_${id}`, metadata: {}, ...price } });
    const items = { data: [item('calls', { recurring: { usage_type: 'metered' } }), item('plan', { lookup_key: 'PRO' })] };
    const lines = {
      data: [
        { amount: 1599, pricing: { price_details: { price: 'price_plan' } } },
        { amount: 5000, pricing: { price_details: { price: 'price_calls' } } },
      ],
    };
    const metered = await payments.subscribed('PRO', 6599, { items }, { lines });
    expect((await shop.policyOf(metered.workspace)).ceiling.nanos).toBe(13_591_500_000n);
    expect(await payments.revenueOf(metered.workspace)).toEqual({ EUR: 65_990_000_000n });
    const usd = await payments.subscribed('PRO', 1599, { currency: 'usd' }, { currency: 'usd' });
    // 15.99 USD × 0.94 / 1.02 × 0.85.
    expect((await shop.policyOf(usd.workspace)).ceiling.nanos).toBe(12_525_499_999n);
    expect(await payments.revenueOf(usd.workspace)).toEqual({ USD: 15_990_000_000n });
  });
});

describe('the license stands on a subscription that lives', () => {
  test('an old invoice that is paid after the end is booked, and brings nothing back', async () => {
    const { workspace, subscription } = await payments.subscribed();
    payments.later({ days: 30 });
    const failed = payments.inv(subscription, 1599, 'subscription_cycle', { amount_paid: 0 });
    await payments.tell('invoice.payment_failed', failed);
    await payments.tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
    expect(await payments.tell('invoice.paid', { ...failed, amount_paid: 1599 })).toBe('applied');
    expect(await payments.state(workspace)).toEqual(['PRO', 'cancelled']);
    expect(await payments.revenueOf(workspace)).toEqual({ EUR: 31_980_000_000n });
    expect(await shop.exhaust(workspace)).toBe(0n);
  });

  test('a subscription whose collection rests serves nobody until it goes on', async () => {
    const { workspace, subscription } = await payments.subscribed();
    await payments.tell('customer.subscription.updated', { ...subscription, pause_collection: { behavior: 'void' } });
    expect((await shop.policyOf(workspace)).features.has('ai')).toBe(false);
    await payments.tell('customer.subscription.updated', { ...subscription, pause_collection: null });
    expect((await shop.policyOf(workspace)).features.has('ai')).toBe(true);
  });
});

test('of two events of one second the later status counts, whichever id sorts first and whichever comes first', async () => {
  for (const ids of [
    ['evt_a', 'evt_b'],
    ['evt_z', 'evt_y'],
  ]) {
    for (const turned of [false, true]) {
      const buyer = await payments.customer();
      const subscription = payments.subscriptionOf(buyer);
      payments.later({ seconds: 1 });
      const told = (type: string, object: StripeObject, id = '') =>
        shop.stripe.event(type, object, { id: `${id}_${buyer.customer}`, created: payments.seconds() });
      const events = [
        told('customer.subscription.created', { ...subscription, status: 'incomplete' }, ids[0]),
        told('customer.subscription.updated', subscription, ids[1]),
      ];
      for (const event of turned ? events.toReversed() : events) await shop.receive(event);
      await payments.tell('invoice.paid', payments.inv(subscription, 1599, 'subscription_create'));
      expect(await payments.state(buyer.workspace)).toEqual(['PRO', 'active']);
      await expect(shop.subscription(buyer.workspace, 'BUSINESS')).rejects.toThrow('portal');
    }
  }
});

/** The catalog of another text, as a server that is started with it has it. */
async function dearer(text: string): Promise<Awaited<ReturnType<typeof loadCatalog>>> {
  const { mkdtemp, writeFile, cp, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(`${tmpdir()}/purser-catalog-`);
  try {
    await cp(new URL('../../../catalogs/', import.meta.url).pathname, folder, { recursive: true });
    await writeFile(`${folder}/default.yaml`, text);
    return await loadCatalog(`${folder}/default.yaml`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
