import type { LivesWeights } from './draw-life.ts';
import type { JudgedTerms } from './oracle.ts';
import type { ListedPrice } from './price-list.ts';

/**
 * A catalog for lives: a token is dear, so that one call can spend what is left, and costs are counted in the currency of most plans,
 * so that the oracle's integers and the engine's meet. BUSINESS pays fees, GLOBAL is sold in another currency than costs come in.
 */
const CATALOG = `
name: lives
fx: { as_of: 2026-11-01, buffer: 0.02, rates: { USD/EUR: 0.94 } }
credit: { cost: 0.01 EUR }
license: { grace_days: 14, degrade: [ai] }
operations:
  - name: chat
    feature: ai
    output_tokens_default: 1000
    classes: { simple: [large, medium, small, local], medium: [small], complex: [small] }
plans:
  - code: FREE
    name: Free
    price: 0 EUR
    margin: 0.15
    features: []
    credits_monthly: 0
    concurrency: 4
    rate: { rps: 100000, rpm: 1000000, burst: 100000 }
    request: { output_tokens_max: 1000, credits_max: 10, input_chars_max: 20000 }
    priority: low
`;

/**
 * What a call may come to beyond its hold is the model's own output limit, and has to fit as well. A model of our own bills nothing beyond, so
 * that one call takes what is left; of a provider over the network there are smaller and smaller ones.
 */
const OWN = [['local', 1_000_000]] as const;
const HOSTED = [
  ['large', 16_000],
  ['medium', 4_000],
  ['small', 1_000],
  ['local', 250],
] as const;

function modelsYaml(provider: string): string {
  const models = (provider === 'offline' ? OWN : HOSTED).map(
    ([of, tokens]) =>
      `\n  - { id: ${provider}/${of}, provider: ${provider}, name: ${of}, version: 1.0.0, task: text, class: ${of}, price: ${PRICE}, context_tokens: 8000, output_tokens_max: ${tokens} }`,
  );
  return `providers: [${provider}]\nmodels:${models.join('')}\n`;
}

const PRICE = 'lives/text';

const PRICES = `
prices:
  - { key: ${PRICE}, currency: EUR, from: 2026-01-01, each: { input_token: 0, output_token: 0.0005 } }
`;

export const TOKEN_NANOS = 500_000n;
export const TOKENS_MAX = 1_000_000;

interface LivesPlan {
  readonly code: string;
  readonly currency: string;
  /** In the smallest coin. */
  readonly price: number;
  readonly fee_percent_tenths: number;
  readonly fee_fixed: number;
  readonly credits_monthly: number;
  readonly foreign: Readonly<Record<string, number>>;
}

const PRO = {
  code: 'PRO',
  currency: 'eur',
  price: 1599,
  fee_percent_tenths: 0,
  fee_fixed: 0,
  credits_monthly: 1500,
  foreign: { usd: 1749 },
};
const PLANS: readonly LivesPlan[] = [
  PRO,
  {
    code: 'BUSINESS',
    currency: 'eur',
    price: 14_900,
    fee_percent_tenths: 29,
    fee_fixed: 30,
    credits_monthly: 13_500,
    foreign: { usd: 16_400 },
  },
  { code: 'GLOBAL', currency: 'usd', price: 2_000, fee_percent_tenths: 0, fee_fixed: 0, credits_monthly: 2_000, foreign: {} },
];
/** What PRO costs from some day on. */
const RAISED: readonly LivesPlan[] = [{ ...PRO, price: 2599, credits_monthly: 2_400 }, ...PLANS.slice(1)];
const MARGIN_PERCENT = 15;
/** PRO can be tried: in the smallest coin, and credits. */
const TRIAL = { days_max: 14, ceiling: 200, credits: 150 };

function planYaml(
  { code, currency, price, fee_percent_tenths, fee_fixed, credits_monthly }: LivesPlan,
  provider: string,
): string {
  const amount = (coins: number): string =>
    `${Math.floor(coins / 100)}.${String(coins % 100).padStart(2, '0')} ${currency.toUpperCase()}`;
  const fees =
    fee_percent_tenths + fee_fixed > 0
      ? `\n    payment_fees: { percent: ${fee_percent_tenths / 1000}, fixed: ${amount(fee_fixed)} }`
      : '';
  const trial =
    code === PRO.code
      ? `\n    trial: { days_max: ${TRIAL.days_max}, ceiling: ${amount(TRIAL.ceiling)}, credits: ${TRIAL.credits} }`
      : '';
  return `
  - code: ${code}
    name: ${code}
    price: ${amount(price)}
    margin: 0.${MARGIN_PERCENT}
    features: [ai]
    overrun_reserve: 0.01 ${currency.toUpperCase()}
    credits_monthly: ${credits_monthly}${fees}${trial}
    concurrency: 16
    rate: { rps: 100000, rpm: 1000000, burst: 100000 }
    request: { output_tokens_max: ${TOKENS_MAX}, credits_max: 10000000, input_chars_max: 20000 }
    model_policy: { defaultRouting: latest, providers: { text: [${provider}] } }
    priority: standard`;
}

/** By name, the files of the catalog; `raised`: with the later price of PRO. `provider`: whom its models are of. */
export function livesCatalogFiles(raised: boolean, provider = 'offline'): Readonly<Record<string, string>> {
  const plans = (raised ? RAISED : PLANS).map((plan) => planYaml(plan, provider)).join('');
  return { 'lives.yaml': `${CATALOG.trimEnd()}${plans}\n`, 'models.yml': modelsYaml(provider), 'provider_costs.yml': PRICES };
}

function listed(plans: readonly LivesPlan[]): ListedPrice[] {
  return plans.map(({ code, currency, price, foreign }) => ({ plan: code, currency, month: price, year: price * 10, foreign }));
}

export const LIVES_PRICES = { prices: listed(PLANS), raised: listed(RAISED) } as const;

export const LIVES_TERMS: JudgedTerms = {
  plans: Object.fromEntries(PLANS.map(({ code, ...plan }) => [code, { ...plan, margin_percent: MARGIN_PERCENT }])),
  per_thousand: { eur: 1_000, usd: 940 },
  trial: { cost: BigInt(TRIAL.ceiling) * 10_000_000n, credits: TRIAL.credits, plan: PRO.code },
};

/** Lives of a few months, in which a good deal happens. */
export const LONG_LIVES: LivesWeights = {
  plans: [
    { code: 'PRO', weight: 6 },
    { code: 'BUSINESS', weight: 3 },
    { code: 'GLOBAL', weight: 1 },
  ],
  foreign: { PRO: ['usd'], BUSINESS: ['usd'] },
  months: [
    [1, 5],
    [2, 4],
    [3, 1],
  ],
  deeds_max: 4,
  spends_max: 5,
};

/** Lives of half a month, or of a month and its renewal, of which many can be lived in a minute. */
export const SHORT_LIVES: LivesWeights = {
  ...LONG_LIVES,
  months: [
    [0.5, 1],
    [1, 1],
  ],
  deeds_max: 2,
  spends_max: 1,
};
