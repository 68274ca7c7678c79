import { currency, money, parseRatio, ratio, scale, smallestPayment, zero } from '@purser/money';
import { saleOf } from '@purser/catalog';
import fc from 'fast-check';

import { amountOf, chance, CURRENCIES, DOLLAR, maybe, percent, present, seldom, written } from './any-amount.ts';
import { anyModel, EMAIL_PRICE, type Model, modelsOf, pricesOf, TASKS } from './any-model.ts';

/** A catalog as its author writes it: three files. Every scalar is text, as the loader reads them. */
export interface WrittenCatalog {
  readonly 'any.json': string;
  readonly 'models.json': string;
  readonly 'costs.json': string;
}

export const FILES = ['any.json', 'models.json', 'costs.json'] as const;

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
  tokens_day: maybe(fc.integer({ min: 500, max: 100_000 })),
  images: maybe(fc.integer({ min: 1, max: 500 })),
  /** A day and user; of the day, and of the month. */
  emails: maybe(
    fc.record({
      user: fc.integer({ min: 1, max: 300 }),
      day: fc.integer({ min: 1, max: 5 }),
      month: fc.integer({ min: 1, max: 30 }),
    }),
  ),
  /** Whether its e-mails cost anything. */
  sends: chance(30),
  /** Its ceiling in hundredths of the price. */
  trial: maybe(
    fc.record({
      share: fc.integer({ min: 0, max: 250 }),
      days: fc.integer({ min: 1, max: 60 }),
      credits: fc.integer({ min: 1, max: 50_000 }),
    }),
  ),
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
  models: fc.array(anyModel, { minLength: 1, maxLength: 4 }),
  /** What a thousand e-mails cost, in thousandths of a dollar. */
  email_mills: maybe(fc.constantFrom(0, 100, 5_000)),
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

function planText(of: AnyPlan, code: string, { tax_max, credit, models, email_mills }: AnyCatalog): object {
  const price = amountOf(of.cents, of.currency, of.odd && of.cents > 0);
  const free = of.cents === 0;
  const marketing = free && of.marketing !== undefined ? amountOf(of.marketing, of.currency) : undefined;
  const allowed = free ? (marketing ?? zero(price.currency)) : saleOf(price, saleTerms(of, tax_max)).allowance;
  const ceiling = of.ceiling === undefined ? allowed : scale(allowed, ratio(BigInt(of.ceiling), 100n), 'down');
  const stated = of.ceiling !== undefined && ceiling.nanos >= 0n;
  const reserve = ceiling.nanos > 0n ? scale(ceiling, ratio(BigInt(of.reserve), 100n), 'down') : zero(price.currency);
  const stands_for = scale(amountOf(1, of.currency), ratio(BigInt(credit.mills * (of.sold ?? 0)), 1_000n), 'up');
  const providersFor = (task: Model['task']): string[] =>
    of.providers.filter((provider) => models.some((one) => one.provider === provider && one.task === task));
  const [text, image, embedding] = TASKS.map(providersFor);
  const fallback = models.find(({ task }) => task === 'text')?.provider;
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
    quotas: quotasOf(of),
    trial:
      of.trial && !free
        ? {
            days_max: `${of.trial.days}`,
            ceiling: written(scale(price, ratio(BigInt(of.trial.share), 100n), 'down')),
            credits: `${of.trial.credits}`,
          }
        : undefined,
    email: of.sends && email_mills !== undefined ? { provider: 'cloud', price: EMAIL_PRICE } : undefined,
    concurrency: `${of.concurrency}`,
    rate: { rps: '1000', rpm: '10000', burst: '1000' },
    request: { output_tokens_max: `${of.output}`, credits_max: '1000000', input_chars_max: '5000' },
    model_policy: {
      defaultRouting: 'latest',
      providers: {
        text: text && text.length > 0 ? text : fallback && [fallback],
        image: image && image.length > 0 ? image : undefined,
        embedding: embedding && embedding.length > 0 ? embedding : undefined,
      },
    },
    priority: 'standard',
    cost_caps: of.hard === undefined ? undefined : { monthlyUsd: written(amountOf(of.hard, 'USD')), hardStop: 'true' },
    visibility: { showBetaModels: `${of.beta}`, allowUnverified: 'true' },
    ladder: of.ladder ? 'steps' : undefined,
    packs: of.packs ? undefined : [],
  });
}

function quotasOf({ tokens, tokens_day, images, emails }: AnyPlan): object | undefined {
  const number = (count: number | undefined): string | undefined => (count === undefined ? undefined : `${count}`);
  const day = tokens_day === undefined || tokens === undefined ? tokens_day : Math.min(tokens_day, tokens);
  const mails = emails && { user: emails.user, day: emails.user * emails.day, month: emails.user * emails.day * emails.month };
  const quotas = present({
    tokens_month: number(tokens),
    tokens_day: number(day),
    images_month: number(images),
    emails_user_day: number(mails?.user),
    emails_day: number(mails?.day),
    emails_month: number(mails?.month),
  });
  return Object.keys(quotas).length > 0 ? quotas : undefined;
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
  const operation = (name: string, feature: string, task: Model['task'] = 'text') => ({
    name,
    task,
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
    operations: [
      operation('ask', 'ai'),
      ...(features.has('more') ? [operation('more', 'more')] : []),
      ...(of.models.some(({ task }) => task === 'image')
        ? [operation('draw', features.has('more') ? 'more' : 'ai', 'image')]
        : []),
      ...(of.models.some(({ task }) => task === 'embedding') ? [operation('embed', 'ai', 'embedding')] : []),
    ],
    plans: of.plans.map((one, index) => planText(one, `P${index}`, of)),
    packs: of.packs.map((one, index) => packText(one, `k${index}`, of, rates)),
  });
  return {
    'any.json': JSON.stringify(main),
    'models.json': modelsOf(of.models),
    'costs.json': pricesOf(of.models, of.email_mills),
  };
}

/** Catalogs that somebody might write: some keep their margin, some do not, some do not even load. */
export const anyCatalog: fc.Arbitrary<WrittenCatalog> = catalog
  // A plan that serves no text is judged by what it serves; one that nothing can be asked of is no catalog.
  .filter(({ models }) => models.some(({ task }) => task === 'text'))
  .map(write);
