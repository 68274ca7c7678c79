import {
  currency,
  formatAmount,
  formatUnitPrice,
  type Money,
  money,
  parseRatio,
  type Ratio,
  ratio,
  scale,
  smallestPayment,
  zero,
} from '@purser/money';
import { saleOf } from '@purser/catalog';
import fc from 'fast-check';

/** A catalog as its author writes it: three files. Every scalar is text, as the loader reads them. */
export interface WrittenCatalog {
  readonly 'any.json': string;
  readonly 'models.json': string;
  readonly 'costs.json': string;
}

export const FILES = ['any.json', 'models.json', 'costs.json'] as const;

/** What one US dollar is in each currency that catalogs here are sold in: with hundredths, without any, with thousandths. */
const DOLLAR: Readonly<Record<string, Ratio>> = {
  USD: ratio(1n, 1n),
  EUR: ratio(94n, 100n),
  JPY: ratio(150n, 1n),
  KWD: ratio(31n, 100n),
};
const CURRENCIES = Object.keys(DOLLAR);

/** So many cents of a dollar, in a currency, in amounts that can be paid; `odd` adds what cannot. */
function amountOf(cents: number, code: string, odd = false): Money {
  const of = currency(code);
  const least = smallestPayment(of).nanos;
  const { nanos } = scale(money(BigInt(cents) * 10_000_000n, of), DOLLAR[code] ?? ratio(1n, 1n), 'up');
  return money(((nanos + least - 1n) / least) * least + (odd ? least / 2n : 0n), of);
}

const written = ({ nanos, currency: of }: Money): string => `${formatAmount({ nanos, currency: of })} ${of}`;
const percent = (of: number): string => (of / 100).toFixed(2);
const chance = (of: number) => fc.integer({ min: 1, max: 100 }).map((drawn) => drawn <= of);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const present = (record: object): object => JSON.parse(JSON.stringify(record)) as object;

/* --- models and what they cost --- */

const model = fc.record({
  provider: fc.constantFrom('cloud', 'other'),
  class: fc.constantFrom('small', 'medium', 'large'),
  currency: fc.constantFrom('USD', 'EUR'),
  /** What its longest answer costs, in cents. */
  answer: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60, max: 4_000 }) },
  ),
  output: fc.constantFrom(100, 1_000, 30_000),
  /** A token of input against one of output, in hundredths. */
  input: fc.constantFrom(0, 10, 25, 100, 200),
  cached: maybe(fc.constantFrom(10, 150)),
  hour: maybe(fc.constantFrom(50, 300)),
  reasoning: maybe(fc.constantFrom(100, 250)),
  longer: maybe(fc.record({ above: fc.constantFrom(5, 40, 400), factor: fc.constantFrom(150, 300) })),
  priority: maybe(fc.constantFrom(50, 175, 250)),
  fee: maybe(fc.integer({ min: 1, max: 30 })),
  free: chance(12),
  beta: chance(10),
  verified: chance(90),
  /** From the first of next year on, in hundredths of today. */
  later: maybe(fc.constantFrom(50, 200)),
});
type Model = typeof model extends fc.Arbitrary<infer T> ? T : never;

/** Yoctos of a token of output, and a share of it in hundredths. */
function tokenOf({ answer, output, free }: Model, hundredths = 100): string {
  if (free) return '0';
  const yoctos = (BigInt(answer) * 10n ** 22n) / BigInt(output);
  return formatUnitPrice((yoctos * BigInt(Math.round(hundredths))) / 100n);
}

function unitsOf(one: Model, factor: number): object {
  const each = (hundredths: number | undefined) =>
    hundredths === undefined ? undefined : tokenOf(one, (hundredths * factor) / 100);
  return present({
    input_token: each(one.input),
    output_token: each(100),
    cached_input_token: each(one.cached && (one.cached * one.input) / 100),
    cache_write_1h_token: each(one.hour),
    reasoning_token: each(one.reasoning),
  });
}

function pricesOf(models: readonly Model[]): string {
  const prices = models.flatMap((one, index) => {
    const entry = (from: string, factor: number) =>
      present({
        key: `${one.provider}/m${index}`,
        currency: one.currency,
        from,
        each: { ...unitsOf(one, factor), ...(one.fee && !one.free && { request: (one.fee / 100).toFixed(2) }) },
        tiers: one.longer && [
          { above_input_tokens: `${one.longer.above}`, each: unitsOf(one, (factor * one.longer.factor) / 100) },
        ],
        service_tiers: one.priority && [{ name: 'priority', each: unitsOf(one, (factor * one.priority) / 100) }],
      });
    return [entry('2026-01-01', 100), ...(one.later === undefined ? [] : [entry('2027-01-01', one.later)])];
  });
  return JSON.stringify({ prices });
}

function modelsOf(models: readonly Model[]): string {
  return JSON.stringify({
    providers: ['cloud', 'other'],
    models: models.map((one, index) => ({
      id: `${one.provider}/m${index}`,
      provider: one.provider,
      name: `m${index}`,
      version: '1.0.0',
      task: 'text',
      class: one.class,
      price: `${one.provider}/m${index}`,
      context_tokens: '100000',
      output_tokens_max: `${one.output}`,
      free: `${one.free || (one.input === 0 && one.answer === 0)}`,
      beta: `${one.beta}`,
      verified: `${one.verified}`,
    })),
  });
}

/* --- what is sold --- */

const tax = fc.record({
  max: maybe(fc.constantFrom(0, 7, 20, 27)),
  behavior: maybe(fc.constantFrom('exclusive' as const, 'inclusive' as const)),
});
const fees = seldom(fc.record({ percent: fc.integer({ min: 0, max: 6 }), fixed: fc.integer({ min: 0, max: 60 }) }));

const plan = fc.record({
  currency: fc.constantFrom(...CURRENCIES),
  cents: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.integer({ min: 30, max: 10_000 }) }),
  odd: chance(2),
  margin: fc.integer({ min: 0, max: 90 }),
  fees,
  tax,
  /** Of what the price allows, in hundredths. */
  ceiling: seldom(fc.oneof(fc.integer({ min: 5, max: 100 }), fc.constantFrom(100, 101, 120))),
  /** Of the ceiling, in hundredths. */
  reserve: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
  marketing: maybe(fc.integer({ min: 1, max: 3_000 })),
  credits: fc.integer({ min: 1, max: 50_000 }),
  rolls: maybe(fc.record({ share: fc.integer({ min: 1, max: 100 }), months: fc.integer({ min: 1, max: 3 }) })),
  /** What a credit sold by itself costs against what it stands for, in hundredths. */
  sold: seldom(fc.oneof(fc.integer({ min: 60, max: 300 }), fc.constant(2_000))),
  tokens: maybe(fc.integer({ min: 1_000, max: 10_000_000 })),
  concurrency: fc.integer({ min: 1, max: 100 }),
  output: fc.constantFrom(50, 500, 30_000),
  hard: seldom(fc.integer({ min: 1, max: 5_000 })),
  more: chance(60),
  beta: chance(50),
  providers: fc.constantFrom(['cloud'], ['other'], ['cloud', 'other'], ['other', 'cloud']),
  ladder: chance(30),
  packs: chance(80),
});
type AnyPlan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

const pack = fc.record({
  currency: fc.constantFrom(...CURRENCIES),
  cents: fc.integer({ min: 10, max: 8_000 }),
  /** What its credits stand for, in hundredths of what its sale allows at the plain rate. */
  fill: fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 70 }) },
    { weight: 1, arbitrary: fc.integer({ min: 70, max: 103 }) },
  ),
  margin: fc.integer({ min: 0, max: 90 }),
  fees,
  tax,
  /** What the further ones cost, in hundredths of those before. */
  tiers: fc.array(fc.record({ more: fc.integer({ min: 1, max: 20 }), share: fc.integer({ min: 30, max: 99 }) }), {
    maxLength: 2,
  }),
  expires: maybe(fc.integer({ min: 1, max: 24 })),
});
type AnyPack = typeof pack extends fc.Arbitrary<infer T> ? T : never;

const catalog = fc.record({
  models: fc.array(model, { minLength: 1, maxLength: 3 }),
  plans: fc.array(plan, { minLength: 1, maxLength: 2 }),
  packs: fc.array(pack, { maxLength: 2 }),
  buffer: fc.integer({ min: 0, max: 10 }),
  /** What a credit stands for, in thousandths of a dollar. */
  credit: fc.record({ mills: fc.constantFrom(1, 2, 10), currency: fc.constantFrom('USD', 'EUR') }),
  /** All trials share one meter of it: so much that it binds none of them. */
  budget: maybe(fc.constant(10_000_000)),
  tax_max: maybe(fc.constantFrom(0, 10, 25)),
  credits_min: fc.integer({ min: 0, max: 3 }),
  /** Whether the first step of a failed payment takes all that costs. */
  degrades: chance(92),
  /** How far each rate stands off, in thousandths. */
  rates: fc.array(fc.integer({ min: 970, max: 1_030 }), { minLength: 6, maxLength: 6 }),
});
type AnyCatalog = typeof catalog extends fc.Arbitrary<infer T> ? T : never;

const DEFAULT_TAX = 27;

function saleTerms(of: AnyPlan | AnyPack, common: number | undefined) {
  const fixed = of.fees ? amountOf(of.fees.fixed, of.currency) : zero(currency(of.currency));
  return {
    margin: parseRatio(percent(of.margin)),
    payment_fees: { percent: parseRatio(percent(of.fees?.percent ?? 0)), fixed },
    tax: { max: parseRatio(percent(of.tax.max ?? common ?? DEFAULT_TAX)), behavior: of.tax.behavior ?? ('exclusive' as const) },
  };
}

function writtenTerms({ margin, fees: kept, tax: taxed, currency: of }: AnyPlan | AnyPack): object {
  return {
    margin: percent(margin),
    payment_fees: kept && { percent: percent(kept.percent), fixed: written(amountOf(kept.fixed, of)) },
    tax_max: taxed.max === undefined ? undefined : percent(taxed.max),
    tax_behavior: taxed.behavior,
  };
}

function planText(of: AnyPlan, code: string, { tax_max, credit, models }: AnyCatalog): object {
  const price = amountOf(of.cents, of.currency, of.odd && of.cents > 0);
  const free = of.cents === 0;
  const marketing = free && of.marketing !== undefined ? amountOf(of.marketing, of.currency) : undefined;
  const allowed = free ? (marketing ?? zero(price.currency)) : saleOf(price, saleTerms(of, tax_max)).allowance;
  const ceiling = of.ceiling === undefined ? allowed : scale(allowed, ratio(BigInt(of.ceiling), 100n), 'down');
  const stated = of.ceiling !== undefined && ceiling.nanos >= 0n;
  const reserve = ceiling.nanos > 0n ? scale(ceiling, ratio(BigInt(of.reserve), 100n), 'down') : zero(price.currency);
  const stands_for = scale(amountOf(1, of.currency), ratio(BigInt(credit.mills * (of.sold ?? 0)), 1_000n), 'up');
  const providers = of.providers.filter((provider) => models.some((one) => one.provider === provider));
  return present({
    code,
    name: code,
    price: written(price),
    ...writtenTerms(of),
    features: of.more ? ['ai', 'more'] : ['ai'],
    ceiling: stated ? written(ceiling) : undefined,
    overrun_reserve: written(reserve),
    marketing_budget: marketing && written(marketing),
    credits_monthly: `${of.credits}`,
    rollover: of.rolls && { credits_max: `${Math.floor((of.credits * of.rolls.share) / 100)}`, months: `${of.rolls.months}` },
    pay_as_you_go: of.sold === undefined ? undefined : { credits_max: '500', price: written(stands_for) },
    quotas: of.tokens === undefined ? undefined : { tokens_month: `${of.tokens}` },
    concurrency: `${of.concurrency}`,
    rate: { rps: '1000', rpm: '10000', burst: '1000' },
    request: { output_tokens_max: `${of.output}`, credits_max: '1000000', input_chars_max: '5000' },
    model_policy: { defaultRouting: 'latest', providers: { text: providers.length > 0 ? providers : [models[0]?.provider] } },
    priority: 'standard',
    cost_caps: of.hard === undefined ? undefined : { monthlyUsd: written(amountOf(of.hard, 'USD')), hardStop: 'true' },
    visibility: { showBetaModels: `${of.beta}`, allowUnverified: 'true' },
    ladder: of.ladder ? 'steps' : undefined,
    packs: of.packs ? undefined : [],
  });
}

function packText(of: AnyPack, code: string, { tax_max, credit }: AnyCatalog, rates: ReadonlyMap<string, string>): object {
  const price = amountOf(of.cents, of.currency);
  const { allowance } = saleOf(price, saleTerms(of, tax_max));
  const each = (credit.mills / 1_000) * rateOf(rates, credit.currency, of.currency);
  const credits = Math.max(1, Math.floor(((Number(allowance.nanos) / 1e9 / each) * of.fill) / 100));
  let [from, before] = [1, price];
  const tiers: object[] = [];
  for (const { more, share } of of.tiers) {
    from += more;
    const least = smallestPayment(price.currency).nanos;
    const next = money((scale(before, ratio(BigInt(share), 100n), 'down').nanos / least) * least, price.currency);
    if (next.nanos === 0n || next.nanos >= before.nanos) continue;
    tiers.push({ from: `${from}`, price: written(next) });
    before = next;
  }
  return present({
    code,
    name: code,
    price: written(price),
    credits: `${credits}`,
    ...writtenTerms(of),
    expires_months: of.expires === undefined ? undefined : `${of.expires}`,
    tiers: tiers.length > 0 ? tiers : undefined,
  });
}

/** A rate of each pair, near what they are of a dollar, and not quite in keeping with one another. */
function ratesOf(off: readonly number[]): Map<string, string> {
  const pairs = CURRENCIES.flatMap((from, index) => CURRENCIES.slice(index + 1).map((to) => [from, to] as const));
  const dollars = (code: string) => Number(DOLLAR[code]?.numerator) / Number(DOLLAR[code]?.denominator);
  return new Map(
    pairs.map(([from, to], index) => [
      `${from}/${to}`,
      ((dollars(to) / dollars(from)) * ((off[index] ?? 1_000) / 1_000)).toFixed(6),
    ]),
  );
}

function rateOf(rates: ReadonlyMap<string, string>, from: string, to: string): number {
  if (from === to) return 1;
  const direct = rates.get(`${from}/${to}`);
  return direct === undefined ? 1 / Number(rates.get(`${to}/${from}`)) : Number(direct);
}

function write(of: AnyCatalog): WrittenCatalog {
  const all = {
    simple: ['small', 'medium', 'large'],
    medium: ['medium', 'small', 'large'],
    complex: ['large', 'medium', 'small'],
  };
  const operation = (name: string, feature: string) => ({
    name,
    feature,
    output_tokens_default: '500',
    classes: all,
    credits_min: `${of.credits_min}`,
  });
  const rates = ratesOf(of.rates);
  const features = new Set(of.plans.flatMap(({ more }) => (more ? ['ai', 'more'] : ['ai'])));
  const main = present({
    name: 'any',
    prices: ['costs.json'],
    models: 'models.json',
    tax_max: of.tax_max === undefined ? undefined : percent(of.tax_max),
    fx: { as_of: '2026-11-01', buffer: percent(of.buffer), rates: Object.fromEntries(rates) },
    credit: { cost: `0.${String(of.credit.mills).padStart(3, '0')} ${of.credit.currency}` },
    global_budget: of.budget === undefined ? undefined : { amount: written(amountOf(of.budget, 'USD')), window: 'month' },
    license: {
      grace_days: '14',
      degrade: [
        { days: '0', features: of.degrades ? ['ai', 'more'] : ['ai'] },
        { days: '14', features: of.degrades ? ['reports'] : ['more', 'reports'] },
      ],
    },
    ladders: [
      {
        name: 'steps',
        watches: 'ceiling',
        levels: [
          { at: '0.8', output_tokens_max: '400' },
          { at: '0.95', output_tokens_max: '100' },
        ],
      },
    ],
    operations: [operation('ask', 'ai'), ...(features.has('more') ? [operation('more', 'more')] : [])],
    plans: of.plans.map((one, index) => planText(one, `P${index}`, of)),
    packs: of.packs.map((one, index) => packText(one, `k${index}`, of, rates)),
  });
  return { 'any.json': JSON.stringify(main), 'models.json': modelsOf(of.models), 'costs.json': pricesOf(of.models) };
}

/** Catalogs that somebody might write: some keep their margin, some do not, some do not even load. */
export const anyCatalog: fc.Arbitrary<WrittenCatalog> = catalog.map(write);
