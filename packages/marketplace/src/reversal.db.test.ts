import { newId, transaction } from '@purser/database';
import type { Workspace } from '@purser/identity';
import { marginReport } from '@purser/ledger';
import { grantCredits } from '@purser/meters';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { stillPaidFor } from './effects/entitlement.ts';
import type { StripeObject } from './standins/index.ts';
import { openShop, type Shop } from './testing.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterEach(() => shop.verify());
afterAll(() => shop[Symbol.asyncDispose]());

const CENTS = 2900;

async function bought(workspace: Workspace): Promise<string> {
  const paid = shop.paid(await shop.order(workspace));
  expect(await shop.receive(paid)).toBe('applied');
  return String((paid['data'] as { object: StripeObject }).object['payment_intent']);
}
const refund = (payment_intent: string, amount = CENTS): Promise<string> =>
  shop.receive(
    shop.stripe.event(
      'refund.created',
      shop.stripe.make('refund', 're', { amount, currency: 'usd', status: 'succeeded', payment_intent }),
    ),
  );
const dispute = (payment_intent: string, amount = CENTS): StripeObject =>
  shop.stripe.make('dispute', 'dp', {
    amount,
    currency: 'usd',
    status: 'needs_response',
    payment_intent,
    balance_transactions: [{ fee: 1500, currency: 'usd' }],
  });
const said = (object: StripeObject, type: string, status: string): Promise<string> =>
  shop.receive(shop.stripe.event(type, { ...object, status }));
async function gift(workspace: Workspace, credits: bigint): Promise<void> {
  const now = Temporal.Instant.from(workspace.created_at.toString());
  await transaction(shop.database.pool, (connection) =>
    grantCredits(connection, now, {
      id: newId<'grant'>(),
      workspace: workspace.id,
      source: 'gift',
      credits,
      expires_at: null,
      reason: 'test',
    }),
  );
}

describe('C6: a refund', () => {
  test('of all takes back what is not spent, and the ceiling that was bought (F5)', async () => {
    const workspace = await shop.workspace();
    const before = await shop.ceilingOf(workspace);
    const payment = await bought(workspace);
    await expect.poll(() => shop.ceilingOf(workspace)).toBeGreaterThan(before);
    expect(await refund(payment)).toBe('applied');
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([0n, 0n]);
    await expect.poll(() => shop.ceilingOf(workspace)).toBe(before);
  });

  test('of a part takes that part, rounded down', async () => {
    const workspace = await shop.workspace();
    await refund(await bought(workspace), 1000);
    expect(await shop.balance(workspace)).toBe(328n);
  });

  test('never takes a gift or another pack: what is spent is a debt, which the next pack pays first', async () => {
    const workspace = await shop.workspace();
    const first = await bought(workspace);
    // Given credits burn first, so the pack bears the rest.
    await gift(workspace, 50n);
    await shop.spend(workspace, 250n);
    await gift(workspace, 70n);
    await refund(first);
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([70n, 200n]);
    await bought(workspace);
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([370n, 0n]);
  });

  test('of what is held takes nothing of it; when the hold ends, what returned is taken and what was charged is owed', async () => {
    const workspace = await shop.workspace();
    const payment = await bought(workspace);
    const hold = await shop.spend(workspace, 100n, 'hold');
    await refund(payment);
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([0n, 100n]);
    await shop.meters.end({
      kind: 'settle',
      hold,
      workspace: workspace.id,
      actuals: [30n],
      cost: 0n,
      reported: 0n,
      provider: 'acme',
    });
    expect(await shop.balance(workspace)).toBe(70n);
    await shop.market.sweep();
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([0n, 30n]);
  });

  test('that fails gives back what it had taken', async () => {
    const workspace = await shop.workspace();
    const payment_intent = await bought(workspace);
    const object = shop.stripe.make('refund', 're', { amount: CENTS, currency: 'usd', status: 'pending', payment_intent });
    await said(object, 'refund.created', 'pending');
    expect(await shop.balance(workspace)).toBe(0n);
    await said(object, 'refund.failed', 'failed');
    expect(await shop.balance(workspace)).toBe(500n);
  });
});

describe('C6: a dispute', () => {
  test('takes the credits while it is open, and gives them back when it is won, with what was paid of the debt', async () => {
    const workspace = await shop.workspace();
    const payment = await bought(workspace);
    await shop.spend(workspace, 200n);
    const object = dispute(payment);
    await said(object, 'charge.dispute.created', 'needs_response');
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([0n, 200n]);
    await bought(workspace);
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([300n, 0n]);
    await said(object, 'charge.dispute.closed', 'won');
    // Two packs, less what was spent.
    expect([await shop.balance(workspace), await shop.debt(workspace)]).toEqual([800n, 0n]);
  });

  test('that is lost leaves the debt, and what it cost is booked as a fee of the pack', async () => {
    const workspace = await shop.workspace();
    const payment = await bought(workspace);
    await shop.spend(workspace, 200n);
    const object = dispute(payment);
    await said(object, 'charge.dispute.created', 'needs_response');
    await said(object, 'charge.dispute.closed', 'lost');
    expect(await shop.debt(workspace)).toBe(200n);
    const { rows } = await shop.database.pool.query<{ fees: bigint }>(
      `select sum(amount)::bigint as fees from ledger.posting where workspace_id = $1 and debit = 'fees:pack:credits-500'`,
      [workspace.id],
    );
    expect(rows[0]?.fees).toBe(15_000_000_000n);
  });

  test('that is a mere inquiry takes nothing', async () => {
    const workspace = await shop.workspace();
    const object = dispute(await bought(workspace));
    expect(await said(object, 'charge.dispute.created', 'warning_needs_response')).toBe('ignored');
    expect(await shop.balance(workspace)).toBe(500n);
  });
});

test('C8: revenue, fees and cost of a pack come from the books, net of tax and refunds, with its share of what its buyers cost', async () => {
  const own = await openShop();
  try {
    const workspace = await own.workspace('BUSINESS');
    const now = workspace.created_at;
    const first = own.paid(await own.order(workspace), 551);
    await own.receive(first);
    await own.receive(own.paid(await own.order(workspace), 551));
    const payment_intent = (first['data'] as { object: StripeObject }).object['payment_intent'];
    // Half of 3451 cents, tax included.
    const half = own.stripe.make('refund', 're', { amount: 1725, currency: 'usd', status: 'succeeded', payment_intent });
    await own.receive(own.stripe.event('refund.created', half));
    await own.spend(workspace, 100n);
    await own.database.pool.query(
      `select ledger.post($1, $2, null, 'cost', 'payable:acme', 700000000, 'USD', 700000000, 'USD', 'BUSINESS')`,
      [now.toString(), workspace.id],
    );
    await Promise.all([own.market.sweep(), own.another().sweep()]);
    await own.market.sweep();
    await own.verify();
    const lines = await marginReport(own.database.pool, {
      from: now.subtract({ hours: 1 }),
      to: now.add({ hours: 1 }),
      by: 'pack',
    });
    expect(lines).toHaveLength(1);
    const [line] = lines;
    // $58 less the refund without its tax: 17.25 − 5.51 × 1725 ÷ 3451, the tax rounded down.
    expect(line).toMatchObject({ key: 'credits-500', cost: { nanos: 700_000_000n } });
    expect(line?.revenue.nanos).toBe(58_000_000_000n - 17_250_000_000n + (5_510_000_000n * 1725n) / 3451n);
    expect(line?.margin.nanos).toBe((line?.revenue.nanos ?? 0n) - 700_000_000n);
  } finally {
    await own[Symbol.asyncDispose]();
  }
});

test('C6: balance less debt is what is paid for less what was spent, whatever happens in whatever order', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('buy' as const) }),
    fc.record({ do: fc.constant('spend' as const), credits: fc.bigInt(1n, 400n) }),
    fc.record({ do: fc.constant('refund' as const), of: fc.nat(3), cents: fc.integer({ min: 1, max: CENTS }) }),
    fc.record({ do: fc.constant('dispute' as const), of: fc.nat(3), end: fc.constantFrom('open', 'won', 'lost') }),
    fc.record({ do: fc.constant('sweep' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const workspace = await shop.workspace('FREE');
      const packs: { payment: string; gone: bigint }[] = [];
      let spent = 0n;
      for (const one of steps) {
        const pack = 'of' in one ? packs[one.of] : undefined;
        if (one.do === 'buy') packs.push({ payment: await bought(workspace), gone: 0n });
        else if (one.do === 'sweep') await shop.market.sweep();
        else if (one.do === 'spend') {
          const free = await shop.balance(workspace);
          const credits = one.credits < free ? one.credits : free;
          if (credits > 0n) await shop.spend(workspace, credits);
          spent += credits;
        } else if (pack && one.do === 'refund') {
          await refund(pack.payment, one.cents);
          pack.gone += BigInt(one.cents);
        } else if (pack && one.do === 'dispute') {
          const object = dispute(pack.payment);
          await said(object, 'charge.dispute.created', 'needs_response');
          if (one.end !== 'open') await said(object, 'charge.dispute.closed', one.end);
          if (one.end !== 'won') pack.gone += BigInt(CENTS);
        }
        expect(await shop.balance(workspace)).toBeGreaterThanOrEqual(0n);
      }
      const paid = BigInt(CENTS);
      const entitled = packs.reduce((sum, { gone }) => sum + stillPaidFor(500n, gone < paid ? gone : paid, paid), 0n);
      expect((await shop.balance(workspace)) - (await shop.debt(workspace))).toBe(entitled - spent);
    }),
    { numRuns: 30 },
  );
}, 120_000);

test('receipts show what was paid, with what went back and Stripe’s own', async () => {
  const workspace = await shop.workspace();
  const payment_intent = await bought(workspace);
  await shop.receive(
    shop.stripe.event(
      'charge.succeeded',
      shop.stripe.make('charge', 'ch', {
        currency: 'usd',
        amount_refunded: 0,
        payment_intent,
        receipt_url: 'https://pay.example/r',
      }),
    ),
  );
  await refund(payment_intent, 1000);
  const { receipts, next_cursor } = await shop.market.receipts(workspace.id);
  const [receipt] = receipts;
  expect(next_cursor).toBeNull();
  expect(receipt).toMatchObject({
    code: 'credits-500',
    credits: 500n,
    credits_paid_for: 328n,
    credits_owed: 0n,
    total: { nanos: 29_000_000_000n },
    reversed: { nanos: 10_000_000_000n },
    url: 'https://pay.example/r',
  });
  expect(await shop.market.receipts(workspace.id, { cursor: receipt?.id })).toMatchObject({ receipts: [] });
  const stranger = await shop.workspace();
  expect(await shop.market.receipts(stranger.id)).toMatchObject({ receipts: [] });
});
