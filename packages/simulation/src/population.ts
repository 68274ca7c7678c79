/**
 * How a customer behaves. Days of work come as a Poisson process of `events_day`, times a rate of the customer's own; each event is
 * `burst` calls at one instant. Lengths are log-normal.
 */
export interface Kind {
  readonly name: string;
  readonly share: number;
  readonly events_day: number;
  readonly burst: number;
  /** Of the prompt, in characters. */
  readonly chars_median: number;
  /** What a played model makes of it: prose is a token every four characters, figures one each, which is the most a hold reckons with. */
  readonly text: 'prose' | 'figures';
  /** How long an answer is asked for, in tokens. */
  readonly answer_median: number;
  /** How many of its calls ask for the dearest models. */
  readonly complex: number;
  /** Who is refused and offered a pack buys it, so often; at most one in `BUYS_EVERY_DAYS`. */
  readonly buys: number;
}

/** Who there is. Assumed, not measured: chosen so that few customers make most of the calls, and that those few run into every limit there is. */
export interface Population {
  readonly kinds: readonly Kind[];
  /** Of the customers, by plan: most pay nothing, few pay much. Codes a catalog lacks are left out. */
  readonly plan_weights: Readonly<Record<string, number>>;
  /** Of the payments that come due, so many fail at first. */
  readonly payment_fails: number;
  /** After how many days a failed payment is made good, and how often; null: never. */
  readonly pays_after_days: readonly (readonly [number | null, number])[];
  /** So many join on the first day, the others at the beginning of the three weeks after it. */
  readonly joins_at_once: number;
}

export const POPULATION: Population = {
  kinds: [
    {
      name: 'light',
      share: 0.75,
      events_day: 0.15,
      burst: 1,
      chars_median: 400,
      text: 'prose',
      answer_median: 150,
      complex: 0.02,
      buys: 0.2,
    },
    {
      name: 'regular',
      share: 0.22,
      events_day: 0.5,
      burst: 1,
      chars_median: 2_000,
      text: 'prose',
      answer_median: 400,
      complex: 0.1,
      buys: 0.2,
    },
    {
      name: 'heavy',
      share: 0.027,
      events_day: 6,
      burst: 1,
      chars_median: 8_000,
      text: 'prose',
      answer_median: 2_500,
      complex: 0.8,
      buys: 0.2,
    },
    {
      name: 'abusive',
      share: 0.003,
      events_day: 2,
      burst: 25,
      chars_median: 12_000,
      text: 'figures',
      answer_median: 20_000,
      complex: 1,
      buys: 0.05,
    },
  ],
  plan_weights: { FREE: 60, STARTER: 4, PRO: 26, BUSINESS: 8, ENTERPRISE: 2 },
  payment_fails: 0.04,
  pays_after_days: [
    [3, 0.5],
    [10, 0.2],
    [20, 0.15],
    [null, 0.15],
  ],
  joins_at_once: 0.7,
};

/** Of the logarithm: of lengths, and of the rates of the customers of one kind. */
export const LENGTH_SPREAD = 0.8;
export const RATE_SPREAD = 0.6;
export const CHARS_MAX = 120_000;
/** So many calls are made without a look at how long a prompt the plan takes. */
export const CARELESS = 0.03;
export const BUYS_EVERY_DAYS = 3;
export const OTHER_PLAN_WEIGHT = 10;
/** A provider answers badly so often: it is not there, or the call breaks off and nobody knows what it cost. */
export const PROVIDER_AWAY = 0.005;
export const PROVIDER_BREAKS = 0.000_5;

/** The assumptions in words, for who reads what came of them. */
export function describePopulation({ kinds, payment_fails, pays_after_days, joins_at_once }: Population): string[] {
  const late = pays_after_days.map(([days, share]) => `${percent(share)} ${days === null ? 'never' : `after ${days} days`}`);
  return [
    'Assumed, not measured:',
    ...kinds.map(
      (kind) =>
        `  ${percent(kind.share)} ${kind.name}: ${count(kind.events_day)} a day${kind.burst > 1 ? ` of ${kind.burst} calls at once` : ''}, prompts of ${kind.chars_median} characters of ${kind.text}, answers of ${kind.answer_median} tokens (medians), ${percent(kind.complex)} for the dearest models; buys an offered pack in ${percent(kind.buys)} of cases`,
    ),
    `  times are Poisson, lengths log-normal (σ ${LENGTH_SPREAD}), rates differ between customers (log-normal, σ ${RATE_SPREAD}); prompts end at ${CHARS_MAX} characters`,
    `  ${percent(joins_at_once)} join on the first day, the others at the beginning of the three weeks after it`,
    `  ${percent(payment_fails)} of payments fail at first, and are made good: ${late.join(', ')}`,
    `  providers are played: at their prices of the catalog, away in ${percent(PROVIDER_AWAY)} of calls, breaking off in ${percent(PROVIDER_BREAKS)}`,
  ];
}

function count(events_day: number): string {
  return events_day === 1 ? '1 time' : `${events_day} times`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
