import { newId, openPool, TestClock, transaction, type WorkspaceId } from '@purser/base';
import { createTestDatabase, type TestDatabase } from '@purser/base/testing';
import { findPack, findPlan, loadCatalogue, paymentFees } from '@purser/catalog';
import { accruePeriods, ledgerMigrations, type MarginLine, marginReport, rollUp, verifyPostings } from '@purser/ledger';
import { creditMeter, grantCredits, Meters, metersMigrations, type MeterSpec } from '@purser/meters';
import { divide, formatAmount, formatDecimal, type Money, multiply, parseMoney, parseRatio, subtract } from '@purser/money';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * The third brief's "monthly financial impact per 100 customers": fifty Pro, fifty Enterprise, twenty packs sold, every credit used
 * at $0.01 of cost. Each customer here spends through the real meters, and the figures are read from the books.
 */

const CATALOGUE = new URL('../../../catalogs/saas-credits.yaml', import.meta.url).pathname;
const NOW = Temporal.Instant.from('2026-11-03T09:00:00Z');
const MONTH = { from: Temporal.Instant.from('2026-11-01T00:00:00Z'), to: Temporal.Instant.from('2026-12-01T00:00:00Z') };
/** As many credits as the plans of that brief let one request spend. */
const CREDITS_A_CALL = 10n;
const EVERYBODY = 50;
const BUYERS = 10;

interface Customer {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly pack?: string;
}

/** Ten of each plan's customers buy the pack that suits it. */
const customers: readonly Customer[] = (['PRO', 'ENTERPRISE'] as const).flatMap((plan) =>
  Array.from({ length: EVERYBODY }, (_, index) => ({
    workspace: newId<'workspace'>(),
    plan,
    ...(index < BUYERS && { pack: plan === 'PRO' ? 'credits-500' : 'credits-2000' }),
  })),
);

interface Books {
  readonly database: TestDatabase;
  readonly plans: readonly MarginLine[];
  readonly packs: readonly MarginLine[];
  readonly customers: readonly MarginLine[];
  readonly balanced: boolean;
}

const usd = (amount: string): Money => parseMoney(amount, 'USD');

/** What a payment service keeps of a card payment; the brief leaves it out. */
const FEES = { percent: parseRatio('0.029'), fixed: usd('0.30') };

/** A month of all of them. */
async function month(): Promise<Books> {
  const catalogue = await loadCatalogue(CATALOGUE);
  const database = await createTestDatabase([ledgerMigrations, metersMigrations]);
  const holds = openPool(database.url, { connections_max: 1 });
  const meters = new Meters({ pool: holds, clock: new TestClock(NOW) }, database.pool);

  async function subscribe({ workspace, plan: code, pack: bought }: Customer): Promise<bigint> {
    const plan = findPlan(catalogue, code)!;
    const of = { workspace, reason: 'a month' } as const;
    const pack = bought === undefined ? undefined : findPack(catalogue, bought)!;
    await transaction(database.pool, async (connection) => {
      await accruePeriods(connection, NOW, [
        { workspace, plan: code, price: plan.price, fees: paymentFees(plan.price, FEES), period_start: MONTH.from },
      ]);
      await grantCredits(connection, NOW, {
        ...of,
        id: newId<'grant'>(),
        source: 'monthly',
        credits: plan.credits_monthly,
        expires_at: MONTH.to,
      });
      if (pack === undefined) return;
      await grantCredits(connection, NOW, {
        ...of,
        id: newId<'grant'>(),
        source: 'purchased',
        credits: pack.credits,
        expires_at: null,
        pack: pack.code,
      });
      const sales: [debit: string, credit: string, amount: Money][] = [
        ['receivable', `revenue:pack:${pack.code}`, pack.price],
        [`fees:pack:${pack.code}`, 'payable:payments', paymentFees(pack.price, FEES)],
      ];
      for (const [debit, credit, { nanos, currency }] of sales) {
        await connection.query('select ledger.post($1, $2, null, $3, $4, $5, $6, $5, $6, $7)', [
          NOW.toString(),
          workspace,
          debit,
          credit,
          nanos,
          currency,
          code,
        ]);
      }
    });
    return plan.credits_monthly + (pack?.credits ?? 0n);
  }

  async function call({ workspace, plan }: Customer): Promise<void> {
    const credit = creditMeter(workspace);
    const cost: MeterSpec = {
      workspace,
      key: 'cost',
      unit: 'USD',
      class: 'cost',
      window_start: MONTH.from,
      window_end: MONTH.to,
      cap: 10n ** 15n,
    };
    const amount = multiply(catalogue.credit.cost, CREDITS_A_CALL).nanos;
    const hold = newId<'hold'>();
    const held = await meters.hold({
      id: hold,
      workspace,
      expires_at: NOW.add({ minutes: 1 }),
      legs: [
        { meter: credit, amount: CREDITS_A_CALL },
        { meter: cost, amount },
      ],
      plan,
      provider: 'openai',
      cost: { amount, unit: 'USD' },
      reported: { amount, unit: 'USD' },
    });
    expect(held.kind).toBe('held');
    const actuals = [CREDITS_A_CALL, amount];
    await meters.end({ kind: 'settle', hold, workspace, actuals, cost: amount, reported: amount, provider: 'openai' });
  }

  const credits = await Promise.all(customers.map(subscribe));
  await Promise.all(
    customers.map(async (customer, index) => {
      for (let left = credits[index] ?? 0n; left > 0n; left -= CREDITS_A_CALL) await call(customer);
    }),
  );
  await meters.idle();
  await holds.end();
  await rollUp(database.pool);
  const [plans, packs, each] = await Promise.all(
    (['plan', 'pack', 'workspace'] as const).map((by) => marginReport(database.pool, { ...MONTH, by })),
  );
  const { mismatches } = await verifyPostings(database.pool);
  return { database, plans: plans!, packs: packs!, customers: each!, balanced: mismatches.length === 0 };
}

type Figure = 'revenue' | 'fees' | 'cost' | 'margin';

function sum(lines: readonly MarginLine[], figure: Figure): string {
  const total = lines.reduce((nanos, line) => nanos + line[figure].nanos, 0n);
  return formatAmount({ nanos: total, currency: lines[0]!.revenue.currency });
}

const line = (lines: readonly MarginLine[], key: string) => lines.find((one) => one.key === key)!;
const figures = (one: MarginLine) => [one.revenue, one.fees, one.cost, one.margin].map(formatAmount);

/** What the brief calls margin: revenue less the cost of credits, before what the payment service keeps. */
function earned(lines: readonly MarginLine[]): string {
  return formatAmount(subtract(usd(sum(lines, 'revenue')), usd(sum(lines, 'cost'))));
}

/** The same as a part of the revenue: per cent, cut after two decimals. */
function beforeFees(lines: readonly MarginLine[]): string {
  const [revenue, cost] = (['revenue', 'cost'] as const).map((figure) => lines.reduce((all, one) => all + one[figure].nanos, 0n));
  return formatDecimal(divide(((revenue ?? 0n) - (cost ?? 0n)) * 10_000n, revenue ?? 1n, 'down'), 2);
}

describe('C8: the third brief’s hundred customers, from the books', () => {
  let books: Books;
  beforeAll(async () => {
    books = await month();
  }, 120_000);
  afterAll(() => books.database.drop());

  it('the books balance', () => {
    expect(books.balanced).toBe(true);
  });

  it('its revenue is right: $27,400 of subscriptions and $1,080 of packs', () => {
    expect([sum(books.packs, 'revenue'), sum(books.customers, 'revenue')]).toEqual(['1080', '28480']);
  });

  it('the credits of the plans cost $1,100, as it says; those of the packs $250, not $80', () => {
    expect(books.packs.map(({ key, cost }) => [key, formatAmount(cost)])).toEqual([
      ['credits-500', '50'],
      ['credits-2000', '200'],
    ]);
    expect([sum(books.customers, 'cost'), sum(books.packs, 'cost')]).toEqual(['1350', '250']);
  });

  it('so the packs bring $830, not $1,000, and all of it $27,130 (95.25 %), not $27,300 (96 %)', () => {
    expect([earned(books.packs), beforeFees(books.packs)]).toEqual(['830', '76.85']);
    expect([earned(books.customers), beforeFees(books.customers)]).toEqual(['27130', '95.25']);
  });

  it('a pack keeps 82.75 % and 74.68 %, not 85 % of both', () => {
    expect(books.packs.map((pack) => [pack.key, beforeFees([pack])])).toEqual([
      ['credits-500', '82.75'],
      ['credits-2000', '74.68'],
    ]);
  });

  it('a customer keeps 98.65 % of Pro and 94.98 % of Enterprise', () => {
    const kept = customers
      .filter(({ pack }) => pack === undefined)
      .map(({ workspace, plan }) => `${plan} ${beforeFees([line(books.customers, workspace)])}`);
    expect([...new Set(kept)]).toEqual(['PRO 98.65', 'ENTERPRISE 94.98']);
  });

  it('after what the payment service keeps (2.9 % + $0.30 a payment: $861.92) $26,268.08 are left, 92.23 %', () => {
    expect([sum(books.customers, 'fees'), sum(books.customers, 'margin')]).toEqual(['861.92', '26268.08']);
    expect((26_268.08 / 28_480).toFixed(4)).toBe('0.9223');
    expect(books.packs.map(figures)).toEqual([
      ['290', '11.41', '50', '228.59'],
      ['790', '25.91', '200', '564.09'],
    ]);
    expect(books.plans.map((plan) => [plan.key, plan.margin_ratio])).toEqual([
      ['PRO', '0.949294'],
      ['ENTERPRISE', '0.912272'],
    ]);
  });

  it('at three credits a goal Pro makes 66 goals a month and Enterprise 666, not 6 and 60', async () => {
    const catalogue = await loadCatalogue(CATALOGUE);
    expect(['PRO', 'ENTERPRISE'].map((code) => findPlan(catalogue, code)!.credits_monthly / 3n)).toEqual([66n, 666n]);
  });
});
