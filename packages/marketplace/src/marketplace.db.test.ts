import { isRefusal } from '@purser/core';
import { newId, openPool } from '@purser/database';
import { money } from '@purser/money';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const DAY_SECONDS = 24 * 60 * 60;

async function posted(workspace: string): Promise<[string, string, bigint, string][]> {
  const { rows } = await shop.database.pool.query<{ debit: string; credit: string; amount: bigint; unit: string }>(
    `select debit, credit, amount, unit from ledger.posting where workspace_id = $1 order by id`,
    [workspace],
  );
  return rows.map(({ debit, credit, amount, unit }) => [debit, credit, amount, unit]);
}

describe('C6: a pack that is paid for at Stripe', () => {
  test('is credited, booked without its tax, with its fees, and raises the ceiling (F5)', async () => {
    const workspace = await shop.workspace();
    const before = await shop.ceilingOf(workspace);
    expect(await shop.receive(shop.paid(await shop.order(workspace), 580))).toBe('applied');
    expect(await shop.balance(workspace)).toBe(500n);
    expect(await posted(workspace.id)).toEqual([
      ['receivable', 'revenue:pack:credits-500', 29_000_000_000n, 'USD'],
      ['receivable', 'payable:tax', 5_800_000_000n, 'USD'],
      ['granted:purchased', 'wallet', 500n, 'credit'],
    ]);
    // $29 × (1 − 0.15), at the catalog's rate of 0.94 less its buffer of 2 %.
    await expect.poll(() => shop.ceilingOf(workspace)).toBe(before + 22_716_666_666n);
  });

  test('counts once under ten deliveries of one event to two servers, and another event that says the same', async () => {
    const workspace = await shop.workspace();
    const event = shop.paid(await shop.order(workspace));
    const other = shop.another();
    const same = shop.stripe.event('checkout.session.async_payment_succeeded', sessionOf(event));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => shop.receive(n % 2 === 0 ? event : same, n % 3 === 0 ? other : shop.market)),
    );
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(await shop.balance(workspace)).toBe(500n);
    expect((await posted(workspace.id)).filter(([, credit]) => credit.startsWith('revenue'))).toHaveLength(1);
  });

  test('counts once when the server dies after everything is written and before it is committed', async () => {
    const workspace = await shop.workspace();
    const event = shop.paid(await shop.order(workspace));
    const reached = Promise.withResolvers<void>();
    const dying = shop.another({
      pool: openPool(shop.database.url, { application: 'dying' }),
      pause: () => {
        reached.resolve();
        return new Promise(() => {});
      },
    });
    shop.receive(event, dying).catch(() => {});
    await reached.promise;
    const second = shop.receive(event);
    await shop.database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dying' and datname = current_database()`,
    );
    expect(await second).toBe('applied');
    expect(await shop.receive(event)).toBe('duplicate');
    expect(await shop.balance(workspace)).toBe(500n);
  });

  test('counts when its event comes three days late, and not again three days after that', async () => {
    const workspace = await shop.workspace();
    const session = await shop.order(workspace);
    const created = Math.floor(Temporal.Instant.from(workspace.created_at.toString()).epochMilliseconds / 1000);
    const event = shop.stripe.event('checkout.session.completed', shop.stripe.pay(session), {
      created: created - 3 * DAY_SECONDS,
    });
    expect(await shop.receive(event)).toBe('applied');
    expect(await shop.receive(event)).toBe('duplicate');
    expect(await shop.balance(workspace)).toBe(500n);
  });

  test('is what was offered: a price or size that changed meanwhile changes nothing for who had the page open', async () => {
    const workspace = await shop.workspace();
    const session = await shop.order(workspace);
    const packs = shop.catalog.packs.map((pack) => ({
      ...pack,
      credits: 1n,
      price: money(99_000_000_000n, pack.price.currency),
    }));
    const changed = shop.another({ catalog: { ...shop.catalog, packs } });
    expect(await shop.receive(shop.paid(session), changed)).toBe('applied');
    expect(await shop.balance(workspace)).toBe(500n);
  });

  test('of several is quoted by the tier, and credited whole', async () => {
    const workspace = await shop.workspace();
    const session = await shop.order(workspace, 'credits-500', 6);
    // 4 × $29, then 2 × $26.
    expect(shop.stripe.object(session)['amount_subtotal']).toBe(16_800);
    expect(await shop.receive(shop.paid(session))).toBe('applied');
    expect(await shop.balance(workspace)).toBe(3000n);
  });

  test('does not count before its money is there', async () => {
    const workspace = await shop.workspace();
    const paid = sessionOf(shop.paid(await shop.order(workspace)));
    expect(await shop.receive(shop.stripe.event('checkout.session.completed', { ...paid, payment_status: 'unpaid' }))).toBe(
      'ignored',
    );
    expect(await shop.balance(workspace)).toBe(0n);
    expect(await shop.receive(shop.stripe.event('checkout.session.async_payment_succeeded', paid))).toBe('applied');
    expect(await shop.balance(workspace)).toBe(500n);
  });
});

test('C8: the fees that the catalog expected give way to those that Stripe took, once, whatever the number of servers', async () => {
  const workspace = await shop.workspace();
  const session = await shop.order(workspace);
  const paid = shop.stripe.event('checkout.session.completed', shop.stripe.pay(session, { fee: 114 }));
  const asked = shop.stripe.requests.length;
  await shop.receive(paid);
  await Promise.all([shop.market.sweep(), shop.another().sweep()]);
  await shop.market.sweep();
  const { rows } = await shop.database.pool.query(
    `select amount, unit, reported, reported_unit from ledger.posting where workspace_id = $1 and debit = 'fees:pack:credits-500'`,
    [workspace.id],
  );
  expect(rows).toEqual([{ amount: 1_140_000_000n, unit: 'USD', reported: 1_071_600_000n, reported_unit: 'EUR' }]);
  const { payment_intent } = sessionOf(paid);
  expect(shop.stripe.requests.slice(asked).filter(({ path }) => path.includes(String(payment_intent)))).toHaveLength(1);
});

test('C6: events of one payment that come all at once, to two servers, leave what they leave one by one', async () => {
  for (let round = 0; round < 5; round++) {
    const workspace = await shop.workspace();
    const paid = shop.paid(await shop.order(workspace));
    const { payment_intent } = sessionOf(paid);
    const dispute = { currency: 'usd', amount: 2900, payment_intent, balance_transactions: [] };
    const opened = shop.stripe.make('dispute', 'dp', { ...dispute, status: 'needs_response' });
    const refund = shop.stripe.make('refund', 're', { amount: 1000, currency: 'usd', status: 'succeeded', payment_intent });
    const events = [
      shop.stripe.event('charge.dispute.created', opened),
      shop.stripe.event('refund.created', refund),
      paid,
      shop.stripe.event('charge.dispute.closed', { ...opened, status: 'won' }),
    ];
    const servers = [shop.market, shop.another()];
    // What came at the very moment its payment was written down is refused for now, and Stripe sends it again.
    const delivered = async (event: StripeObject, n: number): Promise<string> =>
      shop.receive(event, servers[n % 2]).catch(() => shop.receive(event, servers[n % 2]));
    await Promise.all([...events, ...events].map(delivered));
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([328n, 0n]);
  }
});

describe('a signed event that does not fit what is known', () => {
  const refused = async (change: (session: StripeObject) => Partial<StripeObject>): Promise<string> => {
    const workspace = await shop.workspace();
    const session = sessionOf(shop.paid(await shop.order(workspace)));
    const outcome = await shop.receive(shop.stripe.event('checkout.session.completed', { ...session, ...change(session) }));
    expect(await shop.balance(workspace)).toBe(0n);
    return outcome;
  };
  const metadata = (session: StripeObject) => session['metadata'] as Record<string, string>;

  test.each<[string, (session: StripeObject) => Partial<StripeObject>]>([
    ['names another workspace', (session) => ({ metadata: { ...metadata(session), purser_workspace: newId() } })],
    ['names a checkout that never was', (session) => ({ metadata: { ...metadata(session), purser_checkout: newId() } })],
    ['is of another session', () => ({ id: 'cs_test_another' })],
    ['was paid by another customer', () => ({ customer: 'cus_another' })],
    ['is of another amount', () => ({ amount_subtotal: 2800 })],
    ['is in another currency', () => ({ currency: 'eur' })],
    ['is all tax', (session) => ({ total_details: { amount_tax: session['amount_total'] as number } })],
    ['has no shape of a session', () => ({ amount_total: 'much' })],
  ])('grants nothing when it %s, is acknowledged and kept, and stands in trail and log', async (_, change) => {
    const lines = shop.log_lines.length;
    expect(await refused(change)).toBe('refused');
    expect(shop.log_lines.slice(lines).join('')).toContain('contradicts what is recorded');
    const { rows } = await shop.database.pool.query<{ count: number }>(
      `select count(*)::int from audit.entry e join marketplace.event m on e.subject = 'stripe:' || m.event_id
       where e.action = 'payment.refused' and m.outcome = 'refused'`,
    );
    expect(rows[0]?.count).toBeGreaterThan(0);
  });
});

describe('a checkout', () => {
  test('whose answer was lost is the same page again, there as here', async () => {
    const workspace = await shop.workspace();
    const idempotency = { key: 'k', request_hash: 'h' };
    const request = {
      workspace,
      actor: 'test',
      wanted: { pack: 'credits-500', quantity: 1 },
      return_url: 'http://here/',
      idempotency,
    };
    const first = await shop.market.checkout(request);
    // As after a crash between Stripe's answer and ours being kept.
    await shop.database.pool.query('update marketplace.checkout set session_id = null, url = null where workspace_id = $1', [
      workspace.id,
    ]);
    expect(await shop.another().checkout(request)).toEqual(first);
    expect(await shop.another().checkout(request)).toEqual({ ...first, replayed: true });
  });

  test('at a Stripe that is away is a fault worth retrying, and names no secret', async () => {
    const workspace = await shop.workspace();
    const { secret_key, webhook_secret } = shop.stripe;
    const away = shop.another({
      settings: { secret_key, webhook_secret, base_url: 'http://127.0.0.1:1', automatic_tax: false },
    });
    const wrong_key = shop.another({
      settings: { secret_key: 'sk_test_wrong', webhook_secret, base_url: shop.stripe.origin, automatic_tax: false },
    });
    const request = { workspace, actor: 'test', wanted: { pack: 'credits-500', quantity: 1 }, return_url: 'http://here/' };
    await expect(away.checkout(request)).rejects.toMatchObject({ name: 'Fault', retryable: true });
    const fault: unknown = await wrong_key.checkout(request).catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: 'Fault', retryable: false });
    expect(JSON.stringify(fault) + String((fault as Error).cause)).not.toMatch(/sk_test/);
  });

  test('of a pack that the plan may not buy is refused', async () => {
    const plans = shop.catalog.plans.map((plan) => ({ ...plan, packs: ['credits-2000'] }));
    const picky = shop.another({ catalog: { ...shop.catalog, plans } });
    const workspace = await shop.workspace();
    const order = (pack: string) =>
      picky.checkout({ workspace, actor: 'test', wanted: { pack, quantity: 1 }, return_url: 'http://here/' });
    expect(await order('credits-500')).toMatchObject({ code: 'plan_feature_missing' });
    expect(isRefusal(await order('credits-2000'))).toBe(false);
  });
});

test('C6: in whatever order and however often the events of a payment come, books, credits and ceiling end the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(1_000_000)), async (chance) => {
      const workspace = await shop.workspace();
      const before = await shop.ceilingOf(workspace);
      const paid = shop.paid(await shop.order(workspace));
      const payment_intent = String(sessionOf(paid)['payment_intent']);
      const { stripe } = shop;
      const refund = stripe.make('refund', 're', { amount: 1000, currency: 'usd', status: 'succeeded', payment_intent });
      const failed = stripe.make('refund', 're', { amount: 500, currency: 'usd', status: 'succeeded', payment_intent });
      const charge = stripe.make('charge', 'ch', {
        currency: 'usd',
        amount_refunded: 1500,
        payment_intent,
        receipt_url: 'https://r',
      });
      const dispute = { currency: 'usd', amount: 1400, payment_intent, balance_transactions: [{ fee: 1500, currency: 'usd' }] };
      const opened = stripe.make('dispute', 'dp', { ...dispute, status: 'needs_response' });
      const events = [
        paid,
        stripe.event('checkout.session.async_payment_succeeded', sessionOf(paid)),
        stripe.event('charge.succeeded', charge),
        stripe.event('refund.created', refund),
        stripe.event('refund.created', failed),
        stripe.event('refund.failed', { ...failed, status: 'failed' }),
        stripe.event('charge.refunded', charge),
        stripe.event('charge.dispute.created', opened),
        stripe.event('charge.dispute.closed', { ...opened, status: 'won' }),
        stripe.event('charge.dispute.updated', { ...opened, status: 'under_review' }),
      ];
      const places = [...events, ...events.slice(0, 4)].map((event) => ({ event, at: Number(chance.next().value) }));
      for (const { event } of places.toSorted((a, b) => a.at - b.at)) await shop.receive(event);
      // $10 of $29 went back for good: 172.4 of 500 credits, rounded down.
      expect(await shop.balance(workspace)).toBe(328n);
      expect(await shop.market.debt(workspace.id)).toBe(0n);
      const { rows } = await shop.database.pool.query<{ revenue: bigint; fees: bigint }>(
        `select sum(amount * ledger.revenue_sign(debit, credit))::bigint as revenue, sum(amount * ledger.fees_sign(debit, credit))::bigint as fees
         from ledger.posting where workspace_id = $1 and unit = 'USD'`,
        [workspace.id],
      );
      expect(rows[0]).toEqual({ revenue: 19_000_000_000n, fees: 15_000_000_000n });
      // 85 % of $19 less the $15 that the dispute cost, at the cautious rate, rounded down once a step.
      const off = async (): Promise<bigint> => before + 1_059_803_921n - (await shop.ceilingOf(workspace));
      await expect.poll(async () => Number(await off())).toBeOneOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }),
    { numRuns: 20 },
  );
}, 120_000);

function sessionOf(event: StripeObject): StripeObject {
  return (event['data'] as { object: StripeObject }).object;
}
