import { describe, expect, test } from 'vitest';

import { drawLife } from './draw-life.ts';
import type { Fact, Played } from './facts.ts';
import { type Life, PLAIN_LIFE } from './life.ts';
import { LIVES_PRICES, LONG_LIVES } from './lives-catalog.ts';
import { playLife } from './play-life.ts';
import { plainerLives, shrinkLife } from './shrink-life.ts';

const seconds = (text: string): number => Temporal.Instant.from(text).epochMilliseconds / 1000;
const BASE = seconds('2027-01-31T00:00:00Z');
const PRICES = { ...LIVES_PRICES, raised_at: undefined };
const play = (life: Partial<Life>): Played => playLife({ ...PLAIN_LIFE, ...life }, PRICES, BASE, 'x');
const collected = (life: Partial<Life>): Extract<Fact, { is: 'collected' }>[] =>
  play(life).facts.filter((fact) => fact.is === 'collected');
const when = (at: number): string => Temporal.Instant.fromEpochMilliseconds(at * 1000).toString();
const typesOf = (life: Partial<Life>): string[] => play(life).told.map(({ type }) => type);

describe('Stripe, as its documentation says that it goes', () => {
  test('months are counted from the anchor, and money comes an hour after a period began', () => {
    expect(collected({ months: 2 }).map(({ at, gross, slices }) => [when(at), gross, when(slices[0]?.to ?? 0)])).toEqual([
      ['2027-01-31T00:00:00Z', 1599, '2027-02-28T00:00:00Z'],
      ['2027-02-28T01:00:00Z', 1599, '2027-03-31T00:00:00Z'],
      ['2027-03-31T01:00:00Z', 1599, '2027-04-30T00:00:00Z'],
    ]);
  });

  test('months that are over when they are paid are for a month from the payment on, the one under way is for itself', () => {
    const late = collected({
      months: 3,
      sent: { paid_after: 'never', end: 'uncollectible' },
      deeds: [[82, { is: 'pay_open' }]],
    });
    const paid_at = BASE + 82 * 86_400;
    expect(late.map(({ at, slices }) => [at, slices[0]?.from])).toEqual([
      [paid_at, paid_at],
      [paid_at, paid_at],
      [paid_at, seconds('2027-03-31T00:00:00Z')],
    ]);
  });

  test('an upgrade is charged by the second, less what the old plan leaves: half of February of 149.00 for half of 15.99', () => {
    const [, more] = collected({ deeds: [[14, { is: 'change', plan: 'BUSINESS', how: 'at_once', paid: true }]] });
    expect(more).toMatchObject({ gross: 7450 - 800, plan: 'BUSINESS', plain: false, slices: [{ from: BASE + 14 * 86_400 }] });
  });

  test('a downgrade leaves a balance, which pays the next invoices: no money comes in by them', () => {
    const life = { plan: 'BUSINESS', deeds: [[14, { is: 'change', plan: 'PRO', how: 'at_once', paid: true }]] } as const;
    expect(collected({ ...life, months: 3 }).map(({ gross }) => gross)).toEqual([14_900]);
    const paid = play({ ...life, months: 2 }).told.filter(({ type }) => type === 'invoice.paid');
    expect(
      paid.map(({ object }) => [object['total'], object['amount_paid'], object['starting_balance'], object['ending_balance']]),
    ).toEqual([
      [14_900, 14_900, 0, 0],
      [-6650, 0, 0, -6650],
      [1599, 0, -6650, -5051],
      [1599, 0, -5051, -3452],
    ]);
  });

  test('tax within a price is part of it, tax on top is added; a part of the money carries its part of the tax', () => {
    expect(collected({ tax: { percent: 19, inclusive: true } })[0]).toMatchObject({ gross: 1599, tax: 255, for_plan: 1344 });
    expect(collected({ tax: { percent: 25, inclusive: false } })[0]).toMatchObject({ gross: 1999, tax: 400, for_plan: 1599 });
  });

  test('a coupon, seats, a year and a price in another currency', () => {
    expect(collected({ coupon: { percent: 50, invoices: 1 } }).map(({ gross }) => gross)).toEqual([799, 1599]);
    expect(collected({ coupon: { percent: 100, invoices: 99 } })).toEqual([]);
    expect(collected({ quantity: 5 })[0]).toMatchObject({ gross: 7995 });
    expect(collected({ yearly: true }).map(({ gross, slices }) => [gross, slices.length])).toEqual([[15_990, 12]]);
    expect(collected({ currency: 'usd' })[0]).toMatchObject({ gross: 1749, currency: 'usd' });
  });

  test('a trial tells an invoice of nothing, then the month after it', () => {
    expect(typesOf({ trial_days: 7 }).slice(0, 4)).toEqual([
      'customer.subscription.created',
      'invoice.paid',
      'customer.subscription.updated',
      'invoice.paid',
    ]);
    expect(collected({ trial_days: 7 })[0]).toMatchObject({ at: BASE + 7 * 86_400 + 3_600, gross: 1599 });
  });

  test('a card that fails is tried on the 3rd, 8th and 15th day; then the subscription is what dunning makes of it', () => {
    const fails = (until: number | 'never', end: 'canceled' | 'unpaid'): Life['deeds'] => [[20, { is: 'fails', until, end }]];
    const states = (life: Partial<Life>): string[] =>
      play(life).facts.flatMap((fact) => (fact.is === 'state' ? [fact.status] : []));
    expect(collected({ months: 2, deeds: fails(2, 'canceled') }).map(({ at }) => when(at))).toEqual([
      '2027-01-31T00:00:00Z',
      '2027-03-08T01:00:00Z',
      '2027-03-31T01:00:00Z',
    ]);
    expect(states({ months: 2, deeds: fails('never', 'canceled') })).toEqual(['active', 'past_due', 'canceled']);
    expect(states({ months: 2, deeds: fails('never', 'unpaid') })).toEqual(['active', 'past_due', 'unpaid']);
    expect(
      typesOf({ months: 2, deeds: fails('never', 'unpaid') }).filter((type) => type === 'invoice.payment_failed'),
    ).toHaveLength(4);
  });

  test('a dispute told in another currency took the whole payment, and one that was won gave it back', () => {
    const { facts, told } = play({ deeds: [[5, { is: 'dispute', foreign: true, result: 'won', after: 3, fee: 1500 }]] });
    const returned = facts.find((fact) => fact.is === 'returned');
    expect([returned?.gross, returned?.back?.at]).toEqual([1599, BASE + 8 * 86_400]);
    expect(told.find(({ type }) => type === 'charge.dispute.created')?.object).toMatchObject({
      amount: 1375,
      currency: 'gbp',
      balance_transactions: [{ amount: -1599, currency: 'eur', fee: 1500, net: -3099 }],
    });
  });

  test('refunds in steps never give back more than was paid, and are told twice: one by one and as a running total', () => {
    const deeds = [5, 6, 7].map((day) => [day, { is: 'refund', percent: 50 }] as const);
    const charges = play({ deeds }).told.filter(({ type }) => type === 'charge.refunded');
    expect(charges.map(({ object }) => object['amount_refunded'])).toEqual([800, 1599]);
  });

  test('the same life is the same for ever, and no two events of two lives share an id', () => {
    const lives = Array.from({ length: 200 }, (_, n) => drawLife(7, n, LONG_LIVES));
    expect(lives).toEqual(Array.from({ length: 200 }, (_, n) => drawLife(7, n, LONG_LIVES)));
    const told = lives.flatMap((life, n) => playLife(life, PRICES, BASE, String(n)).told.map(({ id }) => id));
    expect(new Set(told).size).toBe(told.length);
  });
});

describe('shrinking', () => {
  test('leaves the plainest life that still breaks', async () => {
    const life = drawLife(1, 5, LONG_LIVES);
    const noisy: Life = {
      ...life,
      deeds: [
        [3, { is: 'card' }],
        [5, { is: 'cancel' }],
        [6, { is: 'return' }],
      ],
      spends: [
        [4, 1],
        [80, 1],
      ],
    };
    const smallest = await shrinkLife(noisy, (lives) =>
      Promise.resolve(lives.map(({ deeds }) => deeds.some(([, { is }]) => is === 'cancel'))),
    );
    expect(smallest).toEqual({ ...PLAIN_LIFE, deeds: [[5, { is: 'cancel' }]] });
    expect(plainerLives(PLAIN_LIFE)).toEqual([]);
  });
});
