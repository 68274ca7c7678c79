import { suiteClock } from '@purser/core/testing';
import { startStripeStandIn, type StripeObject, type StripeStandIn } from '@purser/marketplace/standins';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

/* What payments and operators decide about one workspace, by signed webhooks and the operators' own calls. */

const WITHIN = { timeout: 15_000, interval: 100 } as const;
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

async function tell(type: string, object: StripeObject): Promise<void> {
  const { status } = await stripe.deliver(
    stripe.event(type, object, { created: seconds() }),
    `${server.url}/api/webhooks/stripe`,
  );
  expect(status).toBe(200);
}

async function subscribed(plan: string) {
  const { id, key } = await server.workspace('FREE');
  const { json } = await server.ask('/api/marketplace/checkout', { key, body: { plan } });
  const { subscription, invoice } = stripe.subscribe((json as unknown as { url: string }).url.split('/').at(-1) ?? '');
  await tell('customer.subscription.created', subscription);
  await tell('invoice.paid', invoice.invoice);
  return { id, key, subscription };
}

const change = (id: string, body: object) => server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body });
async function capOf(key: string): Promise<{ plan: string; cap: string | undefined; unit: string | undefined }> {
  const { json } = await server.ask('/api/usage', { key });
  const { plan, cost } = json as unknown as { plan: string; cost: { ceiling: { amount: string; currency: string } } };
  return { plan, cap: cost.ceiling.amount, unit: cost.ceiling.currency };
}
async function alertsOf(workspace: string): Promise<{ kind: string; subject: string }[]> {
  const { rows } = await server.database.pool.query<{ kind: string; subject: string }>(
    'select kind, subject from notify.alert where workspace_id = $1 order by subject',
    [workspace],
  );
  return rows.filter(({ kind }) => kind === 'payment' || kind === 'overrides');
}

describe('an operator moves a subscriber by the admin call', () => {
  it('what was collected still bounds what it may cost; its audit event says who; the end of the subscription leaves what was agreed', async () => {
    const { id, key, subscription } = await subscribed('PRO');
    expect(await capOf(key)).toMatchObject({ cap: '13.5915', unit: 'EUR' });
    expect((await change(id, { plan: 'BUSINESS' })).status).toBe(200);
    const moved = await vi.waitFor(async () => {
      const now = await capOf(key);
      expect(now.unit).toBe('USD');
      return now;
    }, WITHIN);
    // 13.5915 EUR at 0.94, less the buffer, and not the 126.65 USD of a month of BUSINESS.
    expect(Number(moved.cap)).toBeGreaterThan(13);
    expect(Number(moved.cap)).toBeLessThan(14.5);
    await tell('customer.subscription.deleted', { ...subscription, status: 'canceled' });
    const audit = await server.admin(`/api/admin/audit?workspace=${id}`);
    expect(audit.text).toContain('BUSINESS');
  });
});

describe('an alert of kind payment', () => {
  it('is raised once when a workspace pays for two subscriptions, and seen by the operator alone', async () => {
    const { id, key, subscription } = await subscribed('PRO');
    const second = { ...subscription, id: `${subscription.id}_2` };
    await tell('customer.subscription.created', second);
    const { invoice } = stripe.invoice(second, { billing_reason: 'subscription_create' });
    await tell('invoice.paid', invoice);
    await tell('invoice.paid', invoice);
    await vi.waitFor(
      async () => expect(await alertsOf(id)).toEqual([{ kind: 'payment', subject: 'subscription.second' }]),
      WITHIN,
    );
    expect((await server.ask('/api/alerts', { key })).text).not.toContain('subscription.second');
  });

  it('tells what a change of plan lowered, and no alert of kind overrides tells it again', async () => {
    const { id, key, subscription } = await subscribed('BUSINESS');
    expect((await change(id, { overrides: { ceiling: { amount: '100', currency: 'USD' } } })).status).toBe(200);
    const { metadata } = subscription as unknown as { metadata: object };
    await tell('customer.subscription.updated', { ...subscription, metadata: { ...metadata, purser_plan: 'PRO' } });
    await vi.waitFor(async () => expect(await alertsOf(id)).toEqual([{ kind: 'payment', subject: 'overrides.lowered' }]), WITHIN);
    await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await alertsOf(id)).toEqual([{ kind: 'payment', subject: 'overrides.lowered' }]);
  });
});
