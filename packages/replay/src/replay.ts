import type { RefusalCode, WorkspaceId } from '@purser/core';
import { type Catalog, findOperation, findPlan, type Plan } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { convertCost, convertPlain, type Money } from '@purser/money';
import { effectivePolicy, type Policy, type PolicyState, levelAt } from '@purser/policy';
import type { ServedTerms } from '@purser/terms';
import { grantsOfPeriod } from '@purser/wallet';

import { Account, Counters, nameOf } from './account.ts';
import { admit, counterOf, creditsOf, sureCost, legsOf, type Taken } from './admit.ts';
import { PlanSums, type ReplayedPlan } from './replayed-plan.ts';
import { CreditBalance } from './credit-balance.ts';
import type { Recorded, RecordedCall, RecordedGrant } from './recorded.ts';
import { SeenSpending } from './seen-spending.ts';
import { creditsUnder } from './terms-under.ts';

export interface ReplayOptions {
  /** Whose budget and shared ladders hold for everybody. */
  readonly catalog: Catalog;
  /** The terms a workspace is replayed under. */
  readonly catalogOf: (workspace: Workspace) => Catalog;
  /** The terms it really was under: what happened before `from` happened under them. */
  readonly soldTo: (workspace: Workspace) => Catalog;
  /** What a workspace paid for by a subscription, under the terms it is replayed under; undefined: its plan is as agreed, by the calendar. */
  readonly termsOf?: (workspace: WorkspaceId) => ServedTerms | undefined;
  /** From here credits are known; what came before it only fills meters. */
  readonly opens: Temporal.Instant;
  /** From here calls are let through or refused, and counted. */
  readonly from: Temporal.Instant;
  /** Absent: each call at the prices of its own time. */
  readonly prices_at?: Temporal.Instant;
  /** Providers that could have been called. */
  readonly configured: ReadonlySet<string>;
}

/**
 * What really happened, under a catalog: which calls its plans would have let through, and what those would have come to. What came
 * before `from` is taken as it was, so that meters, grants and raises stand at `from` as they stood; from there on everything follows
 * from the catalog and the recorded usage. A license counts as paid.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #accounts = new Map<WorkspaceId, Account>();
  readonly #plans = new Map<string, PlanSums>();
  readonly #platform = new Counters();
  readonly #shared = new SeenSpending();
  readonly #paid = new WeakMap<Workspace, Workspace>();
  #state: PolicyState = Object.freeze({ frozen: false, levels: [] });

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** In the order of time; `workspace` as it was at `at`. */
  add(workspace: Workspace, at: Temporal.Instant, what: Recorded): void {
    const account = this.#accountOf(workspace.id);
    if (what.kind === 'opening') {
      account.purse = CreditBalance.opened(what.grants, what.balance);
      return;
    }
    const counted = Temporal.Instant.compare(at, this.#options.from) >= 0;
    const catalog = counted ? this.#options.catalogOf(workspace) : this.#options.soldTo(workspace);
    const plan = findPlan(catalog, workspace.plan);
    if (plan === undefined) {
      if (counted && what.kind === 'call') this.#missing(workspace.plan).refuse('plan_feature_missing');
      return;
    }
    const policy = this.#policyOf(account, workspace, catalog, at);
    switch (what.kind) {
      case 'period':
        return counted ? this.#begin(account, policy) : this.#remember(account, policy);
      case 'grant':
        return this.#grant(account, policy, this.#granted(workspace, policy, what.grant), counted);
      case 'taken':
        return account.purse.takeBack(what.credits);
      case 'raise':
        return account.raise(policy, convertPlain(what.amount, plan.price.currency, catalog.fx, 'down'));
      case 'call':
        return counted ? this.#serve(account, workspace, policy, what.call) : this.#relive(account, policy, what.call);
      default:
        return what satisfies never;
    }
  }

  /** Revenue and fees that no call and no period brings: packs, as they were paid for, and what was collected for plans. */
  earn(plan: string, revenue: Money, fees: Money): void {
    this.#sumsOf({ code: plan, price: revenue }).earn(revenue, fees);
  }

  result(): ReplayedPlan[] {
    return [...this.#plans.values()].map((sums) => sums.result()).toSorted((a, b) => (a.plan < b.plan ? -1 : 1));
  }

  #serve(account: Account, workspace: Workspace, before: Policy, call: RecordedCall): void {
    this.#begin(account, before);
    const policy = this.#climb(account, workspace, before, call.started_at);
    const sums = this.#sumsOf(policy.plan);
    const { prices_at = call.started_at, configured } = this.#options;
    const taken = admit({ policy, account, platform: this.#platform, call, prices_at, configured });
    if (typeof taken === 'string') return sums.refuse(taken satisfies RefusalCode);
    this.#take(account, call, taken);
    sums.calls += 1;
    if (taken.shortened) sums.shortened += 1;
    if (taken.rerouted) sums.rerouted += 1;
    sums.credits += taken.granted;
    sums.cost = { ...sums.cost, nanos: sums.cost.nanos + inPlan(policy, taken.cost) };
    const more = policy.pay_as_you_go;
    if (taken.sold > 0n && more) sums.sell(`${workspace.id} ${periodOf(policy)}`, policy.plan, more.price, taken.sold);
  }

  /** As it was: it took what it took. */
  #relive(account: Account, policy: Policy, call: RecordedCall): void {
    this.#remember(account, policy);
    const { catalog } = policy;
    const operation = findOperation(catalog, call.operation) ?? { credits_min: 0n, task: 'text' };
    const known = Temporal.Instant.compare(call.started_at, this.#options.opens) >= 0;
    const credits = known ? creditsOf(catalog, operation, call, call.cost, sureCost(policy, call, call.started_at)) : 0n;
    const free = account.purse.free(call.started_at);
    const granted = credits < free ? credits : free;
    const legs = legsOf(policy, call, { usage: call.usage, cost: call.cost, sold: credits - granted });
    this.#take(account, call, { granted, legs });
  }

  #take(account: Account, call: RecordedCall, { granted, legs }: Pick<Taken, 'granted' | 'legs'>): void {
    account.purse.spend(granted, call.started_at);
    const ended_ms = call.started_at.epochMilliseconds + call.duration_ms;
    for (const { meter, amount } of legs) {
      const counter = counterOf({ account, platform: this.#platform }, meter);
      counter.take(meter, amount);
      if (meter.class === 'cost')
        (counter === this.#platform ? this.#shared : account.seen).spend(nameOf(meter), amount, ended_ms);
    }
  }

  /** The period's price is earned once, the monthly credits of each plan are granted once in it: as the wallet does. */
  #begin(account: Account, policy: Policy): void {
    // What was collected has its own grants, and is earned as it was booked.
    if (policy.term !== undefined) return;
    const { paid, monthly } = beginningsOf(policy);
    if (!account.begun.has(paid)) this.#sumsOf(policy.plan).openPeriod(policy.plan);
    if (!account.begun.has(monthly)) for (const grant of grantsOfPeriod(policy)) account.purse.add(grant);
    this.#remember(account, policy);
  }

  #remember(account: Account, policy: Policy): void {
    const { paid, monthly } = beginningsOf(policy);
    account.begun.add(paid).add(monthly);
  }

  /** Monthly credits follow from the plan that is replayed; what was given or bought is what it was. */
  #grant(account: Account, policy: Policy, grant: Extract<Recorded, { kind: 'grant' }>['grant'], counted: boolean): void {
    const by_calendar = grant.source === 'monthly' && policy.term === undefined;
    if (by_calendar && counted) return this.#begin(account, policy);
    if (by_calendar) this.#remember(account, policy);
    account.purse.add(grant);
  }

  /** The monthly credits of a month that was paid for, as the plan that is replayed gives them. */
  #granted(workspace: Workspace, { plan, term }: Policy, grant: RecordedGrant): RecordedGrant {
    const sold = findPlan(this.#options.soldTo(workspace), workspace.plan);
    if (grant.source !== 'monthly' || term === undefined || sold === undefined) return grant;
    return { ...grant, credits: creditsUnder(grant.credits, sold, plan) };
  }

  #climb(account: Account, workspace: Workspace, policy: Policy, at: Temporal.Instant): Policy {
    const shared = this.#climbShared(policy, at);
    const own = account.climb(policy, at);
    return shared || own ? this.#policyOf(account, workspace, policy.catalog, at) : policy;
  }

  #climbShared({ meters }: Policy, at: Temporal.Instant): boolean {
    const budget = meters.find(({ key }) => key === 'budget');
    const ladders = this.#options.catalog.ladders.filter(({ watches }) => watches === 'global_budget');
    if (budget === undefined || ladders.length === 0) return false;
    const spent = this.#shared.of(nameOf(budget), at.epochMilliseconds);
    const levels = ladders
      .map((ladder) => ({ ladder, level: levelAt(ladder, spent, budget.cap ?? 0n) }))
      .filter(({ level }) => level > 0);
    const before = this.#state.levels ?? [];
    if (
      levels.length === before.length &&
      levels.every(({ ladder, level }, n) => before[n]?.ladder === ladder && before[n].level === level)
    )
      return false;
    this.#state = Object.freeze({ frozen: false, levels });
    return true;
  }

  #policyOf(account: Account, workspace: Workspace, catalog: Catalog, now: Temporal.Instant): Policy {
    const resolve = (): Policy =>
      effectivePolicy({
        workspace: this.#paidOf(workspace),
        catalog,
        state: this.#state,
        workspace_state: account.workspace_state,
        now,
      });
    const policy = resolve();
    return account.carryRaise(policy) ? resolve() : policy;
  }

  /** As if every payment had come. A workspace of its own for this replay: what is resolved for it is kept by the object. */
  #paidOf(workspace: Workspace): Workspace {
    const known = this.#paid.get(workspace) ?? Object.freeze({ ...workspace, license: 'active' as const });
    this.#paid.set(workspace, known);
    return known;
  }

  #accountOf(workspace: WorkspaceId): Account {
    const known = this.#accounts.get(workspace) ?? new Account(workspace, this.#options.termsOf?.(workspace));
    this.#accounts.set(workspace, known);
    return known;
  }

  #sumsOf({ code, price }: Pick<Plan, 'code' | 'price'>): PlanSums {
    const key = `${code} ${price.currency}`;
    const known = this.#plans.get(key) ?? new PlanSums(code, price.currency);
    this.#plans.set(key, known);
    return known;
  }

  /** A plan that the catalog no longer has earns nothing. */
  #missing(code: string): PlanSums {
    return this.#sumsOf({ code, price: this.#options.catalog.credit.cost });
  }
}

function periodOf({ billing_period }: Policy): string {
  return String(billing_period.start.epochMilliseconds);
}

/** What is free is not booked, so who leaves it within a period pays for that period. */
function beginningsOf(policy: Policy): { paid: string; monthly: string } {
  const { price, code } = policy.plan;
  return { paid: `${periodOf(policy)} ${price.nanos > 0n ? 'paid' : 'free'}`, monthly: `${periodOf(policy)} of ${code}` };
}

function inPlan({ plan, catalog }: Policy, cost: Money): bigint {
  return convertCost(cost, plan.price.currency, catalog.fx).nanos;
}
