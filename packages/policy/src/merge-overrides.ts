import { admissionCapOf, type Catalog, type Plan, type QuotaKey, type Quotas } from '@purser/catalog';
import type { Overrides } from '@purser/identity';
import type { Window } from '@purser/meters';
import type { Money } from '@purser/money';

import type { Origin, Policy } from './policy.ts';
import { type Lowered, provenOverrides } from './proven-overrides.ts';

/** The plan's terms after what was negotiated, before the license has its say. */
export type Terms = Pick<
  Policy,
  | 'ceiling'
  | 'cost_cap'
  | 'credits_monthly'
  | 'pay_as_you_go'
  | 'quotas'
  | 'concurrency'
  | 'rate'
  | 'abuse'
  | 'request'
  | 'providers'
  | 'pinned'
  | 'defaultRouting'
  | 'visibility'
  | 'priority'
> & {
  readonly features: readonly string[];
  readonly origins: ReadonlyMap<string, Origin>;
  /** What of the overrides the plan's price does not pay for. */
  readonly lowered: readonly Lowered[];
  /** How long the overrides stay in or out of force. */
  readonly valid: Window;
};

/** What the money of a term allows, in the plan's currency. */
export interface Allowed {
  readonly ceiling: Money;
  readonly proven: Money;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);

/** Plan ⊕ overrides: what the overrides name replaces the plan's value, one value at a time, as far as the plan's price pays for it. */
export function mergeOverrides(question: {
  plan: Plan;
  catalog: Pick<Catalog, 'credit' | 'fx'>;
  overrides: Overrides;
  now: Temporal.Instant;
  /** What was collected for the time allows; absent: the plan is served as agreed. */
  allowed?: Allowed | undefined;
}): Terms {
  const { plan, catalog, now, allowed } = question;
  const { inForce, valid } = validity(question.overrides, now);
  const overrides = inForce ? question.overrides : {};
  const origins = new Map<string, Origin>();
  const take = <T>(name: string, negotiated: T | undefined, planned: T): T => {
    if (negotiated === undefined) return planned;
    origins.set(name, 'override');
    return negotiated;
  };

  const proven = provenOverrides(plan, catalog, overrides, allowed?.proven);
  if (allowed) for (const name of ['ceiling', 'cost_cap']) origins.set(name, 'term');
  const ceiling = take('ceiling', proven.ceiling, allowed?.ceiling ?? plan.ceiling);
  const { cap, capped } = admissionCapOf(plan, ceiling, catalog.fx);
  if (overrides.ceiling) origins.set('cost_cap', 'override');
  if (capped) origins.set('cost_cap', 'cost_cap');
  const { request, rate, visibility } = overrides;
  const pay_as_you_go = take('pay_as_you_go', proven.pay_as_you_go, plan.pay_as_you_go);
  return {
    features: take('features', overrides.features, plan.features),
    ceiling,
    cost_cap: cap,
    credits_monthly: take('credits_monthly', toBigInt(overrides.credits_monthly), plan.credits_monthly),
    ...(pay_as_you_go && pay_as_you_go.credits_max > 0n && { pay_as_you_go }),
    quotas: mergeQuotas(plan.quotas, overrides.quotas ?? {}, origins),
    concurrency: take('concurrency', overrides.concurrency, plan.concurrency),
    rate: {
      rps: take('rate.rps', rate?.rps, plan.rate.rps),
      rpm: take('rate.rpm', rate?.rpm, plan.rate.rpm),
      burst: take('rate.burst', rate?.burst, plan.rate.burst),
    },
    ...(plan.abuse && { abuse: plan.abuse }),
    request: {
      output_tokens_max: take('request.output_tokens_max', request?.output_tokens_max, plan.request.output_tokens_max),
      credits_max: take('request.credits_max', toBigInt(request?.credits_max), plan.request.credits_max),
      input_chars_max: take('request.input_chars_max', request?.input_chars_max, plan.request.input_chars_max),
    },
    providers: {
      ...mergeByTask('providers', plan.model_policy.providers, overrides.providers, origins),
      ...(plan.email && { email: [plan.email.provider] }),
    },
    pinned: mergeByTask('pinned', plan.model_policy.pinned, overrides.pinned, origins),
    defaultRouting: take('defaultRouting', overrides.defaultRouting, plan.model_policy.defaultRouting),
    visibility: {
      showBetaModels: take('visibility.showBetaModels', visibility?.showBetaModels, plan.visibility.showBetaModels),
      allowUnverified: take('visibility.allowUnverified', visibility?.allowUnverified, plan.visibility.allowUnverified),
    },
    priority: take('priority', overrides.priority, plan.priority),
    origins,
    lowered: proven.lowered,
    valid,
  };
}

function validity({ valid_from, valid_until }: Overrides, now: Temporal.Instant): { inForce: boolean; valid: Window } {
  const from = valid_from === undefined ? EPOCH : Temporal.Instant.from(valid_from);
  const until = valid_until === undefined ? null : Temporal.Instant.from(valid_until);
  if (Temporal.Instant.compare(now, from) < 0) return { inForce: false, valid: { start: EPOCH, end: from } };
  if (until !== null && Temporal.Instant.compare(until, now) <= 0) return { inForce: false, valid: { start: until, end: null } };
  return { inForce: true, valid: { start: from, end: until } };
}

/** Null lifts a quota; a quota that nobody names is not limited. */
function mergeQuotas(planned: Quotas, negotiated: NonNullable<Overrides['quotas']>, origins: Map<string, Origin>): Quotas {
  const merged: { -readonly [key in QuotaKey]?: bigint } = { ...planned };
  for (const [name, value] of Object.entries(negotiated)) {
    const key = name as QuotaKey;
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else merged[key] = BigInt(value);
    origins.set(`quotas.${key}`, 'override');
  }
  return merged;
}

function mergeByTask<T extends object>(
  name: string,
  planned: T,
  negotiated: { [task in keyof T]?: T[task] | undefined } | undefined,
  origins: Map<string, Origin>,
): T {
  if (negotiated === undefined) return planned;
  for (const task of Object.keys(negotiated)) origins.set(`${name}.${task}`, 'override');
  return { ...planned, ...negotiated };
}

function toBigInt(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
