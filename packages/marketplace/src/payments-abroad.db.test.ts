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
const sessionOf = (paid: StripeObject): StripeObject => (paid['data'] as { object: StripeObject }).object;
const revenue = async (workspace: Workspace): Promise<bigint> => {
  const { rows } = await shop.database.pool.query<{ revenue: bigint }>(
    `select coalesce(sum(amount * ledger.revenue_sign(debit, credit)), 0)::bigint as revenue from ledger.posting where workspace_id = $1`,
    [workspace.id],
  );
  return rows[0]?.revenue ?? 0n;
};
const license = async ({ id }: Workspace): Promise<string> => {
  const { rows } = await shop.database.pool.query<{ license: string }>(
    'select license from identity.workspace where workspace_id = $1',
    [id],
  );
  return rows[0]?.license ?? '';
};

async function subscriber() {
  const workspace = await shop.workspace('FREE');
  const { subscription, invoice } = shop.stripe.subscribe(await shop.subscription(workspace, 'PRO'));
  await say('customer.subscription.created', subscription);
  await say('invoice.paid', invoice.invoice);
  await say('invoice_payment.paid', invoice.invoice_payment);
  return { workspace, payment_intent: invoice.payment_intent, invoice: invoice.invoice };
}

describe('a reversal that is told in another currency than the payment', () => {
  test('counts by what was withdrawn for it in the currency of the payment', async () => {
    const { workspace, payment_intent } = await subscriber();
    const dispute = shop.stripe.make('dispute', 'dp', {
      payment_intent,
      amount: 1375,
      currency: 'gbp',
      status: 'needs_response',
      balance_transactions: [{ amount: -1599, fee: 2000, currency: 'eur', exchange_rate: 1.163 }],
    });
    await say('charge.dispute.created', dispute);
    expect([await revenue(workspace), await license(workspace)]).toEqual([0n, 'grace']);
    await say('charge.dispute.closed', { ...dispute, status: 'won' });
    expect([await revenue(workspace), await license(workspace)]).toEqual([15_990_000_000n, 'active']);
    const { rows } = await shop.database.pool.query<{ fees: bigint }>(
      'select fees from terms.collected where workspace_id = $1',
      [workspace.id],
    );
    expect(rows[0]?.fees).toBe(20_000_000_000n);
  });

  test('counts by its share of what the payment was in that currency, whichever of the two is told first', async () => {
    for (const turned of [false, true]) {
      const { workspace, payment_intent } = await subscriber();
      const told = { currency: 'eur', payment_intent, amount_refunded: 0 };
      const seen = { presentment_amount: 20_000, presentment_currency: 'thb' };
      const charge = shop.stripe.make('charge', 'ch', { ...told, amount: 1599, presentment_details: seen });
      const refund = shop.stripe.make('refund', 're', { amount: 5000, currency: 'thb', status: 'succeeded', payment_intent });
      const both = [() => say('charge.succeeded', charge), () => say('refund.created', refund)];
      for (const one of turned ? both.toReversed() : both) await one();
      // A quarter of 15.99 went back.
      expect([await revenue(workspace), await license(workspace)]).toEqual([11_992_500_000n, 'active']);
    }
  });

  test('without any of that counts at the catalog’s rate, cautiously, and without a rate as all of it', async () => {
    const known = await subscriber();
    await say(
      'refund.created',
      shop.stripe.make('refund', 're', { ...known, amount: 500, currency: 'usd', status: 'succeeded' }),
    );
    // 5.00 × 0.94 × 1.02 = 4.794.
    expect(await revenue(known.workspace)).toBe(11_196_000_000n);
    const unknown = await subscriber();
    await say(
      'refund.created',
      shop.stripe.make('refund', 're', { ...unknown, amount: 500, currency: 'jpy', status: 'succeeded' }),
    );
    expect(await revenue(unknown.workspace)).toBe(0n);
  });
});

describe('a credit note', () => {
  test('that was paid out by other means takes its part; onto the balance it takes nothing; voided it gives all back', async () => {
    const { workspace, invoice } = await subscriber();
    const note = { invoice: invoice.id, currency: 'eur', status: 'issued' };
    await say('credit_note.created', shop.stripe.make('credit_note', 'cn', { ...note, amount: 1599, out_of_band_amount: 0 }));
    expect(await revenue(workspace)).toBe(15_990_000_000n);
    const paid_out = shop.stripe.make('credit_note', 'cn', { ...note, amount: 599, out_of_band_amount: 599 });
    await say('credit_note.created', paid_out);
    expect([await revenue(workspace), (await shop.policyOf(workspace)).ceiling.nanos]).toEqual([10_000_000_000n, 8_500_000_000n]);
    await say('credit_note.voided', { ...paid_out, status: 'void' });
    expect([await revenue(workspace), (await shop.policyOf(workspace)).ceiling.nanos]).toEqual([
      15_990_000_000n,
      13_591_500_000n,
    ]);
  });
});

describe('a pack', () => {
  test('at half its price gives half of its credits, and no more ceiling than its margin and its fees leave of the money', async () => {
    const workspace = await shop.workspace();
    const before = (await shop.policyOf(workspace)).ceiling.nanos;
    const paid = shop.paid(await shop.order(workspace));
    const session = sessionOf(paid);
    const half = { ...session, amount_total: 1450, total_details: { amount_discount: 1450, amount_shipping: 0, amount_tax: 0 } };
    expect(await say('checkout.session.completed', half)).toBe('applied');
    expect(await shop.balance(workspace)).toBe(250n);
    // 14.50 USD × 0.85 (this pack has no fees) at 0.94 ÷ 1.02.
    const raised = (await shop.policyOf(workspace)).ceiling.nanos - before;
    const allowed = (14_500_000_000n * 85n * 94n) / (100n * 102n);
    expect(raised > 0n && raised <= allowed).toBe(true);
  });

  test('that is paid in the buyer’s currency counts by the source amounts, in the older shape too, and so do its refunds', async () => {
    const workspace = await shop.workspace();
    const session = sessionOf(shop.paid(await shop.order(workspace)));
    const abroad = {
      ...session,
      currency: 'thb',
      amount_subtotal: 100_000,
      amount_total: 107_000,
      total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 7000 },
      currency_conversion: { amount_subtotal: 2900, amount_total: 3103, fx_rate: '34.48', source_currency: 'usd' },
    };
    expect(await say('checkout.session.completed', abroad)).toBe('applied');
    expect([await shop.balance(workspace), await revenue(workspace)]).toEqual([500n, 29_000_000_000n]);
    const refund = { amount: 53_500, currency: 'thb', status: 'succeeded', payment_intent: session['payment_intent'] };
    await say('refund.created', shop.stripe.make('refund', 're', refund));
    expect([await shop.balance(workspace), await revenue(workspace)]).toEqual([250n, 14_500_000_000n]);
  });
});
