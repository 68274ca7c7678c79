import { createHash } from 'node:crypto';

import { type ExchangeRates, findRate, type Money, ratio, zero, ZERO_RATIO } from '@purser/money';

import type { Catalog, FailedCallTerms, Ladder, LicenseTerms, ModelEntry, Operation, Pack, Plan, Tax } from './catalog.ts';
import { allowanceOf } from './ceiling.ts';
import { checkReferences } from './check-references.ts';
import type { Mistake, Path } from './mistakes.ts';
import { orderOf } from './order.ts';
import type { CatalogParts } from './parts.ts';
import { reckon, reckonIn } from './reckon.ts';
import type { RawCatalog, RawModels } from './schema.ts';
import { mistakeAt, type Source } from './source.ts';
import type { CatalogTables } from './tables.ts';

/** What goes first is what costs money: generation. What was made can be read, edited, exported and published as long as the grace lasts. */
const LICENSE: LicenseTerms = {
  grace_days: 14,
  degrade: [
    { features: ['ai', 'images', 'speech', 'video'], days: 0 },
    { features: ['sync', 'publishing', 'campaigns', 'studio', 'suite'], days: 14 },
    { features: ['reports'], days: 21 },
  ],
};

/** The highest rate of value added tax in the European Union: of prices that say nothing, in doubt against us. */
const TAX_MAX = ratio(27n, 100n);

/** What a catalog's own file says: what is for sale, and on what terms. */
export type Terms = Omit<Catalog, 'prices' | 'price_list' | 'providers' | 'models' | 'failed_calls' | keyof CatalogTables>;

/** Fills in what may be left out, derives what follows, and checks that everything named exists. */
export function buildCatalog(parts: CatalogParts, mistakes: Mistake[]): Catalog {
  const catalog: Catalog = {
    ...buildTerms(parts.raw, parts.main, mistakes),
    ...parts.tables,
    prices: parts.prices,
    price_list: parts.price_list,
    providers: parts.rawModels.providers,
    models: parts.rawModels.models.map(buildModel),
    failed_calls: (parts.rawModels.failed_calls ?? []).map(buildFailedCalls),
  };
  checkReferences(catalog, parts, mistakes);
  return catalog;
}

export function buildTerms(raw: RawCatalog, source: Source, mistakes: Mistake[]): Terms {
  const fx: ExchangeRates = { as_of: raw.fx.as_of, buffer: raw.fx.buffer, rates: new Map(Object.entries(raw.fx.rates)) };
  return {
    name: raw.name,
    version: versionOf(raw.name, source.text),
    text: source.text,
    fx,
    operations: raw.operations.map(buildOperation),
    plans: raw.plans.map((plan, index) => buildPlan(plan, taxOf(plan, raw), ['plans', index], source, mistakes)),
    packs: (raw.packs ?? []).map((pack, index) => {
      const offered = { ...pack, tax: taxOf(pack, raw) };
      return buildPack(offered, raw.credit.cost, fx, ['packs', index], source, mistakes);
    }),
    credit: raw.credit,
    ...(raw.global_budget && { globalBudget: { ...raw.global_budget, covers: raw.global_budget.covers ?? 'unpaid' } }),
    pools: raw.pools ?? [],
    ladders: (raw.ladders ?? []).map(buildLadder),
    alerts: raw.alerts ?? [],
    customer_view: raw.customer_view ?? 'credits',
    keys_view: raw.keys_view ?? 'cost',
    license: buildLicense(raw, mistakes, source),
  };
}

/** The first step is taken at once, the others when the grace is over, unless they say otherwise. */
function buildLicense(raw: RawCatalog, mistakes: Mistake[], source: Source): LicenseTerms {
  if (raw.license && raw.licence) mistakes.push(mistakeAt(source, ['licence'], 'license and licence', 'one of them'));
  const written = raw.license ?? raw.licence;
  if (written === undefined) return LICENSE;
  const { grace_days, degrade } = written;
  return {
    grace_days,
    degrade: degrade.map(({ features, days }, index) => ({ features, days: days ?? (index === 0 ? 0 : grace_days) })),
  };
}

type RawTax = Pick<RawCatalog, 'tax_max' | 'tax_behavior'>;

function taxOf(own: RawTax, common: RawTax): Tax {
  return {
    max: own.tax_max ?? common.tax_max ?? TAX_MAX,
    behavior: own.tax_behavior ?? common.tax_behavior ?? 'exclusive',
  };
}

function versionOf(name: string, text: string): string {
  return `${name}@${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

function buildModel(raw: RawModels['models'][number]): ModelEntry {
  const { price, family, free, local, beta, verified, aliases, ...rest } = raw;
  return {
    ...rest,
    priceKey: price,
    family: family ?? raw.name,
    free: free ?? false,
    local: local ?? false,
    beta: beta ?? false,
    verified: verified ?? true,
    aliases: aliases ?? [],
  };
}

function buildFailedCalls(raw: NonNullable<RawModels['failed_calls']>[number]): FailedCallTerms {
  const { provider, unresolved_hour_max, sources, read, ...billed } = raw;
  return { provider, billed: omitUndefined(billed), sources, read, ...(unresolved_hour_max && { unresolved_hour_max }) };
}

function buildOperation(raw: RawCatalog['operations'][number]): Operation {
  const { instructions, description, example, task, credits_min, ...rest } = raw;
  const told = omitUndefined({ instructions, description, example });
  return { ...rest, ...told, task: task ?? 'text', credits_min: credits_min ?? 0n };
}

type RawPlan = RawCatalog['plans'][number];
type RawPack = NonNullable<RawCatalog['packs']>[number];

function buildPlan(raw: RawPlan, tax: Tax, path: Path, source: Source, mistakes: Mistake[]): Plan {
  const nothing = zero(raw.price.currency);
  const payment_fees = raw.payment_fees ?? { percent: ZERO_RATIO, fixed: nothing };
  const inOneCurrency = checkCurrency(raw.price, path, source, mistakes, {
    ceiling: raw.ceiling,
    overrun_reserve: raw.overrun_reserve,
    marketing_budget: raw.marketing_budget,
    'payment_fees.fixed': raw.payment_fees?.fixed,
    'pay_as_you_go.price': raw.pay_as_you_go?.price,
    'trial.ceiling': raw.trial?.ceiling,
  });
  // The amounts cannot be reckoned together; the mistake is told, and the plan goes no further than the other checks.
  const plan = { ...fillPlan(raw), payment_fees, tax };
  if (!inOneCurrency) return { ...plan, ceiling: nothing, overrun_reserve: nothing };
  const derived = allowanceOf(plan);
  return { ...plan, ceiling: raw.ceiling ?? derived, overrun_reserve: raw.overrun_reserve ?? nothing };
}

/** Whether the given amounts are in the currency of the price; one that is not is a mistake. */
function checkCurrency(
  price: Money,
  path: Path,
  source: Source,
  mistakes: Mistake[],
  amounts: Readonly<Record<string, Money | undefined>>,
): boolean {
  let same = true;
  for (const [key, amount] of Object.entries(amounts)) {
    if (!amount || amount.currency === price.currency) continue;
    same = false;
    mistakes.push(
      mistakeAt(source, [...path, ...key.split('.')], amount.currency, `${price.currency}, the currency of the price`),
    );
  }
  return same;
}

function fillPlan(raw: RawPlan): Omit<Plan, 'payment_fees' | 'tax' | 'ceiling' | 'overrun_reserve'> {
  const {
    cost_caps,
    marketing_budget,
    rollover,
    pay_as_you_go,
    trial,
    abuse,
    email,
    ladder,
    packs,
    operations,
    offline_stand_in,
  } = raw;
  return {
    code: raw.code,
    name: raw.name,
    price: raw.price,
    features: raw.features,
    margin: raw.margin,
    credits_monthly: raw.credits_monthly,
    concurrency: raw.concurrency,
    rate: raw.rate,
    request: raw.request,
    priority: raw.priority,
    negotiable: raw.negotiable ?? false,
    quotas: omitUndefined(raw.quotas ?? {}),
    model_policy: {
      defaultRouting: raw.model_policy?.defaultRouting ?? 'latest',
      pinned: omitUndefined(raw.model_policy?.pinned ?? {}),
      providers: omitUndefined(raw.model_policy?.providers ?? {}),
      canary: raw.model_policy?.canary ?? false,
    },
    cost_caps: cost_caps ? omitUndefined(cost_caps) : { hardStop: true },
    visibility: raw.visibility ?? { showBetaModels: false, allowUnverified: false },
    ...(marketing_budget && { marketing_budget }),
    ...(rollover && { rollover }),
    ...(pay_as_you_go && { pay_as_you_go }),
    ...(trial && { trial }),
    ...(abuse && { abuse: { ...abuse, failures_seconds: abuse.failures_seconds ?? abuse.block_seconds } }),
    ...(email && {
      email: { provider: email.provider, priceKey: email.price, ...(email.pool !== undefined && { pool: email.pool }) },
    }),
    ...(ladder !== undefined && { ladder }),
    ...(packs && { packs }),
    ...(operations && { operations }),
    ...(offline_stand_in !== undefined && { offline_stand_in }),
  };
}

function buildPack(
  raw: RawPack & Pick<Pack, 'tax'>,
  credit_cost: Money,
  fx: ExchangeRates,
  path: Path,
  source: Source,
  mistakes: Mistake[],
): Pack {
  const nothing = zero(raw.price.currency);
  const payment_fees = raw.payment_fees ?? { percent: ZERO_RATIO, fixed: nothing };
  const inOneCurrency = checkCurrency(raw.price, path, source, mistakes, {
    'payment_fees.fixed': raw.payment_fees?.fixed,
    ...Object.fromEntries((raw.tiers ?? []).map((tier, index) => [`tiers.${index}.price`, tier.price])),
  });
  const stands_for = reckon(credit_cost.nanos * raw.credits, credit_cost.currency);
  const convertible = findRate(fx, stands_for.currency, raw.price.currency) !== undefined;
  const { expires_months, tiers, tax_max: _, tax_behavior: __, ...rest } = raw;
  const pack: Pack = {
    ...rest,
    payment_fees,
    // Without a rate the catalog does not load; the check of references says so.
    cost: convertible ? reckonIn(stands_for, raw.price.currency, fx) : nothing,
    ceiling_raise: nothing,
    tiers: inOneCurrency ? (tiers ?? []) : [],
    ...(expires_months !== undefined && { expires_months }),
  };
  return inOneCurrency ? { ...pack, ceiling_raise: orderOf(pack, 1).ceiling_raise } : pack;
}

/** Five hundredths below its share a level is left. */
const CLIMB_BACK = ratio(5n, 100n);

function buildLadder(raw: NonNullable<RawCatalog['ladders']>[number]): Ladder {
  const { pool, climb_back, ...rest } = raw;
  return {
    ...rest,
    ...(pool !== undefined && { pool }),
    climb_back: climb_back ?? CLIMB_BACK,
    levels: raw.levels.map(({ at, quotas, ...effects }) => ({
      at,
      effects: { ...omitUndefined(effects), ...(quotas && { quotas: omitUndefined(quotas) }) },
    })),
  };
}

type Present<T> = { [key in keyof T]: Exclude<T[key], undefined> };

/** The same object without the keys that are undefined. */
function omitUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as Present<T>;
}
