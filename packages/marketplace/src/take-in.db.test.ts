import type { Workspace } from '@purser/identity';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { TakenIn } from './stripe/take-in.ts';
import { openShop, type Shop } from './testing.ts';

/* Webhooks that never arrived, or whose effects were lost with the database: asked for again at Stripe. */

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const DAY = 24;
const since = (days: number): Temporal.Instant => shop.opened_at.subtract({ hours: days * DAY });

async function takeIn(days: number, pages_max = 100): Promise<TakenIn> {
  const taken = await shop.market.takeIn({ since: since(days), pages_max });
  if ('code' in taken) throw new Error(taken.detail);
  return taken;
}

const license = async ({ id }: Workspace): Promise<string> =>
  (await shop.database.pool.query<{ plan: string }>('select plan from identity.workspace where workspace_id = $1', [id])).rows[0]
    ?.plan ?? '';

test('events whose delivery never came are applied once, those that came count for nothing, and a second run finds all known', async () => {
  const buyer = await shop.workspace();
  await shop.receive(shop.paid(await shop.order(buyer)));
  const before = await shop.balance(buyer);
  shop.paid(await shop.order(buyer));
  const subscriber = await shop.workspace('FREE');
  const made = shop.stripe.subscribe(await shop.subscription(subscriber, 'PRO'));
  shop.stripe.event('customer.subscription.created', made.subscription);
  shop.stripe.event('invoice.paid', made.invoice.invoice);
  const taken = await takeIn(1);
  expect(taken).toMatchObject({ applied: 3, duplicate: 1, refused: 0, next: null });
  expect(await shop.balance(buyer)).toBe(before + 500n);
  expect(await license(subscriber)).toBe('PRO');
  expect(await takeIn(1)).toMatchObject({ applied: 0, duplicate: 4, next: null });
  expect(await shop.balance(buyer)).toBe(before + 500n);
});

test('a customer whose row was lost is known again by what Stripe keeps of it', async () => {
  const subscriber = await shop.workspace('FREE');
  const made = shop.stripe.subscribe(await shop.subscription(subscriber, 'PRO'));
  await shop.database.pool.query('delete from marketplace.customer where workspace_id = $1', [subscriber.id]);
  shop.stripe.event('customer.subscription.created', made.subscription);
  shop.stripe.event('invoice.paid', made.invoice.invoice);
  expect(await takeIn(1)).toMatchObject({ linked: 1, applied: 2 });
  expect(await license(subscriber)).toBe('PRO');
});

test('a payment of a checkout that nobody knows any more grants nothing and is named, with the reason', async () => {
  const buyer = await shop.workspace();
  const session = await shop.order(buyer);
  await shop.database.pool.query('delete from marketplace.checkout where session_id = $1', [session]);
  const event = shop.paid(session);
  expect((await takeIn(1)).refusals).toEqual([
    { event: event.id, type: 'checkout.session.completed', why: expect.stringContaining('there is no checkout') as string },
  ]);
});

test('a run asks for so many pages and says where to go on, until all has been asked for', async () => {
  const buyer = await shop.workspace();
  const charge = shop.stripe.make('charge', 'ch', { amount_refunded: 0, currency: 'eur', customer: null });
  for (let count = 0; count < 230; count++) shop.stripe.event('charge.updated', charge);
  let [runs, taken_in] = [0, 0];
  for (let after: string | undefined; ; runs++) {
    const taken = await shop.market.takeIn({ since: since(1), pages_max: 1, after });
    if ('code' in taken) throw new Error(taken.detail);
    taken_in += taken.applied;
    if (taken.next === null) break;
    after = taken.next;
  }
  expect([taken_in, runs >= 3]).toEqual([230, true]);
  expect(await shop.balance(buyer)).toBe(0n);
});

test('what is older than the events that Stripe lists is taken in from the objects themselves, once', async () => {
  const old = Math.floor(since(40).epochMilliseconds / 1000);
  const buyer = await shop.workspace();
  const session = await shop.order(buyer);
  const paid = shop.stripe.pay(session);
  shop.stripe.replace({ ...paid, created: old });
  const before = await shop.balance(buyer);
  const taken = await takeIn(60);
  // What was refused before is judged again, and refused for the same reason.
  expect(taken).toMatchObject({ refused: 1, next: null });
  expect(await shop.balance(buyer)).toBe(before + 500n);
  expect(await takeIn(60)).toMatchObject({ applied: 0, next: null });
  expect(await shop.balance(buyer)).toBe(before + 500n);
});

test('a subscription that was cancelled ended when it did, and not when it is asked for: what was paid is booked, and serves nobody', async () => {
  const at = (days: number): number => Math.floor(since(days).epochMilliseconds / 1000);
  const subscriber = await shop.workspace('FREE');
  const made = shop.stripe.subscribe(await shop.subscription(subscriber, 'PRO'));
  const ended = { status: 'canceled', created: at(50), ended_at: at(45), canceled_at: at(47) };
  shop.stripe.replace({ ...made.subscription, ...ended });
  shop.stripe.replace({ ...made.invoice.invoice, status: 'paid', created: at(50), status_transitions: { paid_at: at(50) } });
  expect(await takeIn(60)).toMatchObject({ refused: 1, next: null });
  const { rows } = await shop.database.pool.query<{ status: string; at: Temporal.Instant }>(
    'select status, at from marketplace.snapshot where subscription_id = $1',
    [made.subscription.id],
  );
  expect(rows.map(({ status, at: when }) => [status, Math.floor(when.epochMilliseconds / 1000)])).toEqual([['ended', at(45)]]);
  expect(await shop.exhaust(subscriber)).toBe(0n);
});

test('without a key for Stripe it is refused in words', async () => {
  const off = shop.another({
    settings: { secret_key: undefined, webhook_secret: undefined, base_url: undefined, automatic_tax: false },
  });
  expect(await off.takeIn({ since: since(1), pages_max: 1 })).toMatchObject({ code: 'not_configured' });
});
