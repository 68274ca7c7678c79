import {
  add,
  divide,
  formatMoney,
  formatUnitPrice,
  type ModelPrice,
  type Money,
  type TokenUnit,
  type Yoctos,
  YOCTOS_PER_NANO,
  zero,
} from '@purser/money';

import type { Catalog, ModelEntry, Plan } from './catalog.ts';
import { admissionCapOf } from './ceiling.ts';
import { emailPrices, isFree, reachable } from './reachable.ts';
import { reckon, reckonIn } from './reckon.ts';
import type { TaskType } from './tables.ts';

/** Something that bounds what a billing period of a plan can cost, in the plan's currency with the exchange buffer. */
export interface Constraint {
  /** `ceiling`, `credits + e-mail quota`, … */
  readonly name: string;
  readonly limit: Money;
  /** How the limit comes about. */
  readonly because: string;
}

/** Days in the longest month, and the weeks from Monday that can touch it. */
const DAYS_MONTH_MAX = 31n;
const WEEKS_MONTH_MAX = 6n;
/** A token is at least a byte, a character at most four. */
const BYTES_PER_CHARACTER_MAX = 4;

/**
 * What the engine admits of a billing period's cost, whatever callers, providers and operators do. Prices count as they are at `at` and as
 * they are announced for later. Neither credits nor quotas bound it: a call that ends unresolved gives them back and its cost stays counted,
 * and gifts and packs add credits. Nor does the global budget, which is shared, meets a billing period twice, and is no part of what was
 * sold: the next catalog may have a larger one. What bounds it is what cost is counted against.
 */
export function boundOf(catalog: Catalog, plan: Plan, at: Temporal.Instant): Constraint {
  if (!costsAnything(catalog, plan, at)) {
    return { name: 'prices of zero', limit: zero(plan.price.currency), because: 'nothing that it reaches costs anything' };
  }
  const { cap, capped } = admissionCapOf(plan, plan.ceiling, catalog.fx);
  const { monthlyUsd } = plan.cost_caps;
  if (capped && monthlyUsd) return { name: 'cost cap', limit: cap, because: `hard stop at ${formatMoney(monthlyUsd)}` };
  const because = `${formatMoney(plan.ceiling)} less the reserve of ${formatMoney(plan.overrun_reserve)}`;
  return { name: 'ceiling', limit: cap, because };
}

/** Whether any model or e-mail that the plan reaches has a price above zero. */
function costsAnything(catalog: Catalog, plan: Plan, at: Temporal.Instant): boolean {
  const tasks = Object.keys(plan.model_policy.providers) as TaskType[];
  const models = tasks.flatMap((task) => reachable(catalog, plan, task, at).map(({ price }) => price));
  const emails = emailPrices(catalog, plan, at).map(({ units }) => units.email ?? 0n);
  return models.some((price) => !isFree(price)) || emails.some((each) => each > 0n);
}

/**
 * What the plan's own credits and quotas can cost together, where every call is charged as it should be: by credits, and by quotas; none
 * where one of them is open-ended.
 */
export function allotmentsOf(catalog: Catalog, plan: Plan, at: Temporal.Instant): Constraint[] {
  const email = emailCost(catalog, plan, at);
  if (!email) return [];
  const ways: Constraint[] = [];
  if (Object.keys(plan.model_policy.providers).length === 0) {
    ways.push({ name: 'no AI', limit: zero(plan.price.currency), because: 'no provider serves the plan' });
  } else {
    const each = catalog.credit.cost;
    const spendable = creditsOfMonth(plan);
    const credits = reckon(each.nanos * spendable, each.currency);
    const because = `${spendable} credits × ${formatMoney(each)} = ${formatMoney(credits)}`;
    ways.push({ name: 'credits', limit: toPlan(catalog, plan, credits), because });
    const quotas = quotaCost(catalog, plan, at);
    if (quotas) ways.push(quotas);
  }
  return ways.map((way) => together(way, email));
}

/** The most a month can spend of the plan's own: granted in it, rolled over from those before, and paid as one goes (whose price counts for nothing here). */
function creditsOfMonth({ credits_monthly, rollover, pay_as_you_go }: Plan): bigint {
  const rolled = rollover ? rollover.credits_max * BigInt(rollover.months) : 0n;
  return credits_monthly + rolled + (pay_as_you_go?.credits_max ?? 0n);
}

/** The sum of two limits under the names of those that cost something. */
function together(ai: Constraint, email: Constraint): Constraint {
  if (email.limit.nanos === 0n) return ai;
  if (ai.limit.nanos === 0n) return email;
  return { name: `${ai.name} + ${email.name}`, limit: add(ai.limit, email.limit), because: `${ai.because}; ${email.because}` };
}

/** The month's e-mail at its price; undefined when nothing bounds it. */
function emailCost(catalog: Catalog, plan: Plan, at: Temporal.Instant): Constraint | undefined {
  const none = { name: 'e-mail quota', limit: zero(plan.price.currency), because: 'e-mail costs nothing' };
  if (!plan.email) return none;
  const { emails_day, emails_month } = plan.quotas;
  const byDay = emails_day === undefined ? undefined : emails_day * DAYS_MONTH_MAX;
  const emails = byDay === undefined ? emails_month : emails_month === undefined || byDay < emails_month ? byDay : emails_month;
  let dearest: Constraint | undefined;
  for (const price of emailPrices(catalog, plan, at)) {
    const each = price.units.email ?? 0n;
    if (each === 0n) continue;
    if (emails === undefined) return undefined;
    const cost = costOf(price, emails * each);
    const limit = toPlan(catalog, plan, cost);
    const because = `${emails} e-mails × ${formatUnitPrice(each)} ${price.currency} = ${formatMoney(cost)}`;
    if (!dearest || limit.nanos > dearest.limit.nanos) dearest = { ...none, limit, because };
  }
  return dearest ?? none;
}

/** The quotas of every task the plan reaches, each at the dearest price of a model it reaches; undefined when a task has no quota. */
function quotaCost(catalog: Catalog, plan: Plan, at: Temporal.Instant): Constraint | undefined {
  let limit = zero(plan.price.currency);
  const parts: string[] = [];
  for (const task of Object.keys(plan.model_policy.providers) as TaskType[]) {
    let dearest: { limit: Money; because: string } | undefined;
    for (const { model, price } of reachable(catalog, plan, task, at)) {
      const pieces = piecesOf(plan, task, model, price);
      if (pieces === undefined) return undefined;
      const cost = costOf(price, pieces.yoctos);
      const converted = toPlan(catalog, plan, cost);
      if (!dearest || converted.nanos > dearest.limit.nanos) {
        dearest = { limit: converted, because: `${pieces.of} on ${model.id} = ${formatMoney(cost)}` };
      }
    }
    if (!dearest || dearest.limit.nanos === 0n) continue;
    // Text and embeddings share one quota of tokens; counting it for both is on the safe side.
    limit = add(limit, dearest.limit);
    parts.push(dearest.because);
  }
  if (parts.length === 0) return { name: 'prices of zero', limit, because: 'every model it reaches is free' };
  return { name: 'quotas', limit, because: parts.join('; ') };
}

interface Pieces {
  readonly of: string;
  readonly yoctos: Yoctos;
}

/** The whole of the plan's quota for a task at a price; undefined when the quota, or a price by the quota's piece, is missing. */
function piecesOf(plan: Plan, task: TaskType, model: ModelEntry, price: ModelPrice): Pieces | undefined {
  const { quotas } = plan;
  const { units } = price;
  const fees = requestFees(plan, price);
  if (fees === undefined) return undefined;
  const times = (count: bigint | undefined, each: Yoctos, of: string): Pieces | undefined => {
    if (each === 0n && fees === 0n) return { of: `any number of ${of}s`, yoctos: 0n };
    return count === undefined ? undefined : { of: `${count} ${of}s`, yoctos: count * each + fees };
  };
  switch (task) {
    case 'text':
      return times(quotas.tokens_month, dearestToken(price, [...INPUT, ...OUTPUT]), 'token');
    case 'embedding':
      return times(quotas.tokens_month, dearestToken(price, INPUT), 'token');
    case 'image': {
      const piece = price.images.reduce((most, image) => (image.yoctos > most ? image.yoctos : most), 0n);
      const each =
        price.images.length > 0
          ? piece
          : BigInt(model.output_tokens_max) * dearestToken(price, [...OUTPUT, 'image_output_token']);
      const prompt_tokens = Math.min(model.context_tokens, plan.request.input_chars_max * BYTES_PER_CHARACTER_MAX);
      return times(imagesMonth(plan), each + BigInt(prompt_tokens) * dearestToken(price, INPUT), 'image');
    }
    case 'speech':
      if (units.character === undefined && units.second === undefined) return undefined;
      return times(units.character ? undefined : quotas.audio_seconds_month, units.character ?? units.second ?? 0n, 'second');
    case 'transcription':
      // Tokens of sound are bounded by no quota: what is said here would be too low.
      if (units.second === undefined && units.minute === undefined) return undefined;
      return times(quotas.audio_seconds_month, units.second ?? units.minute ?? 0n, 'second');
    case 'moderation':
      if (units.request === undefined) return times(quotas.tokens_month, dearestToken(price, INPUT), 'token');
      return { of: `${quotas.jobs_month ?? 'any number of'} calls`, yoctos: fees };
    case 'video':
      return times(quotas.video_minutes_month, units.minute ?? (units.second ?? 0n) * 60n, 'minute');
    case 'email':
      // A plan's e-mail has a route and a reckoning of its own: see `emailCost`.
      return times(0n, 0n, 'email');
    default:
      // A module's: what its quotas leave in money is for its own figures. Its cost is bounded as everybody's is.
      return isFree(price) ? times(undefined, 0n, task) : undefined;
  }
}

function requestFees(plan: Plan, price: ModelPrice): Yoctos | undefined {
  const fee = price.units.request ?? 0n;
  if (fee === 0n) return 0n;
  return plan.quotas.jobs_month === undefined ? undefined : plan.quotas.jobs_month * fee;
}

/** The monthly image quota, or what the studio's weekly limits allow in a month that touches six weeks. */
function imagesMonth({ quotas }: Plan): bigint | undefined {
  if (quotas.images_month !== undefined) return quotas.images_month;
  const { platforms, posts_platform_week, candidates_batch, candidate_batches_post, finals_post } = quotas;
  if (platforms === undefined || posts_platform_week === undefined || candidates_batch === undefined) return undefined;
  if (candidate_batches_post === undefined || finals_post === undefined) return undefined;
  return platforms * posts_platform_week * WEEKS_MONTH_MAX * (candidates_batch * candidate_batches_post + finals_post);
}

const INPUT = ['input_token', 'cached_input_token', 'cache_write_token'] as const;
const OUTPUT = ['output_token', 'reasoning_token'] as const;

/** The dearest of these kinds of token, in any tier. */
function dearestToken(price: ModelPrice, kinds: readonly TokenUnit[]): Yoctos {
  let most = 0n;
  for (const prices of [price.units, ...price.tiers.map((tier) => tier.prices)]) {
    for (const kind of kinds) most = prices[kind] !== undefined && prices[kind] > most ? prices[kind] : most;
  }
  return most;
}

function costOf(price: ModelPrice, yoctos: Yoctos): Money {
  return reckon(divide(yoctos, YOCTOS_PER_NANO, 'up'), price.currency);
}

function toPlan(catalog: Catalog, plan: Plan, cost: Money): Money {
  return reckonIn(cost, plan.price.currency, catalog.fx);
}
