import { suiteClock } from '@purser/core/testing';
import { startStripeStandIn, type StripeStandIn } from '@purser/marketplace/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

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

const webhook = () => `${server.url}/api/webhooks/stripe`;
const usage = async (key: string) => (await server.ask('/api/usage', { key })).json;
const buy = async (key: string, headers = {}) =>
  server.ask('/api/marketplace/checkout', { key, body: { pack: 'credits-500' }, headers });
const sessionOf = (url: string): string => url.split('/').at(-1) ?? '';

describe('a pack, over HTTP', () => {
  it('C6 F5: is ordered, paid for, credited once however often Stripe says so, and raises the ceiling', async () => {
    const { key } = await server.workspace();
    const before = await usage(key);
    const { status, json } = await buy(key);
    expect([status, json.url]).toEqual([200, expect.stringMatching(/^http/)]);
    expect(stripe.object(sessionOf(json.url))['success_url']).toBe(`${server.url}/plan?checkout=paid`);
    const event = stripe.event('checkout.session.completed', stripe.pay(sessionOf(json.url), { tax: 551 }));
    const answers = await Promise.all(Array.from({ length: 5 }, async () => stripe.deliver(event, webhook())));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(answers.filter(({ text }) => text.includes('applied'))).toHaveLength(1);
    const after = await usage(key);
    expect(after.credits.balance).toBe(before.credits.balance + 500);
    await expect
      .poll(async () => Number((await usage(key)).cost.ceiling.amount))
      .toBeGreaterThan(Number(before.cost.ceiling.amount));
    const { json: list } = await server.ask('/api/marketplace/receipts', { key });
    expect(list.receipts).toEqual([
      expect.objectContaining({
        pack: 'credits-500',
        credits: 500,
        net: { amount: '29', currency: 'USD' },
        tax: { amount: '5.51', currency: 'USD' },
        total: { amount: '34.51', currency: 'USD' },
      }),
    ]);
  });

  it('F5: a call that meets the ceiling is offered the pack, and is answered once that is paid for; a refund closes it again', async () => {
    const { key } = await server.workspace('PRO', { overrides: { ceiling: { amount: '0.5', currency: 'EUR' } } });
    const call = () => server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
    const refused = await call();
    expect([refused.status, refused.json.code]).toEqual([402, 'cost_ceiling_reached']);
    const offer = refused.json.offers.find(({ id }) => id === 'credits-500');
    const { json } = await server.ask('/api/marketplace/checkout', { key, body: { pack: offer?.id } });
    const session = stripe.pay(sessionOf(json.url));
    await stripe.deliver(stripe.event('checkout.session.completed', session), webhook());
    await expect.poll(async () => (await call()).status).toBe(200);
    const { payment_intent } = session;
    const refund = stripe.make('refund', 're', { amount: 2900, currency: 'usd', status: 'succeeded', payment_intent });
    await stripe.deliver(stripe.event('refund.created', refund), webhook());
    await expect.poll(async () => (await call()).json.code).toBe('cost_ceiling_reached');
  });

  it('the same Idempotency-Key opens one page; with another body it is refused', async () => {
    const { key } = await server.workspace();
    const headers = { 'idempotency-key': 'one order' };
    const [first, second] = await Promise.all([buy(key, headers), buy(key, headers)]);
    expect(second.json.url).toBe(first.json.url);
    expect((await buy(key, headers)).headers.get('idempotency-replayed')).toBe('true');
    const other = await server.ask('/api/marketplace/checkout', { key, body: { pack: 'credits-2000' }, headers });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
    const { json } = await server.workspace().then((stranger) => buy(stranger.key, headers));
    expect(json.url).not.toBe(first.json.url);
  });

  it('400 and 404: what is not for sale', async () => {
    const { key } = await server.workspace();
    const ask = async (body: object) => {
      const { status, json } = await server.ask('/api/marketplace/checkout', { key, body });
      return [status, json.code];
    };
    expect(await ask({ pack: 'credits-7' })).toEqual([404, 'not_found']);
    expect(await ask({ pack: 'credits-500', quantity: 0 })).toEqual([400, 'invalid_request']);
    expect(await ask({ plan: 'GOLD' })).toEqual([404, 'not_found']);
    expect(await ask({ plan: 'FREE' })).toEqual([400, 'invalid_request']);
    expect(await ask({})).toEqual([400, 'invalid_request']);
  });

  it('the portal opens for the workspace’s own customer; whoever bought nothing is told that there is no subscription', async () => {
    const { key } = await server.workspace();
    const nothing = await server.ask('/api/marketplace/portal', { key, method: 'POST' });
    expect([nothing.status, nothing.json]).toMatchObject([404, { detail: expect.stringContaining('no subscription') as string }]);
    await buy(key);
    const { status, json } = await server.ask('/api/marketplace/portal', { key, method: 'POST' });
    expect([status, json.url]).toEqual([200, expect.stringContaining('/standin/portal/cus_')]);
  });
});

describe('a webhook', () => {
  it('C6: whose words no database keeps is answered, or it would come for three days', async () => {
    const event = stripe.event('checkout.session.completed', { id: 'cs_\u0000\ud800', object: 'checkout.session' });
    expect((await stripe.deliver(event, webhook())).status).toBe(200);
  });

  it('400: whose signature does not hold, is too old, or whose body was changed, changes nothing', async () => {
    const { key } = await server.workspace();
    const { json } = await buy(key);
    const event = stripe.event('checkout.session.completed', stripe.pay(sessionOf(json.url)));
    const before = await usage(key);
    for (const how of [
      { secret: 'whsec_another' },
      { age_seconds: 301 },
      { tamper: (body: string) => body.replace('2900', '2901') },
      { tamper: () => '{}' },
    ]) {
      const { status, text } = await stripe.deliver(event, webhook(), how);
      expect([status, text]).toEqual([400, expect.stringContaining('invalid_request')]);
    }
    const unsigned = await server.ask('/api/webhooks/stripe', { body: event });
    expect(unsigned.status).toBe(400);
    expect((await usage(key)).credits).toEqual(before.credits);
    expect((await stripe.deliver(event, webhook(), { age_seconds: 290 })).text).toContain('applied');
  });

  it('of a type that is not known here is acknowledged and kept', async () => {
    const object = stripe.make('radar.review', 'prv', {});
    const event = stripe.event('review.opened', object);
    expect(await stripe.deliver(event, webhook())).toEqual({ status: 200, text: expect.stringContaining('"ignored"') as string });
    const { rows } = await server.database.pool.query('select type, payload from marketplace.event where event_id = $1', [
      event.id,
    ]);
    expect(rows).toEqual([{ type: 'review.opened', payload: event }]);
  });
});

describe('what sold', () => {
  it('C6: is shown to the admin by pack, and to nobody else', async () => {
    const { key } = await server.workspace();
    const { json: order } = await buy(key);
    await buy(key);
    await stripe.deliver(stripe.event('checkout.session.completed', stripe.pay(sessionOf(order.url))), webhook());
    const { status, json } = await server.admin('/api/admin/purchases');
    expect(status).toBe(200);
    expect(json.packs.find(({ pack }) => pack === 'credits-500')).toMatchObject({ net: { currency: 'USD' } });
    expect((await server.ask('/api/admin/purchases', { key })).status).toBe(403);
    const wrong = await server.admin('/api/admin/purchases?from=2027-01-02T00:00:00Z&to=2027-01-01T00:00:00Z');
    expect(wrong.json.code).toBe('invalid_request');
  });

  it('is listed with prices and credits, and to keys with what it raises', async () => {
    const { key } = await server.workspace();
    const shown = await server.ask('/api/packs');
    expect(shown.json[0]).toMatchObject({ code: 'credits-500', price: { currency: 'USD' } });
    expect(shown.json[0]).not.toHaveProperty('raises');
    const packs = await server.ask('/api/packs', { key });
    expect(packs.json[0]).toMatchObject({ code: 'credits-500', credits: 500, raises: { currency: 'USD' } });
    const plans = await server.ask('/api/plans', { key });
    expect(plans.json.find(({ code }) => code === 'PRO')).toMatchObject({
      price: { amount: '15.99', currency: 'EUR' },
      ceiling: { amount: '13.5915', currency: 'EUR' },
      credits: 1500,
    });
  });
});

it('429: an address that keeps sending what nobody signed is not read any more (C4)', async () => {
  const flooded = await startTestServer({
    STRIPE_SECRET_KEY: stripe.secret_key,
    STRIPE_WEBHOOK_SECRET: stripe.webhook_secret,
    STRIPE_BASE_URL: stripe.origin,
  });
  try {
    const statuses = new Set<number>();
    for (let n = 0; n < 130; n++) statuses.add((await flooded.ask('/api/webhooks/stripe', { body: {} })).status);
    expect([...statuses]).toEqual([400, 429]);
  } finally {
    await flooded.close();
  }
});

it('no secret of the payment service stands in the log', () => {
  const written = server.log_lines.join('\n');
  expect(written).not.toContain(stripe.secret_key);
  expect(written).not.toContain(stripe.webhook_secret);
});

describe('without a key of Stripe', () => {
  it('501: checkout and portal say that they are not set up, and webhooks are refused', async () => {
    const bare = await startTestServer();
    try {
      const { key } = await bare.workspace();
      for (const path of ['/api/marketplace/checkout', '/api/marketplace/portal']) {
        const { status, json } = await bare.ask(path, { key, method: 'POST', body: { pack: 'credits-500' } });
        expect([path, status, json.code]).toEqual([path, 501, 'not_configured']);
      }
      const event = stripe.event('review.opened', stripe.make('radar.review', 'prv', {}));
      const { status, text } = await stripe.deliver(event, `${bare.url}/api/webhooks/stripe`);
      expect([status, text]).toEqual([501, expect.stringContaining('not_configured')]);
    } finally {
      await bare.close();
    }
  });
});
