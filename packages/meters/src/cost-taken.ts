import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

export interface CostTaken {
  readonly window_start: Temporal.Instant;
  readonly unit: string;
  /** Used, held and unresolved: all that was admitted. An overrun never was. */
  readonly taken: bigint;
}

/** What a workspace's cost meters of the windows that begin at these moments have taken, in every currency they count in. */
export async function costTaken(
  tx: Queryable,
  workspace: WorkspaceId,
  starts: readonly Temporal.Instant[],
): Promise<CostTaken[]> {
  if (starts.length === 0) return [];
  const { rows } = await tx.query<CostTaken>(
    `select window_start, unit, held + used + unreconciled as taken from meters.counter
     where workspace_id = $1 and key = 'cost' and window_start = any ($2::timestamptz[])`,
    [workspace, starts.map(String)],
  );
  return rows;
}

/** Ends grants before their time, in the caller's transaction: what is free in them lapses at once, and what is held when it returns. */
export async function endGrants(
  tx: Queryable,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  grants: readonly string[],
): Promise<void> {
  if (grants.length === 0) return;
  await tx.query('select meters.end_grants($1, $2, $3::uuid[])', [now.toString(), workspace, grants]);
}
