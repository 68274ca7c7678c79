import { currency, type ExchangeRates, formatMoney, money, parseMoney, parseRatio } from '@purser/money';
import { describe, expect, test } from 'vitest';

import { isBudgeted } from './budgeted.ts';
import type { Plan } from './catalog.ts';
import { admissionCapOf, allowanceOf, paymentFees, saleOf, type SaleTerms, spentAtMost } from './ceiling.ts';

const EUR = currency('EUR');
const eur = (text: string) => parseMoney(text, 'EUR');
const fx: ExchangeRates = {
  as_of: Temporal.Instant.from('2026-11-01T00:00Z'),
  buffer: parseRatio('0.02'),
  rates: new Map([['USD/EUR', parseRatio('0.94')]]),
};
const terms = (more: Partial<SaleTerms> = {}): SaleTerms => ({
  margin: parseRatio('0.15'),
  payment_fees: { percent: parseRatio('0.03'), fixed: eur('0.3') },
  tax: { max: parseRatio('0.27'), behavior: 'exclusive' },
  ...more,
});

describe('what the payment service keeps', () => {
  test('is a share, rounded up, and a fixed part of each payment, however small; of no payment it is nothing', () => {
    expect(formatMoney(paymentFees(eur('10'), terms().payment_fees))).toBe('0.6 EUR');
    expect(paymentFees(money(1n, EUR), terms().payment_fees).nanos).toBe(300_000_001n);
    expect(paymentFees(money(0n, EUR), terms().payment_fees).nanos).toBe(0n);
  });
});

describe('what a sale allows to be spent', () => {
  test('rounds against us at every step: tax and fees up, net and allowance down', () => {
    const on_top = saleOf(money(1n, EUR), terms());
    expect([on_top.gross.nanos, on_top.net.nanos, on_top.fees.nanos, on_top.allowance.nanos]).toEqual([
      2n,
      1n,
      300_000_001n,
      -300_000_001n,
    ]);
    const inside = saleOf(money(100n, EUR), terms({ tax: { max: parseRatio('0.27'), behavior: 'inclusive' } }));
    // 100 ÷ 1.27 = 78.7…, of which 15 % remain: 66.3
    expect([inside.gross.nanos, inside.net.nanos, inside.allowance.nanos + inside.fees.nanos]).toEqual([100n, 78n, 66n]);
  });

  test('of a plan without a price is what it states for marketing, and nothing where it states nothing', () => {
    const plan = { ...terms(), price: money(0n, EUR) };
    expect(allowanceOf(plan)).toEqual(money(0n, EUR));
    expect(allowanceOf({ ...plan, marketing_budget: eur('3') })).toEqual(eur('3'));
    expect(allowanceOf({ ...plan, price: money(1n, EUR), marketing_budget: eur('3') }).nanos).toBe(-300_000_001n);
  });
});

describe('what is admitted of a ceiling', () => {
  const cap = (ceiling: bigint, reserve: bigint, usd?: bigint, hardStop = true) => {
    const cost_caps = { ...(usd !== undefined && { monthlyUsd: money(usd, currency('USD')) }), hardStop };
    const { cap: admitted, capped } = admissionCapOf(
      { overrun_reserve: money(reserve, EUR), cost_caps } as Plan,
      money(ceiling, EUR),
      fx,
    );
    return [admitted.nanos, capped];
  };

  test('is it less the reserve, never below nothing', () => {
    expect(cap(10n, 3n)).toEqual([7n, false]);
    expect(cap(3n, 3n)).toEqual([0n, false]);
    expect(cap(2n, 3n)).toEqual([0n, false]);
  });

  test('and no more than a hard stop, in its currency rounded down; one that is not below it changes nothing', () => {
    expect(cap(100n, 0n, 99n)).toEqual([93n, true]);
    expect(cap(94n, 0n, 100n)).toEqual([94n, false]);
    expect(cap(93n, 0n, 100n)).toEqual([93n, false]);
    expect(cap(95n, 0n, 100n)).toEqual([94n, true]);
    expect(cap(95n, 0n, 100n, false)).toEqual([95n, false]);
  });

  test('and is spent with the reserve, but where nothing is admitted', () => {
    const reserve = { overrun_reserve: money(3n, EUR) };
    expect([spentAtMost(money(0n, EUR), reserve).nanos, spentAtMost(money(1n, EUR), reserve).nanos]).toEqual([0n, 4n]);
  });
});

test('S4: a global budget bounds what no payment covers, or all where the catalog says so', () => {
  const budget = (covers: 'all' | 'unpaid') => ({ globalBudget: { amount: eur('1'), window: 'month' as const, covers } });
  const [free, paid] = [{ price: money(0n, EUR) }, { price: money(1n, EUR) }];
  expect([isBudgeted(budget('unpaid'), free), isBudgeted(budget('unpaid'), paid)]).toEqual([true, false]);
  expect([isBudgeted(budget('all'), free), isBudgeted(budget('all'), paid)]).toEqual([true, true]);
  expect([isBudgeted({}, free), isBudgeted({}, paid)]).toEqual([false, false]);
});
