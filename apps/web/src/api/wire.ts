import type { Money, Quantity } from '../words/amount.ts';

/** What the server says. Shapes only; the contract is the server's OpenAPI document. */

export type Session =
  | { readonly kind: 'workspace'; readonly workspace: { readonly id: string; readonly name: string; readonly plan: string } }
  | { readonly kind: 'admin' };

/** What signing in answers; the token itself travels in a cookie that scripts cannot read. */
export interface SignedIn {
  readonly session: Session;
}

export type Complexity = 'simple' | 'medium' | 'complex';

export interface Operation {
  readonly name: string;
  readonly description?: string;
  readonly credits_min: Quantity;
  readonly complexities: readonly Complexity[];
}

export interface Degradation {
  readonly what: string;
  readonly why: string;
}

export interface Answer {
  readonly id: string;
  readonly transaction_id: string;
  readonly output: string;
  readonly model: { readonly provider: string; readonly name: string; readonly version: string };
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly cost: Money;
  readonly credits: { readonly charged: Quantity; readonly balance: Quantity };
  readonly degraded: readonly Degradation[];
  readonly offline: boolean;
}

export interface Offer {
  readonly kind: string;
  readonly id: string;
  readonly text: string;
  readonly price?: Money;
}

/** RFC 9457, with our code and what to do next. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** Seconds. */
  readonly retry_after?: number;
  readonly offers?: readonly Offer[];
}

export interface Meter {
  readonly key: string;
  /** A currency such as `EUR`, or what is counted: `token`, `job`, `call`. */
  readonly unit: string;
  readonly window: string;
  readonly cap: Quantity;
  readonly used: Quantity;
  readonly held: Quantity;
  readonly resets_at: string | null;
}

export interface Usage {
  readonly workspace_id: string;
  readonly plan: string;
  readonly plan_name: string;
  readonly license: string;
  readonly credits: { readonly balance: Quantity; readonly held: Quantity; readonly expiring: readonly ExpiringCredits[] };
  readonly cost: { readonly ceiling: Money; readonly spent: Money; readonly held: Money };
  readonly meters: readonly Meter[];
  readonly degraded: readonly Degradation[];
  readonly forecast: { readonly ceiling_reached_at: string | null; readonly text: string };
}

export interface ExpiringCredits {
  readonly credits: Quantity;
  readonly source: string;
  readonly expires_at: string;
}

/** One physical provider call; several attempts of one call share its id. */
export interface Call {
  readonly id: string;
  readonly attempt: number;
  readonly at: string;
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  /** Null: the provider did not say. */
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
  /** Null: nobody knows yet. */
  readonly cost: Money | null;
  readonly outcome: string;
  readonly duration_ms: number;
}

export interface CallPage {
  readonly calls: readonly Call[];
  readonly next_cursor: string | null;
}

export interface MarginRow {
  readonly key: string;
  readonly revenue: Money;
  readonly fees: Money;
  readonly cost: Money;
  readonly margin: Money;
  /** A decimal such as `0.15`; null without revenue. */
  readonly margin_ratio: string | null;
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
  readonly next_cursor: string | null;
}
