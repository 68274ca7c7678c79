/* What a program that installs this package sees. It stands by itself: no type of it is declared anywhere else. */

/** An amount of money: a decimal string, exact, and an ISO 4217 code. */
export interface Amount {
  readonly amount: string;
  readonly currency: string;
}

export interface Offer {
  readonly kind: 'pack' | 'upgrade' | 'pay' | 'wait' | 'contact';
  readonly id: string;
  readonly text: string;
  readonly price?: Amount;
}

/** Why something was refused, as RFC 9457 wants it answered. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  /** Seconds. */
  readonly retry_after?: number;
  readonly offers?: readonly Offer[];
}

/** For whom something is spent. */
export interface Spender {
  /** The id of a workspace, or the `external_id` that it was made with. */
  readonly workspace: string;
  /** The end user inside the workspace: what is limited by user counts by this name. */
  readonly user?: string;
}

export interface ProviderAccess {
  readonly api_key?: string;
  readonly base_url?: string;
}

/** Where the library may write what an operator should know. Without it nothing is written. */
export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface PurserOptions {
  /** A catalog's file; its prices and models are beside it. Absent: the catalog that comes with the package. */
  readonly catalog?: string;
  /**
   * `embedded`: a PostgreSQL that comes with npm, its files in `data_folder`; else the address of one (15 or newer), such as
   * `postgres://user:password@host:5432/name`. Several processes may share one.
   */
  readonly database?: string;
  /** Of the embedded database. Absent: `.purser`. */
  readonly data_folder?: string;
  /** By the provider's id in the catalog: `openai`, `anthropic`, `gemini`, `ollama` … */
  readonly providers?: Readonly<Record<string, ProviderAccess>>;
  /** Whether the offline provider answers where none that is configured can. Absent: only where none is configured at all. */
  readonly offline?: boolean;
  /** The whole of a call, in milliseconds. Absent: 120,000. */
  readonly call_timeout_ms?: number;
  /** Starts although a plan can fall below its margin. Absent: such a catalog is refused. */
  readonly allow_unproven_catalog?: boolean;
  readonly log?: EngineLog;
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface GenerateOptions extends Spender {
  /** As the catalog names it. */
  readonly operation: string;
  readonly prompt?: string;
  readonly messages?: readonly Message[];
  readonly complexity?: 'simple' | 'medium' | 'complex';
  readonly output_tokens_max?: number;
  /** Refused or made smaller rather than exceeded. */
  readonly max_cost?: Amount;
  /** Absent, or `auto`: chosen by the catalog. */
  readonly model?: string;
  /** The same key and the same request give the first answer again, charged once. */
  readonly idempotency_key?: string;
  readonly signal?: AbortSignal;
}

/** What a piece of work came to. */
export interface Receipt {
  readonly transaction_id: string;
  readonly cost: Amount;
  readonly credits: { readonly charged: number; readonly balance: number };
  /** True: this was spent before under the same idempotency key, and nothing is charged again. */
  readonly replayed: boolean;
}

export interface Generated extends Receipt {
  readonly output: string;
  readonly model: { readonly provider: string; readonly name: string; readonly version: string };
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
  readonly finish: string;
  readonly degraded: readonly { readonly what: string; readonly why: string }[];
  readonly offline: boolean;
}

/** Pieces of the text, then one end. */
export type StreamedPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly answer: Generated };

/** What the host itself is about to spend. */
export interface HoldOptions extends Spender {
  /** As the catalog names it: its feature must be on the plan, and its minimum of credits is charged. */
  readonly operation: string;
  /** The most that the work can cost. What it really costs is settled. */
  readonly max_cost: Amount;
  /** What it takes of quotas, by their unit: `{ token: 1200 }`, `{ image: 2 }`. A call counts by itself. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
}

/** What was really spent. */
export interface Spent {
  readonly cost: Amount;
  /** Absent: as they were held. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** A reservation over credits, cost ceiling, quotas and concurrency. One of its three ends is called, once, within the time of a call. */
export interface Hold {
  readonly transaction_id: string;
  /** Fires when the time of the call is over: what is not ended by then is unresolved. */
  readonly signal: AbortSignal;
  /** The work is done, and this is what it cost. More than was held is booked as well, and closes such holds to all for a minute. */
  settle(spent: Spent): Promise<Receipt>;
  /** Nothing was spent. */
  void(): Promise<void>;
  /** Something may have been spent, and nobody knows how much: the customer pays nothing, and its cost stays counted until it is resolved. */
  unresolved(): Promise<void>;
}

/** A call to a model that the host makes itself: held at what it can come to by the catalog's prices. */
export interface ModelHoldOptions extends Spender {
  readonly operation: string;
  /** Its id in the catalog (`openai/gpt-4.1-mini`), its name or an alias. */
  readonly model: string;
  readonly input_tokens_max: number;
  /** The limit that the host sends with the call. */
  readonly output_tokens_max: number;
  readonly signal?: AbortSignal;
}

export interface ModelUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_input_tokens?: number;
  readonly cache_write_tokens?: number;
  readonly reasoning_tokens?: number;
}

export interface ModelHold extends Omit<Hold, 'settle'> {
  /** As the provider reported it; undefined: it said nothing, and the bound is booked. */
  settle(usage: ModelUsage | undefined): Promise<Receipt>;
}

export interface SpendOptions extends HoldOptions {
  readonly idempotency_key?: string;
}

export interface Workspace {
  readonly id: string;
  readonly external_id: string | null;
  readonly name: string;
  readonly plan: string;
}

export interface NewWorkspace {
  /** What the host calls it. */
  readonly external_id: string;
  readonly plan: string;
  readonly name?: string;
  /** IANA; UTC when absent. Days and weeks of quotas are its own. */
  readonly timezone?: string;
  /** What was negotiated on top of the plan, under the names of the catalog. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export interface WorkspaceChange {
  readonly plan?: string;
  readonly name?: string;
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export interface Quota {
  readonly key: string;
  readonly unit: string;
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  /** RFC 3339; null: it never resets. */
  readonly resets_at: string | null;
}

export interface Usage {
  readonly workspace: Workspace;
  readonly period: { readonly from: string; readonly to: string };
  readonly credits: { readonly balance: number; readonly held: number };
  readonly cost: { readonly ceiling: Amount; readonly used: Amount; readonly held: Amount; readonly left: Amount };
  readonly quotas: readonly Quota[];
}

export interface Purser {
  /** Workspaces: what is billed, limited and kept apart. */
  readonly workspaces: {
    create(wanted: NewWorkspace): Promise<Workspace>;
    /** The one of that `external_id`, made on the plan when there is none; any number of processes may ask at once. */
    ensure(wanted: NewWorkspace): Promise<Workspace>;
    /** By id or `external_id`. @throws PurserRefusal `not_found` */
    get(name: string): Promise<Workspace>;
    change(name: string, change: WorkspaceChange): Promise<Workspace>;
  };
  /** One governed text call. @throws PurserRefusal */
  generate(options: GenerateOptions): Promise<Generated>;
  /** The same, streamed. Leaving the loop early cancels the provider's work, and what was spent is booked. */
  stream(options: GenerateOptions): Promise<AsyncIterable<StreamedPart>>;
  /** Reserves what the host is about to spend by itself. @throws PurserRefusal */
  hold(options: HoldOptions): Promise<Hold>;
  /** The same for a call to a model of the catalog that the host makes. @throws PurserRefusal */
  holdModel(options: ModelHoldOptions): Promise<ModelHold>;
  /** Holds, works, settles with what the work says it cost. Where the work throws, its cost is unresolved and its error comes back. */
  spend<Result>(
    options: SpendOptions,
    work: (hold: {
      readonly transaction_id: string;
      readonly signal: AbortSignal;
    }) => Promise<Spent & { readonly result: Result }>,
  ): Promise<Receipt & { readonly result: Result }>;
  /** Speaks OpenAI's protocol in process, for clients that take a `fetch`: `/v1/chat/completions` and `/v1/embeddings`. */
  fetchFor(spender: Spender): typeof globalThis.fetch;
  usage(name: string): Promise<Usage>;
  /** Whether the ledger balances, and its replay gives the counters. */
  verify(): Promise<{ readonly balanced: boolean; readonly open_holds: number }>;
  /** Takes on nothing new, waits for calls under way (30 s at most), and leaves the database. */
  close(): Promise<void>;
}
