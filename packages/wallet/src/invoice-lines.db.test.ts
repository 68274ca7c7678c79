import { openPool } from '@purser/database';
import { verifyPostings } from '@purser/ledger';
import { formatMoney } from '@purser/money';
import { payAsYouGoMeter } from '@purser/policy';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { closePayAsYouGo, type InvoiceLine, listInvoiceLines } from './invoice-lines.ts';
import { openPeriods } from './open-period.ts';
import { openWalletBench, type WalletBench, type Workspace } from './testing.ts';

let bench: WalletBench;
const workspaces = new Map<string, Workspace>();
beforeAll(async () => {
  bench = await openWalletBench();
});
afterEach(async () => expect((await verifyPostings(bench.database.pool)).mismatches).toEqual([]));
afterAll(() => bench.close());

const close = (pool = bench.database.pool): Promise<number> =>
  closePayAsYouGo({
    pool,
    clock: bench.clock,
    meters: bench.meters,
    policyOf: async (id) => {
      const workspace = workspaces.get(id);
      return workspace && bench.policy(workspace);
    },
  });

async function opened(anchor: string, overrides: Workspace['overrides'] = {}): Promise<Workspace> {
  bench.clock.moveTo(Temporal.Instant.from(anchor));
  const workspace = bench.workspace('BUSINESS', anchor, { overrides });
  workspaces.set(workspace.id, workspace);
  await openPeriods(bench.database.pool)(bench.policy(workspace), bench.clock.now());
  return workspace;
}

async function sell(workspace: Workspace, credits: bigint): Promise<'held' | 'denied'> {
  const meter = payAsYouGoMeter(bench.policy(workspace));
  if (meter === undefined) throw new Error('nothing is sold');
  return bench.spend(workspace, credits, meter);
}

const lineAt = async ({ id }: Workspace, at: string): Promise<InvoiceLine | undefined> =>
  (await listInvoiceLines(bench.database.pool, bench.meters, id, Temporal.Instant.from(at)))[0];

const revenueOf = async ({ id }: Workspace): Promise<bigint[]> => {
  const { rows } = await bench.database.pool.query<{ amount: bigint }>(
    `select amount from ledger.posting where workspace_id = $1 and credit = 'revenue:pay_as_you_go'`,
    [id],
  );
  return rows.map(({ amount }) => amount);
};

test('C12: what was sold one by one is a line of the period’s invoice, final an hour after its end, and booked once by two servers', async () => {
  const workspace = await opened('2026-01-31T00:00:00Z');
  expect(await sell(workspace, 1_999n)).toBe('held');
  expect(await sell(workspace, 2n)).toBe('denied');
  expect(await lineAt(workspace, '2026-02-10T00:00:00Z')).toMatchObject({ credits: 1_999n, closed_at: null });
  bench.clock.moveTo(Temporal.Instant.from('2026-02-28T00:59:59Z'));
  expect(await close()).toBe(0);
  bench.clock.moveTo(Temporal.Instant.from('2026-02-28T01:00:00Z'));
  const pools = Array.from({ length: 2 }, () => openPool(bench.database.url, { connections_max: 2 }));
  const closed = await Promise.all([...pools, ...pools].map((pool) => close(pool)));
  await Promise.all(pools.map((pool) => pool.end()));
  expect(closed.reduce((sum, n) => sum + n)).toBe(1);
  const line = await lineAt(workspace, '2026-02-10T00:00:00Z');
  expect(line).toMatchObject({ credits: 1_999n, closed_at: bench.clock.now() });
  expect(line && [line.price, line.amount].map(formatMoney)).toEqual(['0.02 USD', '39.98 USD']);
  expect(await revenueOf(workspace)).toEqual([39_980_000_000n]);
  expect(await lineAt(workspace, '2026-03-10T00:00:00Z')).toBeUndefined();
});

test('C12: a period in which a call is still running is closed when it has ended', async () => {
  const workspace = await opened('2026-04-10T00:00:00Z');
  bench.clock.moveTo(Temporal.Instant.from('2026-05-09T23:59:59Z'));
  const meter = payAsYouGoMeter(bench.policy(workspace));
  const none = { amount: 0n, unit: 'USD' };
  await bench.meters.hold({
    id: '01900000-0000-7000-8000-000000000001' as never,
    workspace: workspace.id,
    legs: meter ? [{ meter, amount: 9n }] : [],
    expires_at: Temporal.Instant.from('2026-05-10T03:00:00Z'),
    plan: 'BUSINESS',
    provider: 'acme',
    cost: none,
    reported: none,
  });
  bench.clock.moveTo(Temporal.Instant.from('2026-05-10T02:00:00Z'));
  expect(await close()).toBe(0);
  bench.clock.moveTo(Temporal.Instant.from('2026-05-10T04:00:00Z'));
  await bench.meters.sweep();
  expect(await close()).toBe(1);
  // Unresolved, the customer is not charged.
  expect(await lineAt(workspace, '2026-05-01T00:00:00Z')).toMatchObject({ credits: 0n });
  expect(await revenueOf(workspace)).toEqual([]);
});

test('C12: an override may sell at another price and up to another cap, or nothing at all', async () => {
  const price = { amount: '0.015', currency: 'USD' };
  const workspace = await opened('2026-06-10T00:00:00Z', { pay_as_you_go: { credits_max: 3, price } });
  expect([await sell(workspace, 3n), await sell(workspace, 1n)]).toEqual(['held', 'denied']);
  const line = await lineAt(workspace, '2026-06-11T00:00:00Z');
  expect(line && formatMoney(line.amount)).toBe('0.045 USD');
  const none = await opened('2026-06-10T00:00:00Z', { pay_as_you_go: { credits_max: 0, price } });
  expect(payAsYouGoMeter(bench.policy(none))).toBeUndefined();
  expect(await lineAt(none, '2026-06-11T00:00:00Z')).toBeUndefined();
});

test('C12: what is agreed within a period is sold in it from then on, without a second grant; its price stays that period’s', async () => {
  const workspace = await opened('2026-07-10T00:00:00Z', {
    pay_as_you_go: { credits_max: 0, price: { amount: '1', currency: 'USD' } },
  });
  const { cap } = await bench.credits(workspace);
  const agree = async (amount: string, credits_max: number): Promise<Workspace> => {
    const agreed = Object.freeze({
      ...workspace,
      overrides: { pay_as_you_go: { credits_max, price: { amount, currency: 'USD' } } },
    });
    await openPeriods(bench.database.pool)(bench.policy(agreed), bench.clock.now());
    return agreed;
  };
  bench.clock.advance({ hours: 48 });
  const first = await agree('0.03', 4);
  expect(await sell(first, 4n)).toBe('held');
  const second = await agree('0.015', 6);
  expect([await sell(second, 2n), await sell(second, 1n)]).toEqual(['held', 'denied']);
  const line = await lineAt(workspace, '2026-07-13T00:00:00Z');
  expect(line && formatMoney(line.amount)).toBe('0.18 USD');
  expect((await bench.credits(workspace)).cap).toBe(cap);
});
