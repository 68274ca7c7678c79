import type { ExchangeRates, ModelPrice, Money, PriceBook, Ratio } from '@purser/money';

import type { Quotas } from './quotas.ts';
import type { CatalogTables, TaskType } from './tables.ts';

/** How much a model is made for, cheapest first. Operations choose by class, plans by provider. */
export const MODEL_CLASSES = ['local', 'small', 'medium', 'large'] as const;
export type ModelClass = (typeof MODEL_CLASSES)[number];

export const COMPLEXITIES = ['simple', 'medium', 'complex'] as const;
export type Complexity = (typeof COMPLEXITIES)[number];

/** Job lanes, most urgent first. */
export const LANES = ['critical', 'high', 'standard', 'low'] as const;
export type Lane = (typeof LANES)[number];

export const ROUTINGS = ['latest', 'allow_minor', 'pinned'] as const;
export type Routing = (typeof ROUTINGS)[number];

/** One version of one model at one provider. */
export interface ModelEntry {
  /** Unique: `<provider>/<name>`. Callers may name the id, the name or an alias; where several providers have it, the plan's order decides. */
  readonly id: string;
  readonly provider: string;
  /** What the provider calls it. */
  readonly name: string;
  /** Entries of one provider and family are versions of one another (`gemini-flash` 2.5.0, 3.0.0): `latest` and `allow_minor` choose among them. */
  readonly family: string;
  /** `major.minor.patch`; models without numbers of their own are 1.0.0. */
  readonly version: string;
  readonly task: TaskType;
  readonly class: ModelClass;
  /** `provider/model` in the price book. */
  readonly priceKey: string;
  /** Most input plus output tokens; characters for speech. */
  readonly context_tokens: number;
  /** Most tokens it can answer with; 0 where answers are not tokens (embeddings, images, speech). */
  readonly output_tokens_max: number;
  /** The provider charges nothing: its price must be an explicit zero. */
  readonly free: boolean;
  /** Runs on a machine of ours. */
  readonly local: boolean;
  readonly beta: boolean;
  readonly verified: boolean;
  readonly aliases: readonly string[];
}

/** What callers are shown of what their work costs: credits alone, or the cost and its bounds in money as well. */
export const VIEWS = ['credits', 'cost'] as const;
export type View = (typeof VIEWS)[number];

/** Something a caller can ask for by name. */
export interface Operation {
  readonly name: string;
  readonly task: TaskType;
  /** The plan feature it needs. */
  readonly feature: string;
  readonly output_tokens_default: number;
  /** Acceptable model classes per complexity, preferred first. */
  readonly classes: Readonly<Record<Complexity, readonly ModelClass[]>>;
  /** The least number of credits one call is charged. */
  readonly credits_min: bigint;
  /** What the model is told before the caller's own words: the founder's own, and shown to operators alone. */
  readonly instructions?: string;
  /** What it does, in words for customers. */
  readonly description?: string;
  /** A prompt to try it by. */
  readonly example?: string;
}

export interface ModelPolicy {
  readonly defaultRouting: Routing;
  /** By task: the model id and version that is forced. */
  readonly pinned: Readonly<Partial<Record<TaskType, { readonly model: string; readonly version: string }>>>;
  /** By task: providers in order of preference. */
  readonly providers: Readonly<Partial<Record<TaskType, readonly string[]>>>;
  /** Whether this plan's traffic may try a canary version. */
  readonly canary: boolean;
}

/** Thresholds of abuse prevention, per user. */
export interface AbuseLimits {
  readonly requests_minute: number;
  readonly gap_ms: number;
  /** Above this many credits in an hour the account is flagged. */
  readonly credits_hour_alert: bigint;
  /** So many failures within so many seconds keep a user out. */
  readonly failures_block: number;
  readonly failures_seconds: number;
  readonly block_seconds: number;
}

/** Who carries this plan's e-mail, and in which lane. */
export interface EmailRoute {
  readonly provider: string;
  readonly priceKey: string;
  /** A shared pool the e-mails are drawn from. */
  readonly pool?: string;
}

/** At most `credits_max` unused credits of a month stay, for `months` more months. */
export interface Rollover {
  readonly credits_max: bigint;
  readonly months: number;
}

/** Once credits are exhausted, up to `credits_max` more a billing period, each at `price`, invoiced when the period has ended. */
export interface PayAsYouGo {
  readonly credits_max: bigint;
  readonly price: Money;
}

/** What a workspace may have of a plan before it has paid anything, once: at most so many days, so much cost and so many credits. */
export interface Trial {
  readonly days_max: number;
  readonly ceiling: Money;
  readonly credits: bigint;
}

/** Whether tax comes on top of a price or is in it, and the highest rate of it that the price is sold under. */
export interface Tax {
  readonly max: Ratio;
  readonly behavior: 'exclusive' | 'inclusive';
}

export interface Plan {
  readonly code: string;
  readonly name: string;
  /** Per month. */
  readonly price: Money;
  /** The founder agrees price and caps with each customer; what is written here is the least. */
  readonly negotiable: boolean;
  /** `ai`, `campaigns`, `images`, `speech`, … Checked by name against what an operation needs. */
  readonly features: readonly string[];
  /** The least share of the price that must remain. */
  readonly margin: Ratio;
  readonly payment_fees: { readonly percent: Ratio; readonly fixed: Money };
  readonly tax: Tax;
  /** The most that a month of this plan may cost us, in the currency of its price: what is shown, and what margin is proven against. */
  readonly ceiling: Money;
  /** Part of the ceiling that is never admitted, kept for calls that cost more than was held. */
  readonly overrun_reserve: Money;
  /** For a plan without a price: what acquiring customers may cost a month and workspace. */
  readonly marketing_budget?: Money;
  readonly credits_monthly: bigint;
  /** What stays of unused monthly credits; absent: they end with their month. */
  readonly rollover?: Rollover;
  /** Credits beyond those that were granted, each charged for; absent: none. */
  readonly pay_as_you_go?: PayAsYouGo;
  /** Absent: a subscription that is on trial serves nothing. */
  readonly trial?: Trial;
  readonly quotas: Quotas;
  /** Calls in flight at once. */
  readonly concurrency: number;
  readonly rate: { readonly rps: number; readonly rpm: number; readonly burst: number };
  readonly request: { readonly output_tokens_max: number; readonly credits_max: bigint; readonly input_chars_max: number };
  readonly model_policy: ModelPolicy;
  readonly priority: Lane;
  readonly cost_caps: { readonly monthlyUsd?: Money; readonly hardStop: boolean };
  readonly visibility: { readonly showBetaModels: boolean; readonly allowUnverified: boolean };
  readonly abuse?: AbuseLimits;
  readonly email?: EmailRoute;
  /** Name of the ladder that degrades this plan as its ceiling fills. */
  readonly ladder?: string;
  /** Codes of the packs this plan may buy; absent: all. */
  readonly packs?: readonly string[];
  /** Names of the operations this plan may ask for; absent: all whose feature it has. */
  readonly operations?: readonly string[];
  /** The price key the offline provider is booked under for this plan. */
  readonly offline_stand_in?: string;
}

/** Credits for sale. */
export interface Pack {
  readonly code: string;
  readonly name: string;
  readonly price: Money;
  readonly credits: bigint;
  readonly margin: Ratio;
  readonly payment_fees: { readonly percent: Ratio; readonly fixed: Money };
  readonly tax: Tax;
  /** What the credits stand for in cost, in the currency of the pack, exchange buffer included. */
  readonly cost: Money;
  /** By how much buying one raises the buyer's cost ceiling: what its sale allows. */
  readonly ceiling_raise: Money;
  readonly expires_months?: number;
  /** In one order, the pack number `from` and each further one costs `price`; ascending, and ever cheaper. */
  readonly tiers: readonly { readonly from: number; readonly price: Money }[];
}

/** A cap that many workspaces share. */
export interface SharedPool {
  readonly name: string;
  readonly unit: 'email' | 'request';
  readonly provider: string;
  readonly cap: bigint;
  readonly window: 'month' | 'day';
  /** The share of the cap at which sending pauses until the next window. */
  readonly pause_at: Ratio;
}

/** What a level changes. Absent: unchanged. */
export interface LevelEffects {
  readonly model_class_max?: ModelClass;
  readonly output_tokens_max?: number;
  readonly lane?: Lane;
  readonly candidates_max?: number;
  readonly finals_max?: number;
  readonly image_quality?: 'low' | 'medium' | 'high';
  readonly new_batch?: boolean;
  /** Features that are off while the level holds. */
  readonly pause?: readonly string[];
  /** Quotas that are no higher than this while the level holds. */
  readonly quotas?: Quotas;
  /** Show what the customer can buy. */
  readonly offer?: boolean;
}

/** Steps that degrade service as a budget fills; each level keeps what the ones before it set. */
export interface Ladder {
  readonly name: string;
  /** The plan's cost ceiling, or a meter that everybody shares. */
  readonly watches: 'ceiling' | 'global_budget' | 'pool';
  /** The name of the pool that is watched. */
  readonly pool?: string;
  /** A level is left again only when use is below its share less this, so that service does not flap. */
  readonly climb_back: Ratio;
  readonly levels: readonly { readonly at: Ratio; readonly effects: LevelEffects }[];
}

/** Whose cost a global budget bounds: work that no payment covers, or everybody's. */
export const COVERED = ['unpaid', 'all'] as const;

export interface GlobalBudget {
  readonly amount: Money;
  readonly window: 'month';
  readonly covers: (typeof COVERED)[number];
}

/** What a failed payment takes away, and when: `days` of 24 hours after it. */
export interface DegradeStep {
  readonly features: readonly string[];
  readonly days: number;
}

export interface LicenseTerms {
  readonly grace_days: number;
  /** In order of time: the first at once, the others from the end of the grace on. */
  readonly degrade: readonly DegradeStep[];
}

/** The price files that were written by hand, as one. */
export interface PriceList {
  /** `prices:<first 12 hex digits of the SHA-256 of the text>`. */
  readonly version: string;
  readonly text: string;
  /** What `purser prices import` brought: no part of the version. */
  readonly imported: readonly ModelPrice[];
}

/** The ways a call fails that a provider's terms tell apart. */
export const FAILURES = [
  'server_error',
  'overloaded',
  'rate_limited',
  'refused',
  'cut_before_first_byte',
  'cut_after_first_byte',
  'time_out',
  'content_block',
] as const;
export type Failure = (typeof FAILURES)[number];

/** What a provider bills for calls that fail, as it says itself. What is not stated is unknown. */
export interface FailedCallTerms {
  readonly provider: string;
  readonly billed: Readonly<Partial<Record<Failure, 'no' | 'yes' | 'unknown'>>>;
  /** The most that may be unresolved with it of one hour before it is used no more. */
  readonly unresolved_hour_max?: Money;
  /** Where it says so, and when that was read. */
  readonly sources: readonly string[];
  readonly read: Temporal.Instant;
}

/** Everything that is for sale and what it costs us. Parsed once, checked whole, never changed. */
export interface Catalog extends CatalogTables {
  readonly name: string;
  /**
   * `<name>@<first 12 hex digits of the SHA-256 of its own file>`. Prices and models are facts, dated and current for everyone;
   * what was sold is in the catalog's own file, and a subscriber stays on the version it bought.
   */
  readonly version: string;
  /** The catalog's own file as written: what the version is the hash of, and what is stored. */
  readonly text: string;
  readonly fx: ExchangeRates;
  readonly prices: PriceBook;
  /** What the price book was made of. */
  readonly price_list: PriceList;
  readonly providers: readonly string[];
  readonly models: readonly ModelEntry[];
  readonly failed_calls: readonly FailedCallTerms[];
  readonly operations: readonly Operation[];
  readonly plans: readonly Plan[];
  readonly packs: readonly Pack[];
  /** What one credit stands for in cost: a call is charged at least its cost divided by this, rounded up. */
  readonly credit: { readonly cost: Money };
  readonly globalBudget?: GlobalBudget;
  readonly pools: readonly SharedPool[];
  readonly ladders: readonly Ladder[];
  /** Shares of a budget at which people are told. */
  readonly alerts: readonly Ratio[];
  /** What people see, on the page and by their sessions, and what they are told. */
  readonly customer_view: View;
  /** What the keys of workspaces see. */
  readonly keys_view: View;
  readonly license: LicenseTerms;
}
