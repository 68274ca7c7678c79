import type { Call, ChannelKind, Degradation } from '@purser/api';
import type { Money, Quantity } from '../words/amount.ts';

/** What the server says to operators alone. Shapes only. */

export interface MarginRow {
  readonly key: string;
  /** Of a workspace. */
  readonly name: string | null;
  readonly revenue: Money;
  readonly fees: Money;
  readonly cost: Money;
  readonly margin: Money;
  /** A decimal such as `0.15`; null without revenue. */
  readonly margin_ratio: string | null;
  /** The least of it that the catalog promises of this plan or pack; null where that is not one number. */
  readonly margin_min: string | null;
  /** Of the revenue: what payments brought in, and what is agreed and not yet paid. */
  readonly collected?: Money;
  readonly agreed?: Money;
}

export type MarginSums = Omit<MarginRow, 'key' | 'name' | 'margin_min' | 'collected' | 'agreed'>;

export interface MarginPage {
  readonly rows: readonly MarginRow[];
  readonly total: number;
  /** Of all rows together, one for each currency. */
  readonly totals: readonly MarginSums[];
  readonly next_cursor: string | null;
}

export type MarginStep = MarginSums & { readonly key: string };

interface UsageSums {
  readonly calls: Quantity;
  readonly calls_failed: Quantity;
  readonly credits_spent: Quantity;
}

/** The last days, and as many before them. */
export interface Overview {
  readonly from: string;
  readonly to: string;
  readonly days: readonly (UsageSums & {
    readonly day: string;
    readonly workspaces: Quantity;
    readonly money: readonly MarginSums[];
  })[];
  readonly totals: readonly MarginSums[];
  readonly usage: UsageSums;
  readonly before: { readonly totals: readonly MarginSums[]; readonly usage: UsageSums };
  readonly workspaces: { readonly total: number; readonly created: number; readonly grace: number; readonly cancelled: number };
  readonly alerts: { readonly unseen: number; readonly critical: number };
}

/** Everything that is known of one charge. */
export interface Transaction {
  readonly transaction_id: string;
  readonly postings: readonly (Posting & { readonly sealed_in: Quantity | null })[];
  readonly calls: readonly (Call & {
    readonly actor: string;
    readonly request_id: string | null;
    readonly sealed_in: Quantity | null;
  })[];
  readonly entries: readonly (AuditEntry & { readonly sealed_in: Quantity | null })[];
}

export interface TrialBalanceRow {
  readonly account: string;
  readonly unit: string;
  readonly debit: Quantity;
  readonly credit: Quantity;
  readonly net: Quantity;
}

export interface LedgerVerification {
  readonly balanced: boolean;
  readonly entries: Quantity;
  readonly open_holds: Quantity;
  readonly overruns: Quantity;
  readonly unreconciled: Quantity;
  readonly mismatches: readonly { readonly kind: string; readonly detail: string }[];
}

export interface AuditVerification {
  readonly intact: boolean;
  readonly entries: Quantity;
  /** Number and digest of the last good block. */
  readonly head: string | null;
  readonly first_broken: { readonly seq: Quantity; readonly reason: string } | null;
  readonly guards: readonly string[];
}

export interface AuditEntry {
  readonly id: Quantity;
  readonly at: string;
  readonly actor: string;
  readonly workspace_id: string | null;
  readonly action: string;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next_cursor: string | null;
}

export interface Posting {
  readonly id: Quantity;
  readonly at: string;
  readonly workspace_id: string;
  readonly transaction_id: string | null;
  readonly debit: string;
  readonly credit: string;
  readonly amount: Quantity;
  readonly unit: string;
  readonly memo: string | null;
}

export interface PostingPage {
  readonly postings: readonly Posting[];
  readonly next_cursor: string | null;
}

export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly external_id: string | null;
  readonly plan: string;
  readonly license: string;
  readonly created_at: string;
}

export interface CreatedWorkspace extends Workspace {
  /** Shown this once. */
  readonly key: string;
}

export interface WorkspacePage {
  readonly workspaces: readonly Workspace[];
  /** Of all pages together. */
  readonly total: number;
  readonly next_cursor: string | null;
}

export interface Undelivered {
  readonly id: string;
  readonly workspace_id: string;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly alerts: number;
  readonly attempts: number;
  readonly ended_at: string;
  readonly error: string;
}

export interface UndeliveredPage {
  readonly messages: readonly Undelivered[];
  readonly next_cursor: string | null;
}

/** Where one ladder stands. */
export interface LadderState {
  readonly ladder: string;
  readonly watches: string;
  /** Null: everybody’s. */
  readonly workspace_id: string | null;
  readonly unit: string;
  readonly spent: Quantity;
  readonly cap: Quantity;
  /** Counted from 1; 0: none. */
  readonly level: number;
  readonly levels: number;
  readonly since: string | null;
  readonly effects: readonly Degradation[];
}

export interface Ladders {
  readonly frozen: boolean;
  readonly shared: readonly LadderState[];
  readonly workspaces: readonly LadderState[];
  readonly workspaces_throttled: number;
}

export interface FraudWeek {
  readonly week: string;
  readonly workspaces: number;
  readonly users: number;
  readonly flags: readonly {
    readonly id: string;
    readonly workspace_id: string;
    readonly name: string | null;
    readonly at: string;
    readonly text: string;
    readonly users: readonly { readonly actor: string; readonly user: string | null; readonly credits: number | string }[] | null;
  }[];
}

export interface LicenseRecord {
  readonly license: string;
  readonly since: string;
  readonly events: readonly {
    readonly id: string;
    readonly kind: string;
    readonly at: string;
    readonly reference: string;
  }[];
  readonly changes: readonly {
    readonly from: string;
    readonly to: string;
    readonly at: string;
    readonly why: string;
    readonly what_to_do: string;
    readonly reference: string;
  }[];
}

/** What was agreed with a workspace on top of its plan, under the names of the catalog. */
export type Overrides = Readonly<Record<string, unknown>>;

export interface WorkspaceInFull extends Workspace {
  readonly catalogue_version: string;
  readonly timezone: string;
  readonly license_since: string;
  readonly overrides: Overrides;
}

export interface FraudFlag {
  /** Of the alert. */
  readonly id: string;
  readonly workspace_id: string;
  readonly credits: Quantity;
  /** What the plan takes for honest. */
  readonly credits_max: Quantity;
  readonly from: string;
  readonly to: string;
  readonly seen_at: string | null;
  readonly seen_by: string | null;
  /** The most first. */
  readonly spenders: readonly { readonly actor: string; readonly user: string | null; readonly credits: Quantity }[];
}

export interface FraudPage {
  readonly flags: readonly FraudFlag[];
  readonly next_cursor: string | null;
}

/** The catalog for sale, as it was written. */
export interface CatalogText {
  readonly version: string;
  readonly text: string;
}

/** A catalog that a share of the subscribers of another is moved to. */
export interface Rollout {
  readonly id: string;
  readonly from_version: string;
  readonly to_version: string;
  /** 0 to 1. */
  readonly share: number;
  readonly state: 'running' | 'completed' | 'rolled_back';
  readonly started_at: string;
  readonly changed_at: string;
}

/** One side of a roll-out, since it began. */
export interface Arm {
  readonly arm: 'treatment' | 'control';
  readonly workspaces: number;
  readonly calls: number;
  /** By the code of the refusal. */
  readonly refused: Readonly<Record<string, number>>;
  /** A decimal such as `0.031250`; null without calls. */
  readonly refusal_ratio: string | null;
  readonly margin: readonly Omit<MarginRow, 'key' | 'name' | 'margin_min'>[];
}

export interface ComparedRollout extends Rollout {
  readonly arms: readonly Arm[];
}
