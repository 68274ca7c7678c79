import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

/** By how much a ceiling was raised, or lowered again; in nano-units of `unit`. */
export interface RaiseMade {
  readonly workspace: WorkspaceId;
  readonly raised_at: Temporal.Instant;
  readonly unit: string;
  readonly nanos: bigint;
}

/** Every raise that was made before `to`, in the order of time. */
export async function raisesBefore(pool: Pool, to: Temporal.Instant): Promise<RaiseMade[]> {
  const { rows } = await pool.query<RaiseMade>(
    'select workspace_id as workspace, raised_at, unit, nanos from policy.raise where raised_at < $1 order by raised_at, raise_id',
    [to.toString()],
  );
  return rows;
}
