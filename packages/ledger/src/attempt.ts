import type { HoldId, WorkspaceId } from '@purser/core';

import type { Position } from './page.ts';

/** One physical provider call, successful or not. */
export interface Attempt extends Position {
  readonly workspace: WorkspaceId;
  readonly hold: HoldId;
  /** 1 for the first call under the hold, 2 for the one after it, … */
  readonly ordinal: number;
  /** The credential that called. */
  readonly actor: string;
  /** The end user it was for; null where none was named. */
  readonly end_user: string | null;
  readonly operation: string;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly model_version: string | null;
  readonly started_at: Temporal.Instant;
  readonly duration_ms: number;
  readonly outcome: string;
  /** As the provider reported it; null when it did not, which is not zero. */
  readonly usage: unknown;
  /** In nano-units of `cost_unit`; null when nobody knows. */
  readonly cost: bigint | null;
  readonly cost_unit: string | null;
  /** The provider's own id of the call. */
  readonly request_id: string | null;
}

export const ATTEMPT_COLUMNS = `xid, id, workspace_id as workspace, hold_id as hold, ordinal, actor, end_user, operation, kind, provider, model,
  model_version, started_at, duration_ms, outcome, usage, cost, cost_unit, request_id`;
