import { checkSize } from '@purser/core/testing';
import {
  drawLife,
  type Life,
  LIVES_TERMS,
  type OpenWorld,
  PLAIN_LIFE,
  SHORT_LIVES,
  storiesOf,
  storyOf,
  tryLives,
} from '@purser/simulation';
import { expect, test } from 'vitest';

import { openLivesWorld } from './testing-lives.ts';

const DAY = 4;
/** It spends all it can on these days of its life. */
const onDays = (...days: readonly number[]): Life['spends'] => days.map((day) => [day * DAY, 1] as const);
/** Every fifth day, and at the ends of both months. */
const OFTEN = onDays(0.25, 5, 10, 15, 20, 25, 27, 27.5, 28, 28.25, 30, 31, 31.25, 35, 40, 45, 50, 55, 59, 60, 61, 62);

/** What was found on the running product, as lives. */
const NAMED: Readonly<Record<string, Partial<Life>>> = {
  'a workspace that is a month old pays on its 29th day': { age_days: 29, spends: OFTEN },
  'an upgrade by a proration on the last day, and back': {
    tells: 'much',
    deeds: [
      [30, { is: 'change', plan: 'BUSINESS', how: 'at_once', paid: true }],
      [30.6, { is: 'change', plan: 'PRO', how: 'at_once', paid: true }],
    ],
    spends: onDays(29, 30.25, 30.5, 30.75, 31, 31.5),
  },
  'an upgrade on the last days that nobody paid for yet': {
    deeds: [[28, { is: 'change', plan: 'BUSINESS', how: 'next', paid: true }]],
    spends: onDays(27, 28.25, 30, 31, 31.5),
  },
  'a trial that is paused at its end': {
    trial_days: 14,
    deeds: [[13.9, { is: 'pause' }]],
    spends: onDays(1, 14, 15, 45),
  },
  'a card that is changed after prices were raised': { months: 2, deeds: [[45, { is: 'card' }]], spends: onDays(20, 46, 62) },
  'an invoice that is sent and never paid': {
    plan: 'BUSINESS',
    sent: { paid_after: 'never', end: 'uncollectible' },
    months: 2,
    spends: OFTEN,
  },
  'an invoice that is sent and never paid, until the subscription is unpaid': {
    plan: 'BUSINESS',
    sent: { paid_after: 'never', end: 'unpaid' },
    months: 2,
    spends: OFTEN,
  },
  'an end after a failed payment, and the old invoice paid afterwards': {
    deeds: [
      [20, { is: 'fails', until: 'never', end: 'past_due' }],
      [33, { is: 'cancel' }],
      [35, { is: 'pay_open' }],
    ],
    months: 2,
    spends: onDays(10, 34, 36, 50, 62),
  },
  'incomplete and active within one second, in whatever order their ids sort': { first: 'two_steps', spends: onDays(1) },
  'the same, the other way': { first: 'two_steps', spends: onDays(1), shuffle: 2 },
  'two subscriptions at once': { deeds: [[3, { is: 'second' }]], spends: OFTEN },
  'a price with tax in it': { tax: { percent: 19, inclusive: true }, spends: onDays(10) },
  'tax on top of a price': { tax: { percent: 25, inclusive: false }, plan: 'BUSINESS', spends: onDays(10) },
  'a year': { yearly: true, spends: OFTEN },
  'five seats': { quantity: 5, spends: onDays(10) },
  'a price in another currency than the plan’s': { currency: 'usd', spends: onDays(10) },
  'a coupon to zero': { coupon: { percent: 100, invoices: 99 }, spends: onDays(10, 40) },
  'half the price': { coupon: { percent: 50, invoices: 99 }, spends: onDays(10, 40) },
  'a balance that pays all': { months: 2, deeds: [[10, { is: 'gift_balance', amount: 20_000 }]], spends: onDays(9, 40, 62) },
  'usage billed beside the plan': { months: 2, metered: 3_000, spends: onDays(9, 40) },
  'collection is paused': {
    months: 2,
    deeds: [[10, { is: 'pause_collection', as: 'void' }]],
    spends: onDays(9, 40, 62),
  },
  'a dispute told in another currency': {
    tells: 'much',
    deeds: [[5, { is: 'dispute', foreign: true, result: 'lost', after: 10, fee: 0 }]],
    spends: onDays(4, 6, 20),
  },
  'a dispute that is told before its invoice': {
    deeds: [[0.1, { is: 'dispute', foreign: false, result: 'won', after: 5, fee: 0 }]],
    late: [
      [0, 6],
      [1, 6],
      [2, 6],
    ],
    spends: onDays(1, 3, 10),
  },
  'a refund in two steps, of which one fails': {
    tells: 'much',
    deeds: [
      [5, { is: 'refund', percent: 50 }],
      [7, { is: 'refund', percent: 50, fails_after: 3 }],
    ],
    spends: onDays(4.5, 6, 8, 12),
  },
  'a credit note that stays as a balance': {
    months: 2,
    tells: 'much',
    deeds: [[5, { is: 'credit_note', percent: 50, to: 'balance' }]],
    spends: onDays(10, 40),
  },
  'an interval that changes: the cycle begins again': {
    deeds: [[15, { is: 'interval', yearly: true, paid: true }]],
    spends: onDays(14, 15.5, 30, 31),
  },
};

test('F1: what was found on the running product: no life spends more than its money allows, and none that paid goes unserved', async () => {
  const lives = (['current', 'sparse'] as const).flatMap((shape) =>
    Object.values(NAMED).map((life) => ({ ...PLAIN_LIFE, shape, ...life })),
  );
  // What an invoice without lines is of, and for how long, nobody can know of a year or of usage beside the plan.
  const fit = lives.filter(
    ({ shape, yearly, metered, deeds }) =>
      shape !== 'sparse' || !(yearly || metered > 0 || deeds.some(([, { is }]) => is === 'interval')),
  );
  const { lived, problems } = await tryLives(openLivesWorld, fit);
  const stories = lived.filter(({ broken }) => broken.length > 0).map(storyOf);
  expect([...problems, ...stories].join('\n\n')).toBe('');
}, 600_000);

test('F1: a system that keeps less than the margin is found out, and shown by the plainest life that does it', async () => {
  const { PRO, ...others } = LIVES_TERMS.plans;
  if (PRO === undefined) throw new Error('PRO is for sale');
  const openStricter: OpenWorld = async () => {
    const opened = await openLivesWorld();
    return {
      ...opened,
      world: { ...opened.world, terms: { ...LIVES_TERMS, plans: { ...others, PRO: { ...PRO, margin_percent: 20 } } } },
    };
  };
  const life: Life = {
    ...PLAIN_LIFE,
    tells: 'all',
    age_days: 3,
    late: [[2, 1]],
    deeds: [[5, { is: 'card' }]],
    spends: onDays(2, 9),
  };
  const story = await storiesOf(openStricter, await tryLives(openStricter, [life]));
  expect(story).toContain('1 of 1 lives broke a rule');
  expect(story).toContain('13.5815 spent in all, 12.7920 allowed by what was collected');
  expect(story).toMatch(/^life: \{"spends":\[\[\d+,1\]\]\}$/m);
}, 600_000);

const LIVES = checkSize({ quick: 150, extended: 2_000 });
const SEED = 1;

test('F1: drawn lives, whatever comes of their payments and in whatever order: cost within what was collected, revenue as collected, each grant once', async () => {
  const lives = Array.from({ length: LIVES }, (_, n) => drawLife(SEED, n, SHORT_LIVES));
  expect(await storiesOf(openLivesWorld, await tryLives(openLivesWorld, lives))).toBe('');
}, 1_800_000);
