import { TestClock } from '@purser/core';
import { newId, openPool, type Pool, transaction } from '@purser/database';
import { type Catalog, findPlan, orderOf, type Pack } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import { LocalRateLimiter } from '@purser/limits';
import { grantCredits, Meters, type MeterState } from '@purser/meters';
import { type Money, money } from '@purser/money';
import { effectivePolicy, NOTHING_KNOWN, type Policy, raiseCeiling, raisesBefore, type WorkspaceState } from '@purser/policy';
import { RouteStates } from '@purser/routing';
import { foldTerms, type MonthRow, type SubscriptionSnapshot } from '@purser/terms';
import { memberMeters, openPeriods } from '@purser/wallet';

import { createGate } from '../create-gate.ts';
import type { Gate } from '../gate.ts';
import { type Account, WorstProvider } from './worst-provider.ts';

/** Whose tables a trial needs. */
export const TRIAL_ROOMS = ['ledger', 'catalog', 'meters', 'identity', 'policy', 'terms', 'routing', 'wallet'];

/** A real database with the real meters over it, for many catalogs and workspaces. */
export class TrialWorld {
  readonly clock: TestClock;
  readonly database: { readonly url: string; readonly pool: Pool };
  readonly meters: Meters;
  /** What money went to so far: tasks, and trials. */
  readonly spent_on = new Set<string>();
  readonly #batches: Pool;
  readonly #workspace_states = new Map<string, WorkspaceState>();

  /** The database has the migrations of `TRIAL_ROOMS`, and is the caller's to drop. */
  constructor(database: { readonly url: string; readonly pool: Pool }, now: Temporal.Instant) {
    this.clock = new TestClock(now);
    this.database = database;
    this.#batches = openPool(database.url, { connections_max: 1 });
    this.meters = new Meters({ pool: this.#batches, clock: this.clock }, database.pool);
  }

  async close(): Promise<void> {
    await this.meters.idle();
    await this.#batches.end();
  }

  workspace(catalog: Catalog, plan: string, more: Partial<Workspace> = {}): Workspace {
    const now = this.clock.now();
    return Object.freeze({
      id: newId<'workspace'>(),
      name: 'Trial',
      external_id: null,
      plan,
      catalogue_version: catalog.version,
      timezone: 'UTC',
      anchored_at: now,
      license: 'active' as const,
      license_since: now,
      overrides: {},
      created_at: now,
      ...more,
    });
  }

  policyOf(workspace: Workspace, catalog: Catalog, now = this.clock.now()): Policy {
    const workspace_state = this.#workspace_states.get(workspace.id) ?? NOTHING_KNOWN;
    return effectivePolicy({ workspace, catalog, state: STATE, workspace_state, now });
  }

  /** A gate before providers that do their worst, which nothing closes: they are asked again and again. */
  gate(catalog: Catalog, account: Account): Gate {
    const providers = new Map(
      catalog.providers.map((id) => [id, new WorstProvider(id, catalog, () => this.clock.now(), account)]),
    );
    return createGate({
      clock: this.clock,
      meters: this.meters,
      rates: new LocalRateLimiter(),
      providers: { configured: new Set(providers.keys()), get: (id) => providers.get(id), upstream: () => undefined },
      policyOf: (workspace, now) => this.policyOf(workspace, catalog, now),
      openPeriod: openPeriods(this.database.pool),
      memberMeters: memberMeters(this.database.pool).of,
      call_timeout_ms: 60_000,
      drain: { timeout_ms: 500, bytes_max: 1_000_000 },
      routes: new NeverClosed(),
    });
  }

  /** Buys an order of a pack: credits, and the raise of the ceiling that its sale allows. Returns the raise as the policy counts it. */
  async buy(workspace: Workspace, catalog: Catalog, pack: Pack, quantity: number): Promise<Money> {
    const order = orderOf(pack, quantity);
    const now = this.clock.now();
    const policy = this.policyOf(workspace, catalog);
    await grantCredits(this.database.pool, now, {
      id: newId<'grant'>(),
      workspace: workspace.id,
      source: 'purchased',
      credits: order.credits,
      expires_at: null,
      reason: 'trial',
    });
    await transaction(this.database.pool, (connection) =>
      raiseCeiling(connection, policy, { id: newId(), amount: order.ceiling_raise, reason: 'trial' }, now),
    );
    const raises = (await raisesBefore(this.database.pool, now.add({ seconds: 1 }))).filter(
      (one) => one.workspace === workspace.id,
    );
    const nanos = raises.reduce((sum, raise) => sum + raise.nanos, 0n);
    const before = this.#workspace_states.get(workspace.id)?.raised?.nanos ?? 0n;
    const { currency } = policy.cost_cap;
    const raised = { unit: currency, period_start: policy.billing_period.start, nanos, peak: nanos };
    this.#workspace_states.set(workspace.id, { ...NOTHING_KNOWN, raised });
    return money(nanos - before, currency);
  }

  /** Puts a workspace on trial, as a subscription that began with one does, and grants its credits. Where its plan gives none, there is none. */
  async tryOut(workspace: Workspace, catalog: Catalog): Promise<void> {
    const now = this.clock.now();
    const { plan, catalogue_version } = workspace;
    const snapshot: SubscriptionSnapshot = {
      subscription: `sub_${workspace.id}`,
      at: now,
      rank: 0,
      status: 'trialing',
      plan,
      price: '',
      items: [],
      period: undefined,
      trial: { from: now, to: now.add({ hours: 24 * 14 }) },
      version: catalogue_version,
      paid_before: false,
      sold: undefined,
    };
    const { terms } = foldTerms({ snapshots: [snapshot], invoices: [] }, () => catalog, catalog.fx);
    const months = terms.months.map((month): MonthRow => ({ ...month, owed: 0n, owed_unit: null, lapsed: false }));
    const served = { months, subscribed: terms.subscribed, plan, agreed: false };
    this.#workspace_states.set(workspace.id, { ...NOTHING_KNOWN, terms: served });
    const credits = findPlan(catalog, plan)?.trial?.credits ?? 0n;
    if (months.length === 0 || credits === 0n) return;
    await grantCredits(this.database.pool, now, {
      id: newId<'grant'>(),
      workspace: workspace.id,
      source: 'gift',
      credits,
      expires_at: null,
      reason: 'trial',
    });
  }

  /** The meter that the plan's cost is counted on. */
  async costOf(policy: Policy): Promise<MeterState | undefined> {
    const [state] = await this.meters.read(policy.meters.filter((meter) => isOwnCost(policy, meter)));
    return state;
  }

  /**
   * Spends so much at once on the meters of a policy: held up to `admitted`, and billed with all that the call under way may come to beyond
   * that. Whether it was admitted.
   */
  async spend(policy: Policy, admitted: bigint, billed: bigint): Promise<boolean> {
    const cost = policy.meters.find((meter) => isOwnCost(policy, meter));
    if (cost === undefined) throw new Error('every policy counts its cost');
    const { currency } = policy.cost_cap;
    const hold = newId<'hold'>();
    const outcome = await this.meters.hold({
      id: hold,
      workspace: policy.workspace.id,
      expires_at: this.clock.now().add({ hours: 1 }),
      legs: [
        { meter: cost, amount: admitted },
        { meter: policy.exposure_meter, amount: billed - admitted, exposure: true },
      ],
      plan: policy.plan.code,
      provider: 'cloud',
      cost: { amount: admitted, unit: currency },
      reported: { amount: admitted, unit: currency },
    });
    if (outcome.kind !== 'held') return false;
    await this.meters.end({
      kind: 'settle',
      hold,
      workspace: policy.workspace.id,
      actuals: [billed, 0n],
      cost: billed,
      reported: billed,
      provider: 'cloud',
    });
    return true;
  }
}

const STATE = Object.freeze({ frozen: false });

function isOwnCost(policy: Policy, meter: Policy['meters'][number]): boolean {
  return meter.key === 'cost' && meter.unit === policy.cost_cap.currency;
}

class NeverClosed extends RouteStates {
  override overran(): void {}

  override async failed(): Promise<void> {}
}

/** Lets the calls of a round wait at their providers until each of them is there or was turned away, so that all are under way at once. */
export class Round {
  #waiting = 0;
  #ended = 0;
  readonly #calls: number;
  readonly #open = Promise.withResolvers<void>();

  constructor(calls: number) {
    this.#calls = calls;
  }

  reached(): Promise<void> {
    this.#waiting += 1;
    this.#look();
    return this.#open.promise;
  }

  ended(): void {
    this.#ended += 1;
    this.#look();
  }

  #look(): void {
    if (this.#waiting + this.#ended >= this.#calls) this.#open.resolve();
  }
}
