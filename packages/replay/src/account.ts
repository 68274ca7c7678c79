import type { WorkspaceId } from '@purser/core';
import type { MeterSpec } from '@purser/meters';
import { type Money, money } from '@purser/money';
import { isToCarry, leftOfRaise, NOTHING_KNOWN, type Policy, levelAt, type WorkspaceState } from '@purser/policy';
import type { ServedTerms } from '@purser/terms';

import { CreditBalance } from './credit-balance.ts';
import { SeenSpending } from './seen-spending.ts';

/** What one workspace, or the platform, has taken of its meters. */
export class Counters {
  readonly #taken = new Map<string, bigint>();

  of(meter: MeterSpec): bigint {
    return this.#taken.get(nameOf(meter)) ?? 0n;
  }

  take(meter: MeterSpec, amount: bigint): void {
    this.#taken.set(nameOf(meter), this.of(meter) + amount);
  }
}

export function nameOf({ key, unit, window_start }: MeterSpec): string {
  return `${key} ${unit} ${window_start.epochMilliseconds}`;
}

/** One workspace as the replay has brought it. */
export class Account {
  readonly workspace: WorkspaceId;
  readonly counters = new Counters();
  readonly seen = new SeenSpending();
  /** Billing periods that have begun, and those whose monthly credits were granted, by plan. */
  readonly begun = new Set<string>();
  purse = new CreditBalance();
  workspace_state: WorkspaceState = NOTHING_KNOWN;

  /** `terms`: what it paid for by a subscription. */
  constructor(workspace: WorkspaceId, terms?: ServedTerms) {
    this.workspace = workspace;
    if (terms) this.workspace_state = Object.freeze({ ...NOTHING_KNOWN, terms });
  }

  /** What is left of the raises of an earlier period comes into the policy's. True: the state is another. */
  carryRaise(policy: Policy): boolean {
    const { raised } = this.workspace_state;
    if (!isToCarry(policy, raised)) return false;
    const taken = this.counters.of(costMeter(policy.workspace.id, raised.unit, raised.period_start));
    this.#setRaised(policy, leftOfRaise(policy, raised, taken, policy.cost_cap));
    return true;
  }

  /** In the currency of the plan. */
  raise(policy: Policy, amount: Money): void {
    const before = this.workspace_state.raised;
    const nanos = (before?.nanos ?? 0n) + amount.nanos;
    this.#setRaised(policy, money(nanos, amount.currency), before?.peak);
  }

  #setRaised({ billing_period, plan }: Policy, { nanos }: Money, before = 0n): void {
    const peak = nanos > before ? nanos : before;
    const raised = { unit: plan.price.currency, period_start: billing_period.start, nanos, peak };
    this.workspace_state = Object.freeze({ ...this.workspace_state, raised });
  }

  /** Where the plan's own ladder stands by what is known to be spent. True: the state is another. */
  climb(policy: Policy, at: Temporal.Instant): boolean {
    const ladder = policy.catalog.ladders.find(({ name, watches }) => name === policy.plan.ladder && watches === 'ceiling');
    const meter = policy.meters.find(({ key, unit }) => key === 'cost' && unit === policy.cost_cap.currency);
    if (!ladder || !meter) return false;
    const spent = this.seen.of(nameOf(meter), at.epochMilliseconds);
    const cap = policy.cost_cap.nanos;
    const level = levelAt(ladder, spent, cap);
    const before = policy.levels.find((active) => active.ladder === ladder)?.level ?? 0;
    if (level === before) return false;
    const { unit, window_start } = meter;
    const levels = new Map(this.workspace_state.levels).set(ladder.name, { unit, window_start, cap, spent, level, since: at });
    this.workspace_state = Object.freeze({ ...this.workspace_state, levels });
    return true;
  }
}

function costMeter(workspace: WorkspaceId, unit: string, window_start: Temporal.Instant): MeterSpec {
  return { workspace, key: 'cost', unit, class: 'cost', window_start, window_end: null, cap: null };
}
