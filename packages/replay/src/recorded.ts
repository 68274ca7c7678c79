import type { WorkspaceId } from '@purser/core';
import type { GrantSource } from '@purser/meters';
import type { Money, Usage } from '@purser/money';

/** A call as the books keep it. */
export interface RecordedCall {
  readonly actor: string;
  readonly end_user?: string | null;
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly started_at: Temporal.Instant;
  readonly duration_ms: number;
  readonly outcome: string;
  /** `estimated`: the provider did not say, and this is a bound; `at_least` is what of it was sure. */
  readonly usage: Usage & { readonly estimated?: boolean; readonly at_least?: Usage };
  readonly cost: Money;
}

export interface RecordedGrant {
  readonly id: string;
  readonly source: GrantSource;
  readonly credits: bigint;
  readonly expires_at: Temporal.Instant | null;
}

/** Something that happened to a workspace, in the order of time. */
export type Recorded =
  /** What it had when the replay opens: grants that could still be spent, and how much was left of all of them together. */
  | { readonly kind: 'opening'; readonly grants: readonly RecordedGrant[]; readonly balance: bigint }
  /** A billing period began: its price was booked. */
  | { readonly kind: 'period' }
  | { readonly kind: 'grant'; readonly grant: RecordedGrant }
  /** Credits that went back with a refund. */
  | { readonly kind: 'taken'; readonly credits: bigint }
  /** The ceiling was raised, or lowered again by a refund. */
  | { readonly kind: 'raise'; readonly amount: Money }
  | { readonly kind: 'call'; readonly call: RecordedCall };

export interface Event {
  readonly workspace: WorkspaceId;
  readonly at: Temporal.Instant;
  readonly what: Recorded;
}
