import type { HoldId, WorkspaceId } from '@purser/core';

import type { MeterSpec } from './meter.ts';

/** An amount reserved on one meter: whole units, never negative (money: nano-units). */
export interface Leg {
  readonly meter: MeterSpec;
  readonly amount: bigint;
  /**
   * What the call may come to beyond the cost that the leg before it holds, when its provider keeps no limit: a gauge. It is admitted only
   * while all that is taken of that cost, and all exposure that is held, together stay within this meter's cap.
   */
  readonly exposure?: boolean;
}

/** A sum in the smallest parts of `unit`: nano-units of a currency, or credits. */
export interface Amount {
  readonly amount: bigint;
  readonly unit: string;
}

/** An all-or-nothing reservation. Legs name distinct meters; at most one of them is of class `credit`. */
export interface HoldRequest {
  readonly id: HoldId;
  readonly workspace: WorkspaceId;
  readonly expires_at: Temporal.Instant;
  readonly legs: readonly Leg[];
  readonly plan: string;
  /** Whom the worst case would be owed to. */
  readonly provider: string;
  /** The worst case, in the provider's currency. */
  readonly cost: Amount;
  /** The worst case, in the currency the plan reports in. */
  readonly reported: Amount;
  readonly idempotency?: { readonly key: string; readonly request_hash: string };
}

export type HoldOutcome =
  | { readonly kind: 'held' }
  /** `leg` is the place (from 0) of the first leg that did not fit; `available` what its meter had left (negative: over its cap). */
  | { readonly kind: 'denied'; readonly leg: number; readonly meter: MeterSpec; readonly available: bigint }
  /** The key is known and asks for the same: `hold` is the one that spends under it. */
  | { readonly kind: 'replay'; readonly hold: HoldId }
  /** The key is known and asked for something else. */
  | { readonly kind: 'mismatch' };

/** One physical provider call, as `ledger.attempt` keeps it. */
export interface AttemptRecord {
  /** The credential that called. */
  readonly actor: string;
  /** The end user that the call was for, where one was named. */
  readonly end_user?: string | undefined;
  readonly operation: string;
  /** The task, as the catalog names it. */
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly model_version: string | null;
  readonly started_at: Temporal.Instant;
  readonly duration_ms: number;
  readonly outcome: string;
  readonly usage: Readonly<Record<string, unknown>> | null;
  readonly cost: Amount | null;
  readonly request_id: string | null;
}

/** How a hold ends. `actuals` run parallel to its legs; what exceeds a leg is booked as overrun, never refused. */
export type EndRequest = {
  readonly hold: HoldId;
  readonly workspace: WorkspaceId;
  readonly attempts?: readonly AttemptRecord[];
} & (
  | {
      readonly kind: 'settle';
      readonly actuals: readonly bigint[];
      /** In the provider's currency, and in the plan's. */
      readonly cost: bigint;
      readonly reported: bigint;
      readonly provider: string;
      /** Kept for the hold's idempotency key, if it has one. */
      readonly answer?: string;
    }
  | { readonly kind: 'void' }
  /**
   * The provider may have billed and nobody knows how much: the customer pays nothing, and the books keep the worst case as unresolved.
   * It counts against the workspace's cap, unless the provider broke off of its own accord (`outage`: never) or did not answer in time
   * or in sense (`timeout`: only beyond a tenth of the cap, for a caller can bring that about).
   */
  | { readonly kind: 'unresolved'; readonly why?: 'outage' | 'timeout' }
);

export type HoldState = 'open' | 'settled' | 'voided' | 'expired' | 'reconciled';

/** `before` is what the hold was: only `open` (or `expired`, for a late settle) has ended now. */
export interface EndOutcome {
  readonly before: HoldState | 'unknown';
  /** Credits the workspace has left, neither held nor used; null when the hold drew none. */
  readonly credits_available: bigint | null;
}
