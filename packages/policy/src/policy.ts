import type {
  AbuseLimits,
  Catalog,
  Lane,
  ModelClass,
  ModelPolicy,
  PayAsYouGo,
  Plan,
  Quotas,
  Routing,
  LevelEffects,
} from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import type { MeterSpec, Window } from '@purser/meters';
import type { Money } from '@purser/money';
import type { MonthRow } from '@purser/terms';

import type { Lowered } from './proven-overrides.ts';
import type { ActiveLevel } from './workspace-state.ts';

/** Where a value of the policy came from. */
export type Origin = 'plan' | 'override' | 'license' | 'cost_cap' | 'term' | 'raise' | 'level' | 'freeze';

/** What holds for the whole installation, whatever the plan. A change makes a new object. */
export interface PolicyState {
  /** No model version changes anywhere while it is on (T8). */
  readonly frozen: boolean;
  /** Of the ladders that watch what everybody shares: those that are climbed down. */
  readonly levels?: readonly ActiveLevel[];
}

/** What is served less well than the plan says, and why; shown to the caller. */
export interface Degradation {
  readonly what: string;
  readonly why: string;
}

/** How far a failed payment has taken things: `grace` takes the first feature of the license terms, `degraded` the rest. */
export type LicenseStage = 'active' | 'grace' | 'degraded' | 'cancelled';

/** What a workspace may do right now: plan ⊕ overrides ⊕ license ⊕ state. Frozen. Holds from `valid_from` until just before `valid_until`. */
export interface Policy {
  readonly workspace: Workspace;
  readonly catalog: Catalog;
  readonly plan: Plan;
  readonly features: ReadonlySet<string>;
  readonly license_stage: LicenseStage;
  /** What a month may cost us: shown to the customer. */
  readonly ceiling: Money;
  /** What is admitted of it: the ceiling less the overrun reserve, and no more than a hard cost cap. */
  readonly cost_cap: Money;
  readonly credits_monthly: bigint;
  /** Credits beyond the granted ones, each charged for; absent: none. */
  readonly pay_as_you_go?: PayAsYouGo;
  readonly quotas: Quotas;
  readonly concurrency: number;
  readonly rate: Plan['rate'];
  readonly abuse?: AbuseLimits;
  readonly request: Plan['request'];
  readonly providers: ModelPolicy['providers'];
  readonly pinned: ModelPolicy['pinned'];
  readonly defaultRouting: Routing;
  readonly visibility: Plan['visibility'];
  readonly priority: Lane;
  readonly frozen: boolean;
  /** The best class of model that a ladder still allows; absent: any. A pin stands above it. */
  readonly model_class_max?: ModelClass;
  /** The best image quality that a ladder still allows; absent: any. */
  readonly image_quality_max?: NonNullable<LevelEffects['image_quality']>;
  /** Whether a level says to show what the customer can buy. */
  readonly offers: boolean;
  /** The levels in force, of the workspace's own ladder and of the shared ones. */
  readonly levels: readonly ActiveLevel[];
  /** What the levels in force change, by the value's name. */
  readonly degraded: ReadonlyMap<string, Degradation>;
  /** The month it paid for by a subscription, whose money bounds what it may cost (none: nothing was collected); absent: the plan as agreed, by the calendar. */
  readonly term?: { readonly month: MonthRow | undefined };
  readonly billing_period: Window;
  /** By the value's name (`rate.rpm`, `quotas.tokens_month`, `features.ai`); what is not listed is the plan's. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What was agreed and is lowered, because the plan's price does not pay for it. */
  readonly lowered: readonly Lowered[];
  readonly valid_from: Temporal.Instant;
  readonly valid_until: Temporal.Instant;
  /** What every paid call must reserve of, besides the quotas of its task (`metersFor`); the same frozen objects as long as the policy holds. */
  readonly meters: readonly MeterSpec[];
  /** What its calls under way may come to beyond their holds: held beside the cost in the plan's currency. */
  readonly exposure_meter: MeterSpec;
}

export function originOf(policy: Policy, name: string): Origin {
  return policy.origins.get(name) ?? 'plan';
}
