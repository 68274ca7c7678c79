import { newId } from '@purser/database';
import type { TestDatabase } from '@purser/database/testing';
import { formatAmount } from '@purser/money';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { revenueSources } from './agreed-revenue.ts';
import { marginReport } from './margin-report.ts';
import { createBooks, type Entry, post, rollUpAll } from './testing/books.ts';

let books: TestDatabase;
const subscriber = newId<'workspace'>();
const agreedWith = newId<'workspace'>();
const span = {
  from: Temporal.Instant.from('2026-02-01T00:00:00Z'),
  to: Temporal.Instant.from('2026-03-01T00:00:00Z'),
};

beforeAll(async () => {
  books = await createBooks();
  const paid = { workspace: subscriber, plan: 'PRO', at: '2026-02-10T08:00:00Z', unit: 'EUR' };
  const owed = { workspace: agreedWith, plan: 'PRO', at: '2026-02-11T08:00:00Z', unit: 'EUR' };
  const entries: Entry[] = [
    { ...paid, debit: 'collected', credit: 'deferred', amount: 191_880_000_000n },
    { ...paid, debit: 'deferred', credit: 'revenue:subscription', amount: 15_990_000_000n },
    { ...paid, debit: 'receivable', credit: 'revenue:pack:S500', amount: 29_000_000_000n },
    { ...owed, debit: 'receivable', credit: 'revenue:subscription', amount: 15_990_000_000n },
    { ...owed, debit: 'revenue:subscription', credit: 'receivable', amount: 990_000_000n },
    { ...owed, debit: 'receivable', credit: 'revenue:pay_as_you_go', amount: 2_000_000_000n },
    { ...owed, at: '2026-03-01T00:00:00Z', debit: 'receivable', credit: 'revenue:subscription', amount: 15_990_000_000n },
  ];
  for (const entry of entries) await post(books.pool, entry);
});
afterAll(() => books.drop());

async function told(by: 'plan' | 'workspace'): Promise<string[]> {
  const lines = await marginReport(books.pool, { ...span, by });
  const sourcesOf = await revenueSources(books.pool, { ...span, by });
  return lines.map((line) => {
    const { collected, agreed } = sourcesOf(line);
    return `${line.key}: ${formatAmount(line.revenue)} = ${formatAmount(collected)} + ${formatAmount(agreed)}`;
  });
}

describe.each(['live', 'rolled up'])('D5: what was collected and what was only agreed, %s', (state) => {
  beforeAll(async () => {
    if (state === 'rolled up') await rollUpAll(books.pool);
  });

  test('a workspace without a subscription has collected nothing; packs and the months of subscribers are collected', async () => {
    expect(await told('workspace')).toEqual([`${agreedWith}: 17 = 0 + 17`, `${subscriber}: 44.99 = 44.99 + 0`]);
  });

  test('a plan has both, and they add up to its revenue', async () => {
    expect(await told('plan')).toEqual(['PRO: 61.99 = 44.99 + 17']);
  });
});
