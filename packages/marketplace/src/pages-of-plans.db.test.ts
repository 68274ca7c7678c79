import { isRefusal } from '@purser/core';
import type { Workspace } from '@purser/identity';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const say = (type: string, object: StripeObject): Promise<string> => shop.receive(shop.stripe.event(type, object));
async function audited({ id }: Workspace, action: string): Promise<{ detail: unknown }[]> {
  const { rows } = await shop.database.pool.query<{ detail: unknown }>(
    'select detail from audit.entry where workspace_id = $1 and action = $2',
    [id, action],
  );
  return rows;
}
const customerOf = async ({ id }: Workspace): Promise<string> => {
  const { rows } = await shop.database.pool.query<{ customer: string }>(
    'select stripe_customer as customer from marketplace.customer where workspace_id = $1',
    [id],
  );
  return rows[0]?.customer ?? '';
};

describe('one page to pay for one plan', () => {
  test('asked for again, even at once, is the same page; another plan closes it first', async () => {
    const workspace = await shop.workspace('FREE');
    const [first, second] = await Promise.all([shop.subscription(workspace, 'PRO'), shop.subscription(workspace, 'PRO')]);
    expect(second).toBe(first);
    expect(await shop.subscription(workspace, 'PRO')).toBe(first);
    const other = await shop.subscription(workspace, 'BUSINESS');
    expect(other).not.toBe(first);
    expect([shop.stripe.object(first)['status'], shop.stripe.object(other)['status']]).toEqual(['expired', 'open']);
    const again = await shop.subscription(workspace, 'PRO');
    expect(again).not.toBe(first);
    expect(shop.stripe.object(other)['status']).toBe('expired');
  });

  test('that was paid a moment ago is not opened again before its subscription is heard of, and then there is the portal', async () => {
    const workspace = await shop.workspace('FREE');
    const { subscription, invoice } = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
    await expect(shop.subscription(workspace, 'PRO')).rejects.toThrow('was paid for just now');
    await say('customer.subscription.created', subscription);
    await say('invoice.paid', invoice.invoice);
    await expect(shop.subscription(workspace, 'PRO')).rejects.toThrow('portal');
  });

  test('a second subscription that is paid all the same is in the trail; its money counts, once', async () => {
    const workspace = await shop.workspace('FREE');
    const made = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
    await say('customer.subscription.created', made.subscription);
    await say('invoice.paid', made.invoice.invoice);
    expect(await audited(workspace, 'subscription.second')).toEqual([]);
    const { id: _, ...members } = made.subscription;
    const twin = shop.stripe.make('subscription', 'sub', members);
    const paid = shop.stripe.invoice(twin, { billing_reason: 'subscription_create' });
    await say('customer.subscription.created', twin);
    await say('invoice.paid', paid.invoice);
    await say('invoice.paid', paid.invoice);
    expect(await audited(workspace, 'subscription.second')).toHaveLength(1);
    expect((await shop.policyOf(workspace)).ceiling.nanos).toBe(2n * 13_591_500_000n);
    expect(await shop.balance(workspace)).toBe(3000n);
  });
});

describe('a customer that Stripe does not know', () => {
  test('is made anew, once, and the page opens; the trail says so', async () => {
    const workspace = await shop.workspace();
    await shop.order(workspace);
    const gone = await customerOf(workspace);
    shop.stripe.forget(gone);
    await Promise.all([shop.order(workspace), shop.order(workspace, 'credits-2000')]);
    const made = await customerOf(workspace);
    expect(made).not.toBe(gone);
    expect(await audited(workspace, 'customer.replaced')).toHaveLength(1);
    await shop.order(workspace);
    expect(await customerOf(workspace)).toBe(made);
  });

  test('has no portal, and neither has one who never bought: both are told so', async () => {
    const never = await shop.workspace();
    const gone = await shop.workspace();
    await shop.order(gone);
    shop.stripe.forget(await customerOf(gone));
    for (const workspace of [never, gone]) {
      const portal = await shop.market.portal(workspace.id, 'http://here/');
      expect(isRefusal(portal) && portal.detail).toContain('no subscription');
    }
  });
});
