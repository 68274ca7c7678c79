import { suiteClock } from '@purser/core/testing';
import { startStripeStandIn, type StripeObject, type StripeStandIn } from '@purser/marketplace/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

const seconds = (): number => Math.floor(suiteClock().now().epochMilliseconds / 1000);

let stripe: StripeStandIn;
let server: TestServer;
beforeAll(async () => {
  stripe = await startStripeStandIn({ now: seconds });
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

const deliver = async (event: StripeObject): Promise<number> =>
  (await stripe.deliver(event, `${server.url}/api/webhooks/stripe`)).status;
const says = (type: string, object: StripeObject, created = seconds()): StripeObject => stripe.event(type, object, { created });
const states = async (key: string): Promise<number[]> => {
  const generate = { key, body: { operation: 'chat', prompt: 'hello' } };
  const check = { key, method: 'POST' };
  return [
    (await server.ask('/api/ai/generate', generate)).status,
    (await server.ask('/api/features/sync/check', check)).status,
    (await server.ask('/api/features/reports/check', check)).status,
  ];
};

async function subscribed() {
  const { id, key } = await server.workspace('FREE');
  const { json } = await server.ask('/api/marketplace/checkout', { key, body: { plan: 'PRO' } });
  const { subscription, invoice } = stripe.subscribe((json as unknown as { url: string }).url.split('/').at(-1) ?? '');
  expect(await deliver(says('customer.subscription.created', subscription))).toBe(200);
  expect(await deliver(says('invoice.paid', invoice.invoice))).toBe(200);
  return { id, key, subscription };
}

describe('C5 C6 a subscription whose payment fails, told by signed webhooks alone', () => {
  it('is off by the time Stripe is answered, goes on losing on day 15, and is restored by the payment; the late and the doubled change nothing', async () => {
    const { key, subscription } = await subscribed();
    expect(await states(key)).toEqual([200, 200, 200]);
    const { invoice } = stripe.invoice(subscription);
    const failed_s = seconds();
    const failed = says('invoice.payment_failed', invoice, failed_s);
    expect(await deliver(failed)).toBe(200);
    expect(await states(key)).toEqual([402, 200, 200]);

    // Tried again two days later, and once more delivered: the grace is the first one's.
    const clock = (hours: number) =>
      server.admin('/api/admin/clock', {
        body: {
          now: Temporal.Instant.fromEpochMilliseconds(failed_s * 1000)
            .add({ hours })
            .toString(),
        },
      });
    await clock(48);
    expect(await deliver(says('invoice.payment_failed', invoice, failed_s + 48 * 3600))).toBe(200);
    expect(await deliver(failed)).toBe(200);
    await clock(14 * 24);
    expect(await states(key)).toEqual([402, 402, 200]);
    await clock(21 * 24);
    expect(await states(key)).toEqual([402, 402, 402]);

    expect(await deliver(says('invoice.paid', invoice, failed_s + 22 * 24 * 3600))).toBe(200);
    expect(await states(key)).toEqual([200, 200, 200]);
    expect(await deliver(says('invoice.payment_failed', invoice, failed_s + 10 * 24 * 3600))).toBe(200);
    expect(await states(key)).toEqual([200, 200, 200]);
  });
});
