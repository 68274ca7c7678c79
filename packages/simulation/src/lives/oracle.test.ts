import { describe, expect, test } from 'vitest';

import { LIVES_TERMS } from './lives-catalog.ts';
import type { Fact } from './facts.ts';
import { type Books, judge, type Seen } from './oracle.ts';

const DAY = 86_400;
const EUR = 1_000_000_000n;
const nanos = (euro: string): bigint => BigInt(Math.round(Number(euro) * 1e6)) * 1_000n;

const paid = (more: Partial<Extract<Fact, { is: 'collected' }>> = {}): Fact => ({
  is: 'collected',
  at: 0,
  invoice: 'in_1',
  subscription: 'sub',
  currency: 'eur',
  plan: 'PRO',
  gross: 1599,
  tax: 0,
  for_plan: 1599,
  slices: [{ from: 0, to: 31 * DAY, part: 1 }],
  event: 'paid',
  plain: true,
  ...more,
});
const state = (at: number, status: string, event: string, serves = true): Fact => ({
  is: 'state',
  at,
  subscription: 'sub',
  serves,
  status,
  plan: 'PRO',
  told_by: [event],
});
const back = (at: number, gross: number, more: Partial<Extract<Fact, { is: 'returned' }>> = {}): Fact => ({
  is: 'returned',
  at,
  object: 're',
  invoice: 'in_1',
  gross,
  told_by: ['back'],
  back: undefined,
  ...more,
});
const told = (day: number, ...events: string[]): Seen[] =>
  events.map((event) => ({ is: 'told', at: day * DAY, event, outcome: 'applied' }));
const spent = (day: number, euro: string): Seen => ({ is: 'called', at: day * DAY, cost: nanos(euro), refused: undefined });
const all = (day: number): Seen => ({ is: 'spent_all', at: day * DAY });
const rules = (facts: readonly Fact[], seen: readonly Seen[], books?: Books): string[] =>
  judge(facts, seen, books, LIVES_TERMS).map(({ rule }) => rule);
const books = (revenue: string, credits: bigint, tax = '0'): Books => ({
  revenue: new Map([['EUR', nanos(revenue)]]),
  tax: new Map([['EUR', nanos(tax)]]),
  credits_granted: credits,
});

describe('the oracle, by lives reckoned by hand', () => {
  test('€15.99 allow €13.5915, to the nano', () => {
    expect(rules([paid()], [spent(1, '13.5915')])).toEqual([]);
    expect(rules([paid()], [{ ...spent(1, '13.5915'), cost: 13_591_500_001n } as Seen])).toEqual(['cost']);
  });

  test('two ceilings for one payment are found, however old the workspace is', () => {
    expect(rules([paid()], [spent(1, '13.59'), spent(3, '9.76')])).toEqual(['cost']);
  });

  test('before money came in nothing may be spent, whatever a subscription is called', () => {
    expect(rules([paid({ at: 5 * DAY }), state(0, 'active', 'made')], [...told(0, 'made'), spent(1, '0.01')])).toEqual(['cost']);
  });

  test('what a proration collected allows its part: $4.29 of $149 are not a second plan', () => {
    const more = paid({
      invoice: 'in_2',
      at: 30 * DAY,
      plan: 'GLOBAL',
      currency: 'usd',
      gross: 429,
      for_plan: 429,
      slices: [{ from: 30 * DAY, to: 31 * DAY, part: 1 }],
      plain: false,
    });
    // 13.5915 + 4.29 × 0.94 × 0.85 = 17.01921
    expect(rules([paid(), more], [spent(30, '17.0192')])).toEqual([]);
    expect(rules([paid(), more], [spent(30, '39.81')])).toEqual(['cost']);
  });

  test('tax in a price and fees of its gross are ours to give away: 13.44 allow 11.424; 149 with 25 % on top allow 120.94875', () => {
    const taxed = paid({ tax: 255, for_plan: 1344 });
    expect(rules([taxed], [spent(1, '11.424')], books('13.44', 1260n, '2.55'))).toEqual([]);
    expect(rules([taxed], [spent(1, '11.43')], books('18.54', 1500n, '2.55'))).toEqual(['cost', 'revenue', 'credits']);
    const dear = paid({ plan: 'BUSINESS', gross: 18_625, tax: 3_725, for_plan: 14_900 });
    expect(rules([dear], [spent(1, '120.948')])).toEqual([]);
    expect(rules([dear], [spent(1, '122.02')])).toEqual(['cost']);
  });

  test('a year is a twelfth a month, and what one month left is not the next one’s', () => {
    const months = Array.from({ length: 12 }, (_, n) => ({ from: n * 30 * DAY, to: (n + 1) * 30 * DAY, part: 1 }));
    const year = paid({ gross: 12_000, for_plan: 12_000, slices: months });
    expect(rules([year], [spent(1, '8.5'), spent(31, '8.5')])).toEqual([]);
    expect(rules([year], [spent(1, '9')])).toEqual(['cost']);
    // Of three months 25.5 are released; what the first left may not be spent in the third.
    expect(rules([year], [spent(61, '18')])).toEqual(['window']);
  });

  test('what a month left may be spent until the next one is paid, and only once', () => {
    const next = paid({ invoice: 'in_2', at: 34 * DAY, event: 'paid 2', slices: [{ from: 31 * DAY, to: 59 * DAY, part: 1 }] });
    expect(rules([paid(), next], [spent(10, '5'), spent(32, '8.5'), spent(35, '13.5')])).toEqual([]);
    expect(rules([paid(), next], [spent(10, '13'), spent(32, '8.5'), spent(35, '13.5')])).toEqual(['cost', 'cost']);
  });

  test('what went back counts from when we were told, and again when it came back', () => {
    const half = back(5 * DAY, 800);
    expect(rules([paid(), half], [spent(6, '13.5')])).toEqual([]);
    expect(rules([paid(), half], [...told(6, 'back'), spent(7, '6.80')])).toEqual(['cost']);
    expect(rules([paid(), half], [...told(6, 'back'), spent(7, '6.79')], books('7.99', 749n))).toEqual([]);
    const won = back(5 * DAY, 1599, { back: { at: 8 * DAY, told_by: ['won'] } });
    expect(rules([paid(), won], [...told(6, 'back'), spent(7, '1'), spent(9, '12')], books('15.99', 1500n))).toEqual(['cost']);
  });

  test('a subscription that is known to be paused, unpaid or ended serves nobody; one that ended before we were told does', () => {
    for (const status of ['paused', 'unpaid', 'canceled']) {
      const facts = [paid(), state(0, 'active', 'made'), state(5 * DAY, status, 'over', false)];
      expect(rules(facts, [...told(0, 'made'), spent(6, '1')])).toEqual([]);
      expect(rules(facts, [...told(0, 'made'), ...told(6, 'over'), spent(7, '1')])).toEqual(['serves']);
    }
  });

  test('who came back with another subscription is served by the money of it, though nothing else of it was told yet', () => {
    const again = paid({
      invoice: 'in_2',
      subscription: 'sub 2',
      at: 6 * DAY,
      event: 'paid again',
      slices: [{ from: 6 * DAY, to: 37 * DAY, part: 1 }],
    });
    const facts = [paid(), state(0, 'active', 'made'), state(5 * DAY, 'canceled', 'over', false), again];
    expect(rules(facts, [...told(0, 'made', 'paid'), ...told(6, 'over', 'paid again'), spent(7, '1')])).toEqual([]);
  });

  test('who has paid is served, whichever of two events of one second was believed', () => {
    const facts = [state(0, 'incomplete', 'made', false), state(0, 'active', 'made active'), paid()];
    const heard = told(0, 'made', 'made active', 'paid');
    expect(rules(facts, [...heard, all(1)])).toEqual(['underserved']);
    expect(rules(facts, [...heard, spent(1, '12.3'), all(1)])).toEqual([]);
    // Not told yet, or given back: nothing is owed.
    expect(rules(facts, [...told(0, 'made'), all(1)])).toEqual([]);
  });

  test('a coupon to zero, or a balance that nobody paid for, allows nothing and books nothing', () => {
    expect(rules([state(0, 'active', 'made')], [...told(0, 'made'), spent(1, '13.59')], books('15.99', 1500n))).toEqual([
      'cost',
      'revenue',
      'credits',
    ]);
    expect(rules([state(0, 'active', 'made')], [...told(0, 'made')], books('0', 0n))).toEqual([]);
  });

  test('a trial may cost what its plan says, once, and no trial of another plan does', () => {
    expect(rules([state(0, 'trialing', 'made')], [...told(0, 'made'), spent(1, '2')], books('0', 150n))).toEqual([]);
    expect(
      rules([state(0, 'trialing', 'made')], [...told(0, 'made'), spent(1, '2'), spent(40, '0.01')], books('0', 151n)),
    ).toEqual(['cost', 'credits']);
  });

  test('money of another currency is booked in it, and allows what it is worth', () => {
    const dollars = paid({ currency: 'usd', gross: 1749, for_plan: 1749 });
    const booked: Books = { revenue: new Map([['USD', 17_490_000_000n]]), tax: new Map(), credits_granted: 1542n };
    // 17.49 × 0.94 × 0.85 = 13.97451
    expect(rules([dollars], [spent(1, '13.97')], booked)).toEqual([]);
    expect(rules([dollars], [spent(1, '13.98')], { ...booked, revenue: new Map([['EUR', 15n * EUR]]) })).toEqual([
      'cost',
      'revenue',
      'revenue',
    ]);
  });
});
