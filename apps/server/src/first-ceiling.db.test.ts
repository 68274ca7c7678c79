import { suiteClock } from '@purser/core/testing';
import { startStripeStandIn, type StripeObject, type StripeStandIn } from '@purser/marketplace/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let stripe: StripeStandIn;
let server: TestServer;
beforeAll(async () => {
  stripe = await startStripeStandIn({ now: () => Math.floor(suiteClock().now().epochMilliseconds / 1000) });
  server = await startTestServer({
    STRIPE_SECRET_KEY: stripe.secret_key,
    STRIPE_WEBHOOK_SECRET: stripe.webhook_secret,
    STRIPE_BASE_URL: stripe.origin,
  });
});
afterAll(async () => {
  await server.close();
  await stripe.close();
});

const tell = async (type: string, object: StripeObject): Promise<void> => {
  const { status } = await stripe.deliver(stripe.event(type, object), `${server.url}/api/webhooks/stripe`);
  expect(status).toBe(200);
};
/** In whole cents and ten-thousandths of a euro, from nothing but what was paid: 85 of every hundred may be spent. */
const eightyFivePerCent = (cents: number): string => String((cents * 85) / 10_000);

describe('F1: the ceiling of PRO is 85 % of what was collected for it, and of nothing else', () => {
  it.each([
    ['€15.99, the whole price', 1599, '13.5915'],
    ['€7.99, by a coupon', 799, '6.7915'],
    ['one cent', 1, '0.0085'],
  ])('%s', async (_what, cents, ceiling) => {
    expect(eightyFivePerCent(cents)).toBe(ceiling);
    const { key } = await server.workspace('FREE');
    const plan = async () => {
      const { json } = await server.ask('/api/usage', { key });
      return [json.plan, json.cost.ceiling];
    };
    const before = await plan();
    const { json } = await server.ask('/api/marketplace/checkout', { key, body: { plan: 'PRO' } });
    const { subscription } = stripe.subscribe(json.url.split('/').at(-1) ?? '');
    await tell('customer.subscription.created', subscription);
    // A subscription that nothing was paid for gives nothing.
    expect(await plan()).toEqual(before);
    const amounts = { subtotal: cents, total: cents, total_excluding_tax: cents, amount_due: cents, amount_paid: cents };
    const { invoice } = stripe.invoice(subscription, { billing_reason: 'subscription_create', ...amounts });
    await tell('invoice.paid', invoice);
    await expect.poll(plan).toEqual(['PRO', { amount: ceiling, currency: 'EUR' }]);
  });
});
