import type { HoldId, WorkspaceId } from '@purser/core';

import type { Position } from './page.ts';

/** One row of the books: `amount` moves from the account `credit` to the account `debit`. */
export interface Posting extends Position {
  readonly workspace: WorkspaceId;
  readonly posted_at: Temporal.Instant;
  /** The hold, which is the transaction id a caller sees; null outside one (revenue, grants). */
  readonly hold: HoldId | null;
  readonly debit: string;
  readonly credit: string;
  /** More than zero; nano-units when `unit` is a currency, whole credits when it is `credit`. */
  readonly amount: bigint;
  readonly unit: string;
  /** The same value in the plan's currency, at the rate of that moment. */
  readonly reported: bigint | null;
  readonly reported_unit: string | null;
  readonly plan: string | null;
  readonly reason: string | null;
}

export const POSTING_COLUMNS = `xid, id, workspace_id as workspace, posted_at, hold_id as hold, debit, credit, amount, unit,
  reported, reported_unit, plan, reason`;
