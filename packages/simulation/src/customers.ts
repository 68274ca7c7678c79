import type { Catalogue } from '@purser/catalog';
import type { GenerateRequest } from '@purser/gate';

import type { Random } from './random.ts';

/**
 * How a customer behaves. `calls_day` is the rate of a Poisson process; an event of the abusive is a burst of calls at one
 * instant. Prompts are log-normal in words.
 */
export interface Kind {
  readonly name: 'light' | 'regular' | 'heavy' | 'abusive';
  readonly share: number;
  readonly calls_day: number;
  readonly burst: number;
  readonly words_median: number;
  /** How many of its calls ask for the dearest models. */
  readonly complex: number;
}

/** Assumed, not measured: chosen so that a tenth of the customers makes most of the calls, as in subscription businesses. */
const KINDS: readonly Kind[] = [
  { name: 'light', share: 0.7, calls_day: 0.1, burst: 1, words_median: 60, complex: 0.02 },
  { name: 'regular', share: 0.245, calls_day: 0.5, burst: 1, words_median: 150, complex: 0.05 },
  { name: 'heavy', share: 0.05, calls_day: 4, burst: 1, words_median: 400, complex: 0.2 },
  { name: 'abusive', share: 0.005, calls_day: 1, burst: 60, words_median: 1_500, complex: 1 },
];
const WORDS_SPREAD = 0.8;
const WORDS_MAX = 3_000;

/** Of the customers of a catalogue: most pay nothing, few pay much. Codes a catalogue lacks are left out. */
const PLAN_WEIGHTS: Readonly<Record<string, number>> = { FREE: 60, STARTER: 4, PRO: 26, BUSINESS: 8, ENTERPRISE: 2 };
const OTHER_PLAN_WEIGHT = 10;

/** Of the payments that come due, so many fail; the customer pays late, or never. */
const PAYMENT_FAILS = 0.03;
const PAYS_LATE_DAYS = [
  [3, 0.5],
  [10, 0.2],
  [20, 0.15],
  [null, 0.15],
] as const;

export interface Customer {
  readonly n: number;
  readonly kind: Kind;
  readonly plan: string;
  readonly paid: boolean;
  readonly timezone: string;
  /** Days from the start of the simulation at which it signs up. */
  readonly joins_day: number;
}

const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Bangkok', 'America/New_York', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'];

export function drawCustomer(random: Random, catalogue: Catalogue, n: number): Customer {
  const plan = random.weighted(catalogue.plans.map((one) => [one, PLAN_WEIGHTS[one.code] ?? OTHER_PLAN_WEIGHT] as const));
  return {
    n,
    kind: random.weighted(KINDS.map((kind) => [kind, kind.share] as const)),
    plan: plan.code,
    paid: plan.price.nanos > 0n,
    timezone: random.weighted(ZONES.map((zone) => [zone, 1] as const)),
    joins_day: random.chance(0.7) ? 0 : Math.floor(random.uniform() * 28),
  };
}

/** Null: the payment succeeds. Otherwise after how many days it is paid late; `never` for one that is not. */
export function drawPayment(random: Random): number | 'never' | null {
  return random.chance(PAYMENT_FAILS)
    ? (random.weighted(PAYS_LATE_DAYS.map(([days, weight]) => [days, weight] as const)) ?? 'never')
    : null;
}

const OTHERWISE = [
  ['simple', 3],
  ['medium', 1],
] as const;

const TEXT =
  'The purser keeps the accounts of the ship and its stores. Nobody sails without one, because what is eaten, burnt and drunk has been paid for by somebody, and the voyage is long. A good purser knows before each meal what is left. ';
const WORDS = TEXT.trim().split(' ');

export function drawRequest(random: Random, catalogue: Catalogue, { kind }: Customer): GenerateRequest {
  const words = Math.min(WORDS_MAX, Math.max(5, Math.round(random.logNormal(kind.words_median, WORDS_SPREAD))));
  const content = Array.from({ length: words }, (_, n) => WORDS[n % WORDS.length]).join(' ');
  return {
    operation: random.weighted(catalogue.operations.map(({ name }) => [name, 1] as const)),
    complexity: random.chance(kind.complex) ? 'complex' : random.weighted(OTHERWISE),
    messages: [{ role: 'user', content }],
  };
}
