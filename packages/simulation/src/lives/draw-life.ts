import { unreachable } from '@purser/core';

import { Random } from '../random.ts';
import type { Coupon, AuditEvent, DunningEnd, Life, Proration } from './life.ts';

/** Few beginnings, so that many lives share a step; among them the ends of a month. */
const BEGINS_DAYS = [0, 1, 5, 13, 14, 15, 16, 20] as const;
const DAY_S = 86_400;
const STEPS_DAY = 4;
const DAYS_MONTH = 30;
const LATE_STEPS_MAX = 12;
const EVENTS_DRAWN = 40;
const ENDS: readonly DunningEnd[] = ['canceled', 'unpaid', 'past_due', 'uncollectible'];
const PRORATIONS: readonly Proration[] = ['at_once', 'next', 'none'];

export interface LivesWeights {
  readonly plans: readonly { readonly code: string; readonly weight: number }[];
  /** By plan, currencies it can be paid in besides its own. */
  readonly foreign: Readonly<Record<string, readonly string[]>>;
  /** How many months a life has, and how often. */
  readonly months: readonly (readonly [months: number, weight: number])[];
  readonly deeds_max: number;
  readonly spends_max: number;
}

/** The n-th life of a seed: the same for ever, whatever other lives are drawn. */
export function drawLife(seed: number, n: number, weights: LivesWeights): Life {
  const draw = new Draw(new Random(seed * 1_000_003 + n));
  const months = draw.weighted(...weights.months);
  const plan = draw.weighted(...weights.plans.map(({ code, weight }) => [code, weight] as const));
  const shape = draw.weighted(['current', 6], ['old', 2], ['sparse', 3]);
  const sparse = shape === 'sparse';
  const yearly = !sparse && draw.chance(0.1);
  const trial_days = draw.chance(0.12) ? draw.one([7, 14, 30]) : 0;
  const foreign = weights.foreign[plan] ?? [];
  const days = months * DAYS_MONTH + trial_days;
  return {
    begins_day: draw.one(BEGINS_DAYS),
    begins_second: draw.chance(0.4) ? 0 : draw.below(DAY_S),
    age_days: draw.chance(0.5) ? 0 : draw.below(45),
    months,
    plan,
    shape,
    yearly,
    quantity: draw.chance(0.15) ? draw.one([2, 3, 5]) : 1,
    currency: foreign.length > 0 && draw.chance(0.1) ? draw.one(foreign) : undefined,
    tax: draw.chance(0.3) ? { percent: draw.one([7, 19, 25]), inclusive: draw.chance(0.5) } : undefined,
    coupon: draw.chance(0.15) ? drawCoupon(draw) : undefined,
    trial_days,
    sent: draw.chance(0.08) ? { paid_after: draw.one([0, 2, 10, 'never'] as const), end: draw.one(ENDS) } : undefined,
    first: draw.weighted(['at_once', 8], ['two_steps', 4], ['authenticated', 2], ['fails', 1]),
    metered: !sparse && draw.chance(0.05) ? draw.below(3_000) : 0,
    silent: draw.chance(0.3),
    tells: draw.weighted(['least', 14], ['much', 5], ['all', 1]),
    deeds: drawDeeds(draw, days, weights, sparse),
    late: draw.chance(0.5) ? drawPlaces(draw, draw.chance(0.2) ? EVENTS_DRAWN : 3) : [],
    doubled: draw.chance(0.3) ? drawPlaces(draw, 2) : [],
    spends: drawSpends(draw, days, weights.spends_max),
    shuffle: draw.below(1_000_000),
    at_once: draw.chance(0.2),
  };
}

function drawCoupon(draw: Draw): Coupon {
  const invoices = draw.one([1, 3, 99]);
  return draw.chance(0.7) ? { percent: draw.one([10, 50, 100]), invoices } : { amount: draw.one([300, 1599]), invoices };
}

/** None or a few, most of a life apart; what undoes another comes after it. */
function drawDeeds(draw: Draw, days: number, weights: LivesWeights, sparse: boolean): (readonly [number, AuditEvent])[] {
  if (draw.chance(0.2)) return [];
  const deeds = Array.from({ length: 1 + draw.below(weights.deeds_max) }, (): (readonly [number, AuditEvent])[] => {
    const day = draw.chance(0.3) ? draw.below(days * 4) / 4 : draw.below(days * 1_000) / 1_000;
    const later = day + 1 + draw.below(12);
    return drawDeed(draw, day, later, weights, sparse);
  });
  return deeds.flat().toSorted(([one], [other]) => one - other);
}

function drawDeed(
  draw: Draw,
  day: number,
  later: number,
  { plans }: LivesWeights,
  sparse: boolean,
): (readonly [number, AuditEvent])[] {
  const how = draw.one(PRORATIONS);
  const paid = draw.chance(0.75);
  const plan = draw.one(plans).code;
  // What an invoice without lines is of, and for how long, nobody can know of a year.
  const interval: AuditEvent = sparse ? { is: 'card' } : { is: 'interval', yearly: draw.chance(0.7), paid };
  const kind = drawKind(draw);
  switch (kind) {
    case 'change':
      return [[day, { is: 'change', plan, how, paid }]];
    case 'change back':
      return [
        [day, { is: 'change', plan, how, paid }],
        [later, { is: 'change', plan: draw.one(plans).code, how: draw.one(PRORATIONS), paid: true }],
      ];
    case 'quantity':
      return [[day, { is: 'change', quantity: draw.one([1, 2, 5]), how, paid }]];
    case 'interval':
      return [[day, interval]];
    case 'fails':
      return [
        [day, { is: 'fails', until: draw.one([1, 2, 3, 'never'] as const), end: draw.one(ENDS) }],
        ...(draw.chance(0.4) ? [[later + DAYS_MONTH, { is: 'card' }] as const] : []),
      ];
    case 'pause_collection':
      return [
        [day, { is: 'pause_collection', as: draw.one(['keep_as_draft', 'mark_uncollectible', 'void'] as const) }],
        ...(draw.chance(0.5) ? [[later, { is: 'resume_collection' }] as const] : []),
      ];
    case 'pause':
      return [[day, { is: 'pause' }], ...(draw.chance(0.6) ? [[later, { is: 'resume' }] as const] : [])];
    case 'cancel':
      return [
        [day, { is: 'cancel' }],
        ...(draw.chance(0.4) ? [[later, { is: 'return' }] as const] : []),
        ...(draw.chance(0.3) ? [[later + 0.5, { is: 'pay_open' }] as const] : []),
      ];
    case 'refund':
    case 'dispute':
    case 'credit_note':
      return drawGoingBack(draw, kind, day, later);
    case 'gift_balance':
      return [[day, { is: 'gift_balance', amount: draw.one([500, 1599, 20_000]) }]];
    case 'card':
    case 'cancel_at_end':
    case 'return':
    case 'second':
    case 'pay_open':
    case 'uncollectible':
      return [[day, { is: kind }]];
    default:
      return unreachable(kind);
  }
}

/** What happens, and how often beside the rest. */
function drawKind(draw: Draw) {
  return draw.weighted(
    ['change', 5],
    ['change back', 2],
    ['quantity', 2],
    ['interval', 1],
    ['card', 2],
    ['fails', 4],
    ['pause_collection', 1],
    ['pause', 1],
    ['cancel', 1.5],
    ['cancel_at_end', 1],
    ['return', 1.5],
    ['second', 0.7],
    ['refund', 3],
    ['dispute', 2],
    ['credit_note', 1],
    ['gift_balance', 0.7],
    ['pay_open', 1.5],
    ['uncollectible', 0.7],
  );
}

/** Money goes back. */
function drawGoingBack(
  draw: Draw,
  kind: 'refund' | 'dispute' | 'credit_note',
  day: number,
  later: number,
): (readonly [number, AuditEvent])[] {
  switch (kind) {
    case 'refund':
      return [
        [
          day,
          { is: 'refund', percent: draw.one([20, 37, 50, 100]), ...(draw.chance(0.25) && { fails_after: 1 + draw.below(9) }) },
        ],
        ...(draw.chance(0.3) ? [[later, { is: 'refund', percent: 50 }] as const] : []),
      ];
    case 'dispute':
      return [
        [
          day,
          {
            is: 'dispute',
            foreign: draw.chance(0.4),
            result: draw.one(['won', 'lost', 'open'] as const),
            after: 1 + draw.below(20),
            fee: draw.one([0, 1_500]),
          },
        ],
      ];
    case 'credit_note':
      return [[day, { is: 'credit_note', percent: draw.one([20, 50]), to: draw.one(['balance', 'refund'] as const) }]];
    default:
      return unreachable(kind);
  }
}

/** Places among its first events, and how many steps late each comes: up to three days. */
function drawPlaces(draw: Draw, places_max: number): (readonly [number, number])[] {
  const places = new Map<number, number>();
  for (let n = 1 + draw.below(places_max); n > 0; n--)
    places.set(draw.below(draw.chance(0.6) ? 8 : EVENTS_DRAWN), draw.below(LATE_STEPS_MAX + 1));
  return [...places].toSorted(([one], [other]) => one - other);
}

function drawSpends(draw: Draw, days: number, spends_max: number): (readonly [number, number])[] {
  const spends = new Map<number, number>();
  for (let n = 1 + draw.below(spends_max); n > 0; n--)
    spends.set(draw.below(days * STEPS_DAY), draw.chance(0.8) ? 1 : draw.one([0.01, 0.1, 0.5]));
  // At the end there is always somebody who takes what is left.
  spends.set(days * STEPS_DAY, 1);
  return [...spends].toSorted(([one], [other]) => one - other);
}

class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(probability: number): boolean {
    return this.#random.chance(probability);
  }

  below(max: number): number {
    return Math.floor(this.#random.uniform() * max);
  }

  one<const T>(choices: readonly T[]): T {
    return this.#random.weighted(choices.map((choice) => [choice, 1] as const));
  }

  weighted<const T>(...choices: readonly (readonly [T, number])[]): T {
    return this.#random.weighted(choices);
  }
}
