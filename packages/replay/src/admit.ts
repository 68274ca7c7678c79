import { assert, PLATFORM, type RefusalCode } from '@purser/core';
import { type Catalog, creditsFor, findOperation, type Ladder, type Operation } from '@purser/catalog';
import type { MeterSpec } from '@purser/meters';
import { actualCost, convertCost, type Currency, isUnpriced, type Money, type Usage } from '@purser/money';
import { metersFor, originOf, PAY_AS_YOU_GO, type Policy } from '@purser/policy';
import { OFFLINE } from '@purser/routing';

import type { Account, Counters } from './account.ts';
import { chooseModel } from './choose-model.ts';
import type { RecordedCall } from './recorded.ts';

/** What a call takes when it is let through. */
export interface Taken {
  readonly cost: Money;
  readonly granted: bigint;
  readonly sold: bigint;
  readonly shortened: boolean;
  readonly rerouted: boolean;
  readonly legs: readonly { readonly meter: MeterSpec; readonly amount: bigint }[];
}

export interface Admission {
  readonly policy: Policy;
  readonly account: Account;
  readonly platform: Counters;
  readonly call: RecordedCall;
  /** The instant whose prices count. */
  readonly prices_at: Temporal.Instant;
  readonly configured: ReadonlySet<string>;
}

/** The steps of the gate in their order, with what the call really used in place of its worst case. */
export function admit(question: Admission): Taken | RefusalCode {
  const { policy, call, account, configured } = question;
  const { catalog } = policy;
  const operation = findOperation(catalog, call.operation);
  if (operation === undefined) return 'invalid_request';
  if (!policy.features.has(operation.feature)) return missing(policy, operation.feature);
  const chosen = chooseModel(catalog, policy, operation, call, configured);
  if (chosen === undefined) return 'no_model_allowed';
  const output_tokens = Math.min(call.usage.output_tokens, policy.request.output_tokens_max);
  const usage = { ...call.usage, output_tokens };
  const cost = costOf(policy, { ...call, ...chosen.model }, usage, question.prices_at);
  if (cost === undefined) return 'price_unknown';
  const credits = creditsOf(catalog, operation, call, cost, sureCost(policy, { ...call, ...chosen.model }, question.prices_at));
  if (credits > policy.request.credits_max) return 'request_too_large';
  const free = account.purse.free(call.started_at);
  const granted = credits < free ? credits : free;
  const sold = credits - granted;
  if (sold > 0n && policy.pay_as_you_go === undefined) return 'credits_exhausted';
  const legs = legsOf(policy, call, { usage, cost, sold });
  const over = legs.find(({ meter, amount }) => counterOf(question, meter).of(meter) + amount > (meter.cap ?? amount));
  if (over) return codeOf(over.meter);
  return { cost, granted, sold, shortened: output_tokens < call.usage.output_tokens, rerouted: chosen.another, legs };
}

export function counterOf({ account, platform }: Pick<Admission, 'account' | 'platform'>, meter: MeterSpec): Counters {
  return meter.workspace === PLATFORM ? platform : account.counters;
}

interface Used {
  readonly usage: Usage;
  readonly cost: Money;
  readonly sold: bigint;
}

/** What a call takes of each meter. Credits have grants, and calls in flight have no recorded moment: neither is a counter here. */
export function legsOf(policy: Policy, call: RecordedCall, used: Used): Taken['legs'] {
  const task = findOperation(policy.catalog, call.operation)?.task ?? 'text';
  return metersFor(task, policy, { user: call.end_user ?? call.actor }, call.started_at)
    .filter(({ class: kind, key }) => kind !== 'credit' && kind !== 'gauge' && (key !== PAY_AS_YOU_GO || used.sold > 0n))
    .map((meter) => ({ meter, amount: amountOf(policy, meter, used) }));
}

function amountOf({ catalog }: Policy, meter: MeterSpec, { usage, cost, sold }: Used): bigint {
  if (meter.class === 'cost') return convertCost(cost, meter.unit as Currency, catalog.fx).nanos;
  if (meter.key === PAY_AS_YOU_GO) return sold;
  if (meter.unit === 'token') return BigInt(usage.input_tokens + usage.output_tokens);
  assert(meter.unit === 'job', `a text call has no meter ${meter.key}`);
  return 1n;
}

function codeOf({ key }: MeterSpec): RefusalCode {
  if (key === 'cost') return 'cost_ceiling_reached';
  if (key === 'budget') return 'budget_exhausted';
  return key === PAY_AS_YOU_GO ? 'credits_exhausted' : 'quota_exceeded';
}

const PAUSED = {
  ceiling: 'cost_ceiling_reached',
  global_budget: 'budget_exhausted',
  pool: 'pool_paused',
} as const satisfies Record<Ladder['watches'], RefusalCode>;

/** A feature that a level has paused is refused with the code of the meter that its ladder watches. */
function missing(policy: Policy, feature: string): RefusalCode {
  if (originOf(policy, `features.${feature}`) !== 'level') return 'plan_feature_missing';
  const pausing = policy.levels.find(({ ladder, level }) =>
    ladder.levels.slice(0, level).some(({ effects }) => effects.pause?.includes(feature) === true),
  );
  return PAUSED[pausing?.ladder.watches ?? 'ceiling'];
}

/** What a provider did not serve is charged to nobody; of what it did not report, only what is `sure` is charged, and at least the least. */
export function creditsOf(
  catalog: Catalog,
  operation: Pick<Operation, 'credits_min' | 'task'>,
  { outcome, usage }: RecordedCall,
  cost: Money,
  sure: Money | undefined,
): bigint {
  if (outcome !== 'ok' && outcome !== 'stopped') return 0n;
  if (usage.estimated !== true) return creditsFor(catalog, operation, cost);
  return sure === undefined ? operation.credits_min : creditsFor(catalog, operation, sure);
}

/** What a recorded call surely cost, where its usage was a bound. */
export function sureCost(policy: Policy, call: RecordedCall, at: Temporal.Instant): Money | undefined {
  const { at_least } = call.usage;
  return at_least && costOf(policy, call, at_least, at);
}

function costOf(policy: Policy, { provider, model }: RecordedCall, usage: Usage, at: Temporal.Instant): Money | undefined {
  const { models, prices } = policy.catalog;
  const entry = models.find((one) => one.provider === provider && one.name === model);
  const stand_in = provider === OFFLINE ? policy.plan.offline_stand_in : undefined;
  const price = prices.findByKey(stand_in ?? entry?.priceKey ?? `${provider}/${model}`, at);
  const cost = price && actualCost(price, usage);
  return cost === undefined || isUnpriced(cost) ? undefined : cost;
}
