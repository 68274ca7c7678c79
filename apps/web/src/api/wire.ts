import type { Money, Quantity } from '../words/amount.ts';

/** What the server says. Shapes only; the contract is the server's OpenAPI document. */

export interface SessionWorkspace {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
}

export type MemberRole = 'owner' | 'admin' | 'member';

/** Who signed in, when that was a person and no key. */
export interface Person {
  readonly id: string;
  /** Null: an anonymous session. */
  readonly email: string | null;
  /** In the workspace of this session. */
  readonly role: MemberRole | null;
  readonly operator: boolean;
  readonly workspaces: readonly (SessionWorkspace & { readonly role: MemberRole })[];
  readonly invitations: readonly {
    readonly id: string;
    /** Null: to operate the installation. */
    readonly workspace: string | null;
    readonly role: MemberRole | 'operator';
    readonly expires_at: string;
  }[];
}

export type Session =
  | { readonly kind: 'workspace'; readonly workspace: SessionWorkspace; readonly person?: Person }
  | { readonly kind: 'admin'; readonly workspace: SessionWorkspace | null; readonly person?: Person }
  /** Signed in, and a member of no workspace. */
  | { readonly kind: 'person'; readonly person: Person };

/** What signing in answers; the token itself travels in a cookie that scripts cannot read. */
export interface SignedIn {
  readonly session: Session;
  /** When no cookie was wanted. */
  readonly token?: string;
}

export type Complexity = 'simple' | 'medium' | 'complex';

export interface Operation {
  readonly name: string;
  readonly task: string;
  /** What it does, in words of the catalog. */
  readonly description?: string;
  /** A prompt to try it by. */
  readonly example?: string;
  /** Whether the workspace may ask for it now; absent: nobody knows which workspace. */
  readonly available?: boolean;
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
  /** Absent where the installation shows credits. */
  readonly cost?: Money;
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
  /** The name of a quota, from the catalog. */
  readonly label?: string;
  /** A currency such as `EUR`, or what is counted: `token`, `job`, `call`. */
  readonly unit: string;
  readonly window: string;
  readonly cap: Quantity;
  readonly used: Quantity;
  readonly held: Quantity;
  readonly resets_at: string | null;
}

/** What a billing period has cost, and the most that it may. */
export interface Cost {
  readonly ceiling: Money;
  readonly spent: Money;
  readonly held: Money;
  /** The part of `spent` of which nobody knows yet whether it was billed. */
  readonly unresolved: Money;
}

export interface Usage {
  readonly workspace_id: string;
  readonly plan: string;
  readonly plan_name: string;
  readonly license: string;
  readonly license_notice: LicenseNotice | null;
  readonly credits: { readonly balance: Quantity; readonly held: Quantity; readonly expiring: readonly ExpiringCredits[] };
  /** Absent where the installation shows credits. */
  readonly cost?: Cost;
  readonly meters: readonly Meter[];
  readonly degraded: readonly Degradation[];
  /** What can be bought, when a ladder says that it is time to. */
  readonly offers: readonly Offer[];
  readonly forecast: {
    /** About the cost ceiling; both absent where the installation shows credits. */
    readonly ceiling_reached_at?: string | null;
    readonly text?: string;
    readonly credits: CreditForecast;
  };
}

export interface CreditForecast {
  readonly outlook: 'out' | 'lasts' | 'exhausted' | 'unknown';
  readonly exhausted_at: string | null;
  /** Four futures of five lie between these; `latest` null: that end lies behind the refresh. */
  readonly earliest: string | null;
  readonly latest: string | null;
  readonly text: string;
}

/** While a license is not active: what is off, what goes off next, and the one thing to do. */
export interface LicenseNotice {
  readonly stage: 'grace' | 'degraded' | 'cancelled';
  readonly since: string;
  readonly ends_at: string | null;
  readonly off: readonly string[];
  readonly off_next: readonly string[];
  readonly text: string;
  readonly what_to_do: string;
  readonly action: Offer;
}

/** One value of the policy and where it came from. */
export interface Explained {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
  readonly why: string;
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
  /** Null: nobody knows yet. Absent where the installation shows credits. */
  readonly cost?: Money | null;
  readonly outcome: string;
  readonly duration_ms: number;
}

export interface CallPage {
  readonly calls: readonly Call[];
  readonly next_cursor: string | null;
}

export interface Pack {
  readonly code: string;
  readonly name: string;
  readonly price: Money;
  readonly credits: Quantity;
  /** The cost ceiling, by so much; absent where the installation shows credits. */
  readonly raises?: Money;
  readonly tiers: readonly { readonly from: number; readonly price: Money }[];
  readonly expires_months: number | null;
}

export interface Plan {
  readonly code: string;
  readonly name: string;
  readonly price: Money;
  readonly negotiable: boolean;
  readonly credits: Quantity;
  /** Absent where the installation shows credits. */
  readonly ceiling?: Money;
  readonly features: readonly string[];
  readonly packs: readonly string[];
}

export interface Receipt {
  readonly id: string;
  readonly paid_at: string;
  readonly pack: string;
  readonly name: string;
  readonly quantity: number;
  readonly credits: Quantity;
  readonly net: Money;
  readonly tax: Money;
  readonly total: Money;
  readonly reversed: Money;
  readonly credits_owed: Quantity;
  /** Stripe’s own receipt. */
  readonly url: string | null;
}

export interface ReceiptPage {
  readonly receipts: readonly Receipt[];
  /** Spent though their money went back; the next purchase pays them. */
  readonly credits_owed: Quantity;
}

export type AlertKind =
  | 'threshold'
  | 'anomaly'
  | 'fraud'
  | 'license'
  | 'overrun'
  | 'unreconciled'
  | 'missing'
  | 'provider'
  | 'payment'
  | 'overrides';

/** Alerts of one workspace about one thing. */
export interface AlertGroup {
  readonly workspace_id: string;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly alerts: number;
  /** The worst among them. */
  readonly severity: 'info' | 'warning' | 'critical';
  /** Of the newest, as title and text. */
  readonly newest: string;
  readonly title: string;
  readonly text: string;
  readonly raised_at: string;
  readonly first_raised_at: string;
  readonly seen_at: string | null;
  readonly seen_by: string | null;
}

export interface AlertGroupPage {
  readonly groups: readonly AlertGroup[];
  readonly next_cursor: string | null;
}

export interface AlertCount {
  readonly unseen: number;
  readonly critical: number;
}

/** One day of the workspace, in its time zone. */
export interface UsageDay {
  readonly day: string;
  readonly calls: Quantity;
  readonly calls_failed: Quantity;
  readonly input_tokens: Quantity;
  readonly output_tokens: Quantity;
  readonly credits_spent: Quantity;
  /** Absent where the installation shows credits. */
  readonly cost?: readonly Money[];
}

export interface DailyUsage {
  readonly timezone: string;
  readonly from: string;
  readonly to: string;
  readonly days: readonly UsageDay[];
}

export type ChannelKind = 'email' | 'webhook' | 'slack';

export interface WantedChannel {
  readonly kind: ChannelKind;
  readonly address: string;
  /** Null: every kind of alert. */
  readonly kinds: readonly AlertKind[] | null;
}

export interface WantedAlertSettings {
  /** Shares of a cap by meter key, `*` for all others; absent: the catalog’s. */
  readonly thresholds: Readonly<Record<string, readonly string[]>>;
  readonly digest: { readonly messages_max: number; readonly within_minutes: number };
  readonly channels: readonly WantedChannel[];
}

export interface AlertSettings extends WantedAlertSettings {
  readonly channels: readonly (WantedChannel & {
    readonly id: string;
    /** What a webhook is signed with; shown this once. */
    readonly secret?: string;
  })[];
}

export interface Member {
  readonly id: string;
  readonly email: string | null;
  readonly role: MemberRole;
  readonly joined_at: string;
}

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly role: MemberRole | 'operator';
  readonly invited_at: string;
  readonly expires_at: string;
}

export interface Members {
  readonly members: readonly Member[];
  readonly invitations: readonly Invitation[];
}

export interface StatementLine {
  /** The call, for what calls spent; else the movement’s own. */
  readonly transaction_id: string;
  readonly at: string;
  readonly kind: 'grant' | 'spend' | 'expiry' | 'refund' | 'withdrawal';
  readonly source: string | null;
  /** Gained; below zero: spent or lapsed. */
  readonly credits: Quantity;
  /** After it, held credits included. */
  readonly balance: Quantity;
  readonly reason: string | null;
}

export interface StatementPage {
  readonly lines: readonly StatementLine[];
  readonly next_cursor: string | null;
}

export interface InvoiceLines {
  readonly period: { readonly start: string; readonly end: string };
  readonly lines: readonly {
    readonly credits: Quantity;
    /** Of one credit. */
    readonly price: Money;
    readonly amount: Money;
    /** False: calls of the period still count. */
    readonly final: boolean;
  }[];
}

/** What a member, or a team, may spend of the workspace’s credits in a billing period. */
export interface Allocation {
  readonly kind: 'member' | 'team';
  readonly id: string;
  /** Null: whatever the workspace has. */
  readonly credits: Quantity | null;
  readonly team: string | null;
  readonly used: Quantity;
  readonly held: Quantity;
  readonly resets_at: string | null;
}

/** A key as it is listed; what it opens with is shown once, when it is made. */
export interface Key {
  readonly id: string;
  readonly name: string;
  /** How it begins. */
  readonly prefix: string;
  readonly created_at: string;
  readonly revoked_at: string | null;
}

export interface CreatedKey extends Key {
  /** Shown this once. */
  readonly key: string;
}
