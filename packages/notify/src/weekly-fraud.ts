import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

import type { AlertId } from './alert.ts';

export interface FraudFlag {
  readonly id: AlertId;
  readonly workspace: WorkspaceId;
  readonly at: Temporal.Instant;
  readonly text: string;
  /** Credits an hour that the plan takes for honest. */
  readonly credits_max: bigint | null;
}

/** A week from Monday 00:00 UTC. */
export interface FraudWeek {
  /** Its Monday, `2026-11-23`. */
  readonly week: string;
  readonly workspaces: number;
  readonly flags: readonly FraudFlag[];
}

const FLAGS_MAX = 10_000;

/** Fraud flags raised in [from, to) by week, newest first; weeks without any are left out. At most 10,000 flags. */
export async function weeklyFraud(
  pool: Pool,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
): Promise<FraudWeek[]> {
  const { rows } = await pool.query<FraudFlag & { week: string }>(
    `select alert_id as id, workspace_id as workspace, raised_at as at, text, level as credits_max, date_trunc('week', raised_at at time zone 'UTC')::date::text as week
     from notify.alert where kind = 'fraud' and raised_at >= $1 and raised_at < $2 order by raised_at desc, alert_id limit ${FLAGS_MAX}`,
    [from.toString(), to.toString()],
  );
  return [...Map.groupBy(rows, ({ week }) => week)].map(([week, flags]) => ({
    week,
    workspaces: new Set(flags.map(({ workspace }) => workspace)).size,
    flags: flags.map(({ id, workspace, at, text, credits_max }) => ({ id, workspace, at, text, credits_max })),
  }));
}
