import type { HoldId, WorkspaceId } from '@purser/core';
import { newId, type Pool, transaction } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { formatAmount } from '@purser/money';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { dailyUsage } from './daily-usage.ts';
import { marginByModel } from './margin-by-model.ts';
import { marginOverTime } from './margin-over-time.ts';
import type { MarginLine } from './margin-line.ts';
import { marginReport } from './margin-report.ts';
import { createBooks, post, rollUpAll } from './testing/books.ts';

let books: TestDatabase;
beforeAll(async () => {
  books = await createBooks();
});
afterAll(() => books.drop());

const at = (when: string): Temporal.Instant => Temporal.Instant.from(when);
const span = (from: string, to: string) => ({ from: at(from), to: at(to) });

function text(lines: readonly MarginLine[]): string[] {
  return lines.map(
    ({ key, revenue, fees, cost, margin_ratio }) =>
      `${key} ${revenue.currency}: ${formatAmount(revenue)} - ${formatAmount(fees)} - ${formatAmount(cost)} (${margin_ratio})`,
  );
}

interface Call {
  readonly at: string;
  readonly plan: string;
  readonly workspace?: WorkspaceId;
  /** Each provider call in order: model, what it cost, how it ended. */
  readonly attempts: readonly (readonly [model: string, cost: bigint | null, outcome: string])[];
  readonly cost: bigint;
  readonly credits: bigint;
  readonly unit?: string;
}

/** A settlement: its postings and attempts in one transaction, as the meters write them. */
async function settle(pool: Pool, call: Call): Promise<void> {
  const hold: HoldId = newId<'hold'>();
  const workspace = call.workspace ?? newId<'workspace'>();
  await transaction(pool, async (connection) => {
    const entry = { at: call.at, plan: call.plan, workspace, hold };
    if (call.cost > 0n)
      await post(connection, { ...entry, debit: 'cost', credit: 'payable:acme', amount: call.cost, unit: call.unit ?? 'USD' });
    if (call.credits > 0n)
      await post(connection, { ...entry, debit: 'wallet', credit: 'spent', amount: call.credits, unit: 'credit' });
    const attempts = call.attempts.map(([model, cost, outcome], index) => ({
      workspace_id: workspace,
      hold_id: hold,
      ordinal: index + 1,
      actor: 'key:1',
      operation: 'chat',
      kind: 'text',
      provider: 'acme',
      model,
      started_at: call.at,
      duration_ms: 7,
      outcome,
      usage: null,
      cost: cost === null ? null : Number(cost),
      cost_unit: cost === null ? null : 'USD',
    }));
    await connection.query('select ledger.record_attempts($1)', [JSON.stringify(attempts)]);
  });
}

const revenue = (when: string, plan: string, amount: bigint, fees = 0n) =>
  Promise.all([
    post(books.pool, { at: when, plan, debit: 'receivable', credit: 'revenue:subscription', amount, unit: 'USD' }),
    ...(fees > 0n
      ? [post(books.pool, { at: when, plan, debit: 'fees', credit: 'payable:payments', amount: fees, unit: 'USD' })]
      : []),
  ]);

describe('C8: margin by model', () => {
  beforeAll(async () => {
    const day = '2026-02-10T08:00:00Z';
    await revenue(day, 'PRO', 100_000_000_000n, 3_000_000_000n);
    await revenue(day, 'STARTER', 5_000_000_000n);
    await settle(books.pool, {
      at: day,
      plan: 'PRO',
      attempts: [['flash', 1_000_000_000n, 'ok']],
      cost: 1_000_000_000n,
      credits: 30n,
    });
    // The first provider billed a third before it failed; the one that served bears the rest, and what the division leaves.
    await settle(books.pool, {
      at: day,
      plan: 'PRO',
      attempts: [
        ['flash', 1n, 'failed'],
        ['pro', 2n, 'ok'],
      ],
      cost: 10_000_000_000n,
      credits: 70n,
    });
    await settle(books.pool, { at: day, plan: 'PRO', attempts: [['local', null, 'ok']], cost: 0n, credits: 100n });
    await post(books.pool, {
      at: day,
      plan: 'PRO',
      debit: 'unreconciled',
      credit: 'payable:acme',
      amount: 500_000_000n,
      unit: 'USD',
    });
    await settle(books.pool, { at: '2026-03-01T00:00:00Z', plan: 'PRO', attempts: [['flash', 5n, 'ok']], cost: 5n, credits: 1n });
  });

  describe.each(['live', 'rolled up'])('%s', (state) => {
    beforeAll(async () => {
      if (state === 'rolled up') await rollUpAll(books.pool);
    });

    test('a model earns the part of a plan’s revenue that its credits were, and bears its own cost', async () => {
      expect(text(await marginByModel(books.pool, span('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')))).toEqual([
        'none USD: 5 - 0 - 0.5 (0.9)',
        'acme/flash USD: 15 - 0.45 - 4.333333333 (0.681111)',
        'acme/pro USD: 35 - 1.05 - 6.666666667 (0.779523)',
        'acme/local USD: 50 - 1.5 - 0 (0.97)',
      ]);
    });

    test('month by month, oldest first, the ends cut where they are asked', async () => {
      expect(text(await marginOverTime(books.pool, span('2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z'), 'month'))).toEqual([
        '2026-02 USD: 105 - 3 - 11.5 (0.861904)',
        '2026-03 USD: 0 - 0 - 0.000000005 (null)',
      ]);
      expect(await marginOverTime(books.pool, span('2026-02-10T08:00:01Z', '2026-02-28T00:00:00Z'), 'month')).toEqual([]);
    });

    test('C11: what was used on each day', async () => {
      const days = await dailyUsage(books.pool, span('2026-02-01T00:00:00Z', '2026-03-02T00:00:00Z'));
      expect(
        days.map((day) => [day.day, day.calls, day.calls_failed, day.credits_spent, day.workspaces, day.cost.map(formatAmount)]),
      ).toEqual([
        ['2026-02-10', 3n, 1n, 200n, 4n, ['11.5']],
        ['2026-03-01', 1n, 0n, 1n, 1n, ['0.000000005']],
      ]);
    });
  });
});

describe('C8: whatever is rolled up, models and months add up to the report by plan, to the nano', () => {
  const plans = ['PRO', 'BUSINESS', 'STARTER'];
  const models = ['flash', 'pro', 'local'];
  const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
  const call = fc.record({
    plan: fc.constantFrom(...plans),
    unit: fc.constantFrom('USD', 'EUR'),
    day: fc.integer({ min: 0, max: 60 }),
    cost: amount,
    credits: fc.bigInt({ min: 0n, max: 50n }),
    attempts: fc.array(
      fc.tuple(fc.constantFrom(...models), fc.option(fc.bigInt({ min: 0n, max: 1_000n })), fc.constantFrom('ok', 'failed')),
      { maxLength: 3 },
    ),
  });

  test('with fallbacks, unresolved calls, plans without use and free models', async () => {
    let year = 2030;
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.constantFrom(...plans), amount), { maxLength: 4 }),
        fc.nat({ max: 12 }),
        async (calls, paid, rolled_after) => {
          const begin = at(`${++year}-01-01T00:00:00Z`);
          const end = at(`${year + 1}-01-01T00:00:00Z`);
          for (const [plan, price] of paid) if (price > 0n) await revenue(begin.toString(), plan, price, price / 30n);
          for (const [index, { day, ...one }] of calls.entries()) {
            if (index === rolled_after) await rollUpAll(books.pool);
            await settle(books.pool, { ...one, at: begin.add({ hours: day * 24 + 3 }).toString() });
          }
          const wanted = totals(await marginReport(books.pool, { from: begin, to: end, by: 'plan' }));
          expect(totals(await marginByModel(books.pool, { from: begin, to: end }))).toEqual(wanted);
          expect(totals(await marginOverTime(books.pool, { from: begin, to: end }, 'month'))).toEqual(wanted);
        },
      ),
      { numRuns: 25 },
    );
  });
});

function totals(lines: readonly MarginLine[]): Record<string, bigint[]> {
  const sums: Record<string, bigint[]> = {};
  for (const { revenue: earned, fees, cost } of lines) {
    const before = sums[earned.currency] ?? [0n, 0n, 0n];
    sums[earned.currency] = [earned.nanos, fees.nanos, cost.nanos].map((nanos, index) => nanos + (before[index] ?? 0n));
  }
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum.some((nanos) => nanos !== 0n)));
}
