import type { Catalog } from '@purser/catalog';
import type { GenerateRequest } from '@purser/gate';

import { askForLength } from './played-providers.ts';
import {
  BUYS_EVERY_DAYS,
  CARELESS,
  CHARS_MAX,
  type Kind,
  LENGTH_SPREAD,
  OTHER_PLAN_WEIGHT,
  type Population,
  RATE_SPREAD,
} from './population.ts';
import { Random } from './random.ts';

export interface Customer {
  readonly n: number;
  readonly kind: Kind;
  readonly plan: string;
  readonly paid: boolean;
  readonly timezone: string;
  /** Days from the start of the simulation at which it signs up. */
  readonly joins_day: number;
  /** Events a day: its kind's, and its own share in that. */
  readonly events_day: number;
  /** How long a prompt, and how long an answer, its plan takes. */
  readonly input_chars_max: number;
  readonly output_tokens_max: number;
  /** Its own, so that what befalls another changes nothing of what it does. */
  readonly random: Random;
}

const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Bangkok', 'America/New_York', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'];
/** Seeds of neighbours lie apart. */
const STRIDE = 1_000_003;

/** The same customer for the same seed, number, catalog and population, however many others there are. */
export function drawCustomer(seed: number, catalog: Catalog, population: Population, n: number): Customer {
  const random = new Random(seed + n * STRIDE);
  const { plan_weights, kinds, joins_at_once } = population;
  const plan = random.weighted(catalog.plans.map((one) => [one, plan_weights[one.code] ?? OTHER_PLAN_WEIGHT] as const));
  const kind = random.weighted(kinds.map((one) => [one, one.share] as const));
  return {
    n,
    kind,
    plan: plan.code,
    paid: plan.price.nanos > 0n,
    timezone: random.weighted(ZONES.map((zone) => [zone, 1] as const)),
    joins_day: random.chance(joins_at_once) ? 0 : 7 * (1 + Math.floor(random.uniform() * 3)),
    events_day: random.logNormal(kind.events_day, RATE_SPREAD),
    input_chars_max: plan.request.input_chars_max,
    output_tokens_max: plan.request.output_tokens_max,
    random,
  };
}

/** Null: the payment succeeds. Otherwise after how many days it is paid late; `never` for one that is not. */
export function drawPayment({ random }: Customer, { payment_fails, pays_after_days }: Population): number | 'never' | null {
  return random.chance(payment_fails) ? (random.weighted(pays_after_days) ?? 'never') : null;
}

/** Whether it buys what it is offered, and after how many hours it would again. */
export function drawPurchase({ random, kind }: Customer): { readonly buys: boolean; readonly again_h: number } {
  return { buys: random.chance(kind.buys), again_h: BUYS_EVERY_DAYS * 24 };
}

const OTHERWISE = [
  ['simple', 3],
  ['medium', 1],
] as const;

const SENTENCES =
  'The purser keeps the accounts of the ship and its stores. Nobody sails without one, because what is eaten, burnt and drunk has been paid for by somebody, and the voyage is long. A good purser knows before each meal what is left. ';
const TEXTS = { prose: lengthen(SENTENCES), figures: lengthen('3141592653589793') } as const;
/** Room for what an operation says itself to the model. */
const INSTRUCTIONS_CHARS = 500;

export function drawRequest({ random, kind, input_chars_max, output_tokens_max }: Customer, catalog: Catalog): GenerateRequest {
  const drawn = Math.min(CHARS_MAX, Math.max(20, Math.round(random.logNormal(kind.chars_median, LENGTH_SPREAD))));
  const chars = random.chance(CARELESS) ? drawn : Math.min(drawn, input_chars_max - INSTRUCTIONS_CHARS);
  const answer = Math.max(1, Math.round(random.logNormal(kind.answer_median, LENGTH_SPREAD)));
  return {
    operation: random.weighted(catalog.operations.map(({ name }) => [name, 1] as const)),
    complexity: random.chance(kind.complex) ? 'complex' : random.weighted(OTHERWISE),
    output_tokens_max: Math.max(1, Math.min(answer, output_tokens_max)),
    messages: [{ role: 'user', content: askForLength(answer) + TEXTS[kind.text].slice(0, chars) }],
  };
}

function lengthen(text: string): string {
  return text.repeat(Math.ceil(CHARS_MAX / text.length)).slice(0, CHARS_MAX);
}
