import { z } from 'zod';

import { COVERED, FAILURES, LANES, MODEL_CLASSES, ROUTINGS, VIEWS } from './catalog.ts';
import { type CatalogTables, tablesWith, type TaskType, unitsOf } from './tables.ts';
import { amount, count, date, flag, line, name, positive, prose, quantity, rate, rateOfTax, share, threshold } from './values.ts';

/** A list is bounded: a catalog is written by people. */
function list<T extends z.ZodType>(of: T, least = 0): z.ZodArray<T> {
  return z.array(of).min(least).max(10_000);
}

type Task = z.ZodEnum<Record<TaskType, TaskType>>;
const modelClass = z.enum(MODEL_CLASSES);
const taxes = { tax_max: rateOfTax.optional(), tax_behavior: z.enum(['exclusive', 'inclusive']).optional() };
const fees = z.strictObject({ percent: share, fixed: amount });

const billed = z.enum(['no', 'yes', 'unknown']).optional();
const failedCalls = z.strictObject({
  provider: name,
  ...(Object.fromEntries(FAILURES.map((failure) => [failure, billed])) as Record<(typeof FAILURES)[number], typeof billed>),
  unresolved_hour_max: amount.optional(),
  sources: list(line, 1),
  read: date,
});

const modelsOf = (task: Task) =>
  z.strictObject({
    providers: list(name, 1),
    failed_calls: list(failedCalls).optional(),
    models: list(
      z.strictObject({
        id: name,
        provider: name,
        name,
        family: name.optional(),
        version: z.string().regex(/^\d+\.\d+\.\d+$/, 'a version such as 2.5.0'),
        task,
        class: modelClass,
        price: name,
        context_tokens: count(1, 100_000_000),
        output_tokens_max: count(0, 10_000_000),
        free: flag.optional(),
        local: flag.optional(),
        beta: flag.optional(),
        verified: flag.optional(),
        aliases: list(name).optional(),
      }),
      1,
    ),
  });

const operationOf = (task: Task) =>
  z.strictObject({
    name,
    task: task.optional(),
    feature: name,
    output_tokens_default: count(0, 1_000_000),
    classes: z.strictObject({ simple: list(modelClass, 1), medium: list(modelClass, 1), complex: list(modelClass, 1) }),
    credits_min: quantity.optional(),
    instructions: prose.optional(),
    description: line.optional(),
    example: prose.optional(),
  });

type QuotasSchema = z.ZodType<Readonly<Record<string, bigint | undefined>>>;

function quotasOf({ quotas }: Pick<CatalogTables, 'quotas'>): QuotasSchema {
  return z.strictObject(Object.fromEntries(quotas.map(({ key }) => [key, quantity.optional()])));
}

const modelPolicyOf = (task: Task) =>
  z.strictObject({
    defaultRouting: z.enum(ROUTINGS),
    pinned: z.partialRecord(task, z.strictObject({ model: name, version: name })).optional(),
    providers: z.partialRecord(task, list(name, 1)).optional(),
    canary: flag.optional(),
  });

const abuse = z.strictObject({
  requests_minute: count(1, 1_000_000),
  gap_ms: count(0, 3_600_000),
  credits_hour_alert: quantity,
  failures_block: count(1, 100),
  failures_seconds: count(1, 86_400).optional(),
  block_seconds: count(1, 31_536_000),
});

const planOf = (task: Task, quotas: QuotasSchema) =>
  z.strictObject({
    code: name,
    name: line,
    price: amount,
    negotiable: flag.optional(),
    features: list(name),
    margin: share,
    payment_fees: fees.optional(),
    ...taxes,
    ceiling: amount.optional(),
    overrun_reserve: amount.optional(),
    marketing_budget: amount.optional(),
    credits_monthly: quantity,
    rollover: z.strictObject({ credits_max: quantity, months: count(1, 120) }).optional(),
    pay_as_you_go: z.strictObject({ credits_max: quantity, price: amount }).optional(),
    trial: z.strictObject({ days_max: count(1, 366), ceiling: amount, credits: quantity }).optional(),
    quotas: quotas.optional(),
    concurrency: count(1, 100_000),
    rate: z.strictObject({ rps: count(1, 1_000_000), rpm: count(1, 10_000_000), burst: count(1, 1_000_000) }),
    request: z.strictObject({
      output_tokens_max: count(0, 1_000_000),
      credits_max: quantity,
      input_chars_max: count(1, 10_000_000),
    }),
    model_policy: modelPolicyOf(task).optional(),
    priority: z.enum(LANES),
    cost_caps: z.strictObject({ monthlyUsd: amount.optional(), hardStop: flag }).optional(),
    visibility: z.strictObject({ showBetaModels: flag, allowUnverified: flag }).optional(),
    abuse: abuse.optional(),
    email: z.strictObject({ provider: name, price: name, pool: name.optional() }).optional(),
    ladder: name.optional(),
    packs: list(name).optional(),
    operations: list(name, 1).optional(),
    offline_stand_in: name.optional(),
  });

const pack = z.strictObject({
  code: name,
  name: line,
  price: amount,
  credits: positive,
  margin: share,
  payment_fees: fees.optional(),
  ...taxes,
  expires_months: count(1, 1200).optional(),
  tiers: list(z.strictObject({ from: count(2, 1_000_000), price: amount })).optional(),
});

/** Catalogs that were sold under an earlier word stay readable: levels were `rungs`. */
function olderLadder(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('rungs' in given) || 'levels' in given) return given;
  const { rungs, ...ladder } = given;
  return { ...ladder, levels: rungs };
}

const ladderOf = (quotas: QuotasSchema) =>
  z.preprocess(
    olderLadder,
    z.strictObject({
      name,
      watches: z.enum(['ceiling', 'global_budget', 'pool']),
      pool: name.optional(),
      climb_back: share.optional(),
      levels: list(
        z.strictObject({
          at: threshold,
          model_class_max: modelClass.optional(),
          output_tokens_max: count(1, 1_000_000).optional(),
          lane: z.enum(LANES).optional(),
          candidates_max: count(0, 1000).optional(),
          finals_max: count(0, 1000).optional(),
          image_quality: z.enum(['low', 'medium', 'high']).optional(),
          new_batch: flag.optional(),
          pause: list(name, 1).optional(),
          quotas: quotas.optional(),
          offer: flag.optional(),
        }),
        1,
      ),
    }),
  );

const pool = z.strictObject({
  name,
  unit: z.enum(['email', 'request']),
  provider: name,
  cap: quantity,
  window: z.enum(['month', 'day']),
  pause_at: threshold,
});

const oneOrMoreNames = z.preprocess((given) => (typeof given === 'string' ? [given] : given), list(name, 1));
/** Features alone, or with the days after which they go. */
const degradeStep = z.preprocess(
  (given) => (typeof given === 'string' || Array.isArray(given) ? { features: given } : given),
  z.strictObject({ features: oneOrMoreNames, days: count(0, 3660).optional() }),
);

const license = z.strictObject({ grace_days: count(0, 366), degrade: list(degradeStep, 1) }).optional();

const catalogOf = (task: Task, quotas: QuotasSchema) =>
  z.strictObject({
    name,
    /** Files beside this one. */
    prices: list(name, 1).optional(),
    models: name.optional(),
    fx: z.strictObject({ as_of: date, buffer: share, rates: z.record(z.string().regex(/^[A-Z]{3}\/[A-Z]{3}$/), rate) }),
    credit: z.strictObject({ cost: amount }),
    ...taxes,
    global_budget: z.strictObject({ amount, window: z.literal('month'), covers: z.enum(COVERED).optional() }).optional(),
    alerts: list(threshold).optional(),
    customer_view: z.enum(VIEWS).optional(),
    keys_view: z.enum(VIEWS).optional(),
    license,
    /** The same, as versions spell it that were sold before and are still stored. */
    licence: license,
    pools: list(pool).optional(),
    ladders: list(ladderOf(quotas)).optional(),
    operations: list(operationOf(task), 1),
    plans: list(planOf(task, quotas), 1),
    packs: list(pack).optional(),
  });

/** A price for one, for a thousand or for a million pieces of a unit. */
function byBasisOf(units: readonly string[]) {
  const unitPrices = z.partialRecord(z.enum(units), z.string()).optional();
  return { each: unitPrices, per_thousand: unitPrices, per_million: unitPrices };
}
type ByBasis = ReturnType<typeof byBasisOf>;

const contextTiersOf = (byBasis: ByBasis) =>
  list(z.strictObject({ above_input_tokens: count(1, 100_000_000), ...byBasis })).optional();

const pricesOf = (byBasis: ByBasis, contextTiers: ReturnType<typeof contextTiersOf>) =>
  z.strictObject({
    source: line.optional(),
    prices: list(
      z.strictObject({
        key: z.string().regex(/^[\w.-]+\/\S+$/, 'a provider and a model, such as openai/gpt-5-mini'),
        currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters such as USD'),
        from: date,
        source: line.optional(),
        ...byBasis,
        tiers: contextTiers,
        service_tiers: list(z.strictObject({ name, ...byBasis, tiers: contextTiers })).optional(),
        images: list(
          z.strictObject({ size: name.or(z.literal('*')), quality: name.or(z.literal('*')), each: z.string() }),
        ).optional(),
      }),
    ),
  });

/** The form of each file, by the tables of what it may name. */
export interface Schemas {
  readonly catalog: ReturnType<typeof catalogOf>;
  readonly models: ReturnType<typeof modelsOf>;
  readonly prices: ReturnType<typeof pricesOf>;
}

const known = new WeakMap<CatalogTables['quotas'], Schemas>();

export function schemasFor(tables: CatalogTables): Schemas {
  let schemas = known.get(tables.quotas);
  if (schemas === undefined) {
    const task = z.enum(tables.tasks.map(({ name: of }) => of)) as Task;
    const byBasis = byBasisOf(unitsOf(tables));
    schemas = {
      catalog: catalogOf(task, quotasOf(tables)),
      models: modelsOf(task),
      prices: pricesOf(byBasis, contextTiersOf(byBasis)),
    };
    known.set(tables.quotas, schemas);
  }
  return schemas;
}

/** The forms of a catalog to which no module adds anything. */
export const { catalog: catalogSchema, models: modelsSchema, prices: pricesSchema } = schemasFor(tablesWith());

export type RawCatalog = z.infer<typeof catalogSchema>;
export type RawModels = z.infer<typeof modelsSchema>;
export type RawPrices = z.infer<typeof pricesSchema>;
