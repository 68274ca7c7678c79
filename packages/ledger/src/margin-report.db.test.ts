import type { WorkspaceId } from '@purser/core';
import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { formatAmount } from '@purser/money';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type MarginKey, marginReport } from './margin-report.ts';
import { rollUp } from './roll-up.ts';
import { createBooks, type Entry, post, rollUpAll } from './testing/books.ts';

let books: TestDatabase;
beforeAll(async () => {
  books = await createBooks();
});
afterAll(() => books.drop());

const at = (text: string): Temporal.Instant => Temporal.Instant.from(text);

async function report(by: MarginKey, from: string, to: string): Promise<string[]> {
  const lines = await marginReport(books.pool, { from: at(from), to: at(to), by });
  return lines.map(
    (line) =>
      `${line.key} ${line.revenue.currency}: ${formatAmount(line.revenue)} - ${formatAmount(line.fees)} - ${formatAmount(line.cost)} = ${formatAmount(line.margin)} (${line.margin_ratio})`,
  );
}

describe('C8: margins come from postings alone', () => {
  const anna = newId<'workspace'>();
  const bert = newId<'workspace'>();
  const usd = { unit: 'USD' };
  const eur = { unit: 'EUR' };

  beforeAll(async () => {
    const pro = { workspace: anna, plan: 'PRO', at: '2026-02-10T08:00:00Z' };
    const business = { workspace: bert, plan: 'BUSINESS', at: '2026-02-20T08:00:00Z' };
    const entries: Entry[] = [
      { ...pro, ...eur, debit: 'receivable', credit: 'revenue:subscription', amount: 15_990_000_000n },
      { ...pro, ...eur, debit: 'fees', credit: 'payable:payments', amount: 490_000_000n },
      { ...pro, ...usd, debit: 'cost', credit: 'payable:gemini', amount: 3_000_000_000n, reported: [2_800_000_000n, 'EUR'] },
      { ...pro, ...usd, debit: 'overrun', credit: 'payable:gemini', amount: 100_000_000n, reported: [95_000_000n, 'EUR'] },
      {
        ...pro,
        ...usd,
        debit: 'unreconciled',
        credit: 'payable:gemini',
        amount: 1_000_000_000n,
        reported: [900_000_000n, 'EUR'],
      },
      // Reconciled later: 0.4 of the 0.9 were real, the rest was not.
      { ...pro, ...usd, debit: 'cost', credit: 'unreconciled', amount: 444_444_444n, reported: [400_000_000n, 'EUR'] },
      { ...pro, ...usd, debit: 'payable:gemini', credit: 'unreconciled', amount: 555_555_556n, reported: [500_000_000n, 'EUR'] },
      { ...pro, debit: 'granted:pack:S500', credit: 'wallet', amount: 500n, unit: 'credit' },
      { ...pro, debit: 'wallet', credit: 'spent:pack:S500', amount: 25n, unit: 'credit' },
      { ...pro, debit: 'wallet', credit: 'spent:monthly', amount: 75n, unit: 'credit' },
      { ...pro, ...usd, debit: 'receivable', credit: 'revenue:pack:S500', amount: 29_000_000_000n },
      { ...pro, ...usd, debit: 'fees:pack:S500', credit: 'payable:payments', amount: 1_141_000_000n },
      { ...business, ...usd, debit: 'receivable', credit: 'revenue:subscription', amount: 149_000_000_000n },
      { ...business, ...usd, debit: 'revenue:subscription', credit: 'receivable', amount: 49_000_000_000n },
      { ...business, ...usd, debit: 'cost', credit: 'payable:openai', amount: 120_000_000_000n },
      { workspace: bert, at: '2026-02-28T23:59:59Z', ...usd, debit: 'cost', credit: 'payable:openai', amount: 7n },
      { ...business, ...usd, at: '2026-03-01T00:00:00Z', debit: 'cost', credit: 'payable:openai', amount: 1_000_000_000n },
    ];
    for (const entry of entries) await post(books.pool, entry);
  });

  describe.each(['live', 'rolled up'])('%s', (state) => {
    beforeAll(async () => {
      if (state === 'rolled up') await rollUpAll(books.pool);
    });

    test('per plan and currency, worst first; refunds, overruns and what is still unresolved are in', async () => {
      expect(await report('plan', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')).toEqual([
        'BUSINESS USD: 100 - 0 - 120 = -20 (-0.2)',
        'none USD: 0 - 0 - 0.000000007 = -0.000000007 (null)',
        'PRO EUR: 15.99 - 0.49 - 3.295 = 12.205 (0.763289)',
        'PRO USD: 29 - 1.141 - 0 = 27.859 (0.960655)',
      ]);
    });

    test('per workspace', async () => {
      expect(await report('workspace', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')).toEqual([
        `${bert} USD: 100 - 0 - 120.000000007 = -20.000000007 (-0.200001)`,
        `${anna} EUR: 15.99 - 0.49 - 3.295 = 12.205 (0.763289)`,
        `${anna} USD: 29 - 1.141 - 0 = 27.859 (0.960655)`,
      ]);
    });

    test('per pack, with the part of the cost that its credits were of all credits spent, rounded up', async () => {
      expect(await report('pack', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')).toEqual([
        'S500 EUR: 0 - 0 - 0.82375 = -0.82375 (null)',
        'S500 USD: 29 - 1.141 - 0 = 27.859 (0.960655)',
      ]);
    });

    test('the end of a span is not in it, and a span without postings has no lines', async () => {
      expect(await report('plan', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z')).toEqual([
        'BUSINESS USD: 0 - 0 - 1 = -1 (null)',
      ]);
      expect(await report('plan', '2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z')).toEqual([
        'none USD: 0 - 0 - 0.000000007 = -0.000000007 (null)',
      ]);
      expect(await report('plan', '2026-05-01T00:00:00Z', '2026-04-01T00:00:00Z')).toEqual([]);
    });
  });
});

describe('whatever is rolled up and whatever the span, the report is the sum of the postings in it', () => {
  const YEAR = '2031-01';
  const workspaces = Array.from({ length: 3 }, () => newId<'workspace'>());
  const pairs: [string, string, number, number, number][] = [
    ['receivable', 'revenue:subscription', 1, 0, 0],
    ['revenue:pack:S500', 'receivable', -1, 0, 0],
    ['fees', 'payable:payments', 0, 1, 0],
    ['payable:payments', 'fees:pack:S500', 0, -1, 0],
    ['cost', 'payable:gemini', 0, 0, 1],
    ['overrun', 'payable:gemini', 0, 0, 1],
    ['cost', 'unreconciled', 0, 0, 0],
    ['payable:gemini', 'unreconciled', 0, 0, -1],
  ];
  const minute = fc.integer({ min: 0, max: 5 * 24 * 60 });
  const instant = minute.map((minutes) => at(`${YEAR}-10T00:00:00Z`).add({ minutes }));
  const entry = fc.record({
    at: instant,
    workspace: fc.constantFrom(...workspaces),
    pair: fc.constantFrom(...pairs),
    amount: fc.bigInt(1n, 10n ** 12n),
    plan: fc.constantFrom('PRO', 'BUSINESS'),
    currency: fc.constantFrom('EUR', 'USD'),
  });
  type Drawn = typeof entry extends fc.Arbitrary<infer T> ? T : never;
  const posted: Drawn[] = [];

  function expected(from: Temporal.Instant, to: Temporal.Instant, by: 'plan' | 'workspace'): Map<string, bigint[]> {
    const sums = new Map<string, bigint[]>();
    for (const drawn of posted) {
      if (Temporal.Instant.compare(drawn.at, from) < 0 || Temporal.Instant.compare(drawn.at, to) >= 0) continue;
      const key = `${by === 'plan' ? drawn.plan : drawn.workspace} ${drawn.currency}`;
      const before = sums.get(key) ?? [0n, 0n, 0n];
      sums.set(
        key,
        before.map((sum, index) => sum + BigInt(drawn.pair[2 + index] as number) * drawn.amount),
      );
    }
    for (const [key, sum] of sums) if (sum.every((part) => part === 0n)) sums.delete(key);
    return sums;
  }

  test('over random postings, roll-ups and spans', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        fc.option(fc.record({ account_rows_max: fc.integer({ min: 1, max: 30 }), margin_rows: fc.integer({ min: 1, max: 15 }) })),
        instant,
        instant,
        fc.constantFrom('plan' as const, 'workspace' as const),
        async (entries, sizes, from, to, by) => {
          for (const drawn of entries) {
            const [debit, credit] = drawn.pair;
            const reported: [bigint, string] = [drawn.amount, drawn.currency];
            await post(books.pool, { ...drawn, at: drawn.at.toString(), debit, credit, unit: 'GBP', reported });
            posted.push(drawn);
          }
          if (sizes) await rollUp(books.pool, sizes);
          const lines = await marginReport(books.pool, { from, to, by });
          const sums = lines.map((line): [string, bigint[]] => [
            `${line.key} ${line.revenue.currency}`,
            [line.revenue.nanos, line.fees.nanos, line.cost.nanos],
          ]);
          expect(new Map(sums)).toEqual(expected(from, to, by));
          for (const line of lines) expect(line.margin.nanos).toBe(line.revenue.nanos - line.fees.nanos - line.cost.nanos);
        },
      ),
      { numRuns: 40 },
    );
  });
});

test('a workspace is named by its id and a report takes no currency for another', async () => {
  const workspace: WorkspaceId = newId<'workspace'>();
  for (const unit of ['EUR', 'USD', 'JPY']) {
    await post(books.pool, {
      at: '2040-01-05T00:00:00Z',
      workspace,
      debit: 'receivable',
      credit: 'revenue:subscription',
      amount: 1n,
      unit,
    });
  }
  const lines = await report('workspace', '2040-01-01T00:00:00Z', '2040-02-01T00:00:00Z');
  expect(lines.toSorted()).toEqual(
    ['EUR', 'JPY', 'USD'].map((unit) => `${workspace} ${unit}: 0.000000001 - 0 - 0 = 0.000000001 (1)`),
  );
});
