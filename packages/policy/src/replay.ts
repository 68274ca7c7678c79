import type { RefusalCode } from '@purser/base';
import { type Catalogue, creditsFor, findOperation, findPlan, paymentFees } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { actualCost, add, convertCost, isUnpriced, type Money, money, type Usage, zero } from '@purser/money';

import { effectivePolicy } from './effective-policy.ts';
import type { Policy, PolicyState } from './policy.ts';

/** A call as the ledger keeps it. */
export interface RecordedCall {
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly started_at: Temporal.Instant;
  readonly usage: Usage;
}

/** What the recorded calls of one plan come to. Amounts in the currency of its price. */
export interface ReplayedPlan {
  readonly plan: string;
  readonly periods: number;
  readonly calls: number;
  /** Calls whose answers would have been shorter. */
  readonly shortened: number;
  readonly refused: Readonly<Partial<Record<RefusalCode, number>>>;
  readonly credits: bigint;
  readonly revenue: Money;
  readonly fees: Money;
  readonly cost: Money;
}

interface Period {
  cost: bigint;
  credits: bigint;
  tokens: bigint;
  jobs: bigint;
}

interface Sums {
  periods: number;
  calls: number;
  shortened: number;
  refused: Partial<Record<RefusalCode, number>>;
  credits: bigint;
  revenue: Money;
  fees: Money;
  cost: Money;
}

const STATE: PolicyState = Object.freeze({ frozen: false });

/**
 * Recorded usage under a catalogue: which calls its plans would have let through, and what those would have cost at the prices of `at`.
 * Overrides count as agreed; a licence counts as paid. Credits and ceiling are the plan's alone: what was bought on top is not in the
 * calls, so who bought is refused earlier than he was. The model is the one that was called, and ladders are left out: what a call
 * would have used on another model cannot be known from what it used on this one.
 */
export class Replay {
  readonly #catalogue: Catalogue;
  readonly #at: Temporal.Instant;
  readonly #plans = new Map<string, Sums>();
  readonly #periods = new Map<string, Period>();
  readonly #paid = new WeakMap<Workspace, Workspace>();
  #budget = new Map<string, bigint>();

  constructor(catalogue: Catalogue, at: Temporal.Instant) {
    this.#catalogue = catalogue;
    this.#at = at;
  }

  /** Calls of one workspace come in the order of time. */
  add(workspace: Workspace, call: RecordedCall): void {
    const plan = findPlan(this.#catalogue, workspace.plan);
    if (plan === undefined) {
      const nothing = zero(this.#catalogue.credit.cost.currency);
      refuse(this.#sumsOf(workspace.plan, nothing), 'plan_feature_missing');
      return;
    }
    const policy = this.#policyOf(workspace, call.started_at);
    const sums = this.#sumsOf(plan.code, zero(plan.price.currency));
    const period = this.#periodOf(policy, sums);
    const outcome = this.#admit(policy, period, call, sums);
    if (outcome !== undefined) refuse(sums, outcome);
    else sums.calls += 1;
  }

  result(): ReplayedPlan[] {
    return [...this.#plans].map(([plan, sums]) => ({ plan, ...sums })).toSorted((a, b) => (a.plan < b.plan ? -1 : 1));
  }

  #admit(policy: Policy, period: Period, call: RecordedCall, sums: Sums): RefusalCode | undefined {
    const catalogue = this.#catalogue;
    const operation = findOperation(catalogue, call.operation);
    if (operation === undefined) return 'invalid_request';
    if (!policy.features.has(operation.feature)) return 'plan_feature_missing';
    const shorter = Math.min(call.usage.output_tokens, policy.request.output_tokens_max);
    const usage = { ...call.usage, output_tokens: shorter };
    const cost = this.#costOf(policy, call, usage);
    if (cost === undefined) return 'price_unknown';
    const credits = creditsFor(catalogue, operation, cost);
    if (credits > policy.request.credits_max) return 'request_too_large';
    if (period.credits + credits > policy.credits_monthly) return 'credits_exhausted';
    const nanos = convertCost(cost, policy.cost_cap.currency, catalogue.fx).nanos;
    if (period.cost + nanos > policy.cost_cap.nanos) return 'cost_ceiling_reached';
    const tokens = BigInt(usage.input_tokens + usage.output_tokens);
    const { tokens_month, jobs_month } = policy.quotas;
    if (tokens_month !== undefined && period.tokens + tokens > tokens_month) return 'quota_exceeded';
    if (jobs_month !== undefined && period.jobs + 1n > jobs_month) return 'quota_exceeded';
    if (!this.#fitsBudget(cost, call.started_at)) return 'budget_exhausted';
    period.credits += credits;
    period.cost += nanos;
    period.tokens += tokens;
    period.jobs += 1n;
    sums.credits += credits;
    sums.cost = add(sums.cost, convertCost(cost, sums.cost.currency, catalogue.fx));
    if (shorter < call.usage.output_tokens) sums.shortened += 1;
    return undefined;
  }

  #costOf(policy: Policy, call: RecordedCall, usage: Usage): Money | undefined {
    const model = this.#catalogue.models.find(({ provider, name }) => provider === call.provider && name === call.model);
    const stand_in = call.provider === 'offline' ? policy.plan.offline_stand_in : undefined;
    const key = stand_in ?? model?.priceKey ?? `${call.provider}/${call.model}`;
    const price = this.#catalogue.prices.findByKey(key, this.#at);
    const cost = price && actualCost(price, usage);
    return cost === undefined || isUnpriced(cost) ? undefined : cost;
  }

  #fitsBudget(cost: Money, at: Temporal.Instant): boolean {
    const budget = this.#catalogue.globalBudget?.amount;
    if (budget === undefined) return true;
    const month = at.toString().slice(0, 'YYYY-MM'.length);
    const spent = (this.#budget.get(month) ?? 0n) + convertCost(cost, budget.currency, this.#catalogue.fx).nanos;
    if (spent > budget.nanos) return false;
    this.#budget.set(month, spent);
    return true;
  }

  /** As if every payment had come. */
  #policyOf(workspace: Workspace, now: Temporal.Instant): Policy {
    const paid = this.#paid.get(workspace) ?? Object.freeze({ ...workspace, license: 'active' as const });
    this.#paid.set(workspace, paid);
    return effectivePolicy({ workspace: paid, catalogue: this.#catalogue, state: STATE, now });
  }

  #sumsOf(plan: string, nothing: Money): Sums {
    const known = this.#plans.get(plan);
    if (known) return known;
    const fresh: Sums = {
      periods: 0,
      calls: 0,
      shortened: 0,
      refused: {},
      credits: 0n,
      revenue: nothing,
      fees: nothing,
      cost: nothing,
    };
    this.#plans.set(plan, fresh);
    return fresh;
  }

  /** A period that is seen for the first time is paid for. */
  #periodOf({ workspace, billing_period, plan }: Policy, sums: Sums): Period {
    const key = `${workspace.id} ${billing_period.start.epochMilliseconds}`;
    const known = this.#periods.get(key);
    if (known) return known;
    const fresh: Period = { cost: 0n, credits: 0n, tokens: 0n, jobs: 0n };
    this.#periods.set(key, fresh);
    sums.periods += 1;
    sums.revenue = add(sums.revenue, plan.price);
    sums.fees = add(sums.fees, paymentFees(plan.price, plan.payment_fees));
    return fresh;
  }
}

function refuse(sums: Sums, code: RefusalCode): void {
  sums.refused[code] = (sums.refused[code] ?? 0) + 1;
}

/** revenue − fees − cost, and its share of the revenue in millionths, towards −∞; null without revenue. */
export function marginOfReplay({ revenue, fees, cost }: Pick<ReplayedPlan, 'revenue' | 'fees' | 'cost'>): {
  readonly margin: Money;
  readonly ratio_ppm: bigint | null;
} {
  const margin = money(revenue.nanos - fees.nanos - cost.nanos, revenue.currency);
  if (revenue.nanos <= 0n) return { margin, ratio_ppm: null };
  const scaled = margin.nanos * 1_000_000n;
  const floored = scaled / revenue.nanos - (scaled < 0n && scaled % revenue.nanos !== 0n ? 1n : 0n);
  return { margin, ratio_ppm: floored };
}
