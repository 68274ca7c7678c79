import { PLATFORM, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { BookedStep } from '@purser/ledger';

import { HISTORY_HOURS } from './anomaly.ts';

/** What somebody has spent so far in one hour. The platform spends what providers are owed. */
export interface SpentHour {
  readonly workspace: WorkspaceId;
  readonly unit: string;
  readonly hour: Temporal.Instant;
  readonly amount: bigint;
}

/** Adds a step of the books to the hours it belongs to; returns them as they stand now. */
export async function addSpend(connection: Connection, { booked, owed }: BookedStep): Promise<SpentHour[]> {
  const lines = [
    ...booked.map(({ workspace, unit, hour, spent }) => ({ workspace, unit, hour, amount: spent })),
    ...owed.map(({ unit, hour, cost }) => ({ workspace: PLATFORM, unit, hour, amount: cost })),
  ].filter(({ amount }) => amount !== 0n);
  if (lines.length === 0) return [];
  const { rows } = await connection.query<SpentHour>(
    `insert into notify.spend as s (workspace_id, unit, hour, amount)
     select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[])
     on conflict (workspace_id, unit, hour) do update set amount = s.amount + excluded.amount
     returning workspace_id as workspace, unit, hour, amount`,
    [
      lines.map(({ workspace }) => workspace),
      lines.map(({ unit }) => unit),
      lines.map(({ hour }) => hour.toString()),
      lines.map(({ amount }) => amount.toString()),
    ],
  );
  return rows;
}

/** The hours of the last four weeks before one, in no order. */
export async function spendBefore(connection: Connection, { workspace, unit, hour }: SpentHour): Promise<bigint[]> {
  const { rows } = await connection.query<{ amount: bigint }>(
    'select amount from notify.spend where workspace_id = $1 and unit = $2 and hour < $3 and hour >= $4',
    [workspace, unit, hour.toString(), hour.subtract({ hours: HISTORY_HOURS }).toString()],
  );
  return rows.map(({ amount }) => amount);
}

const FORGOTTEN_AT_ONCE = 10_000;

/** Forgets hours nobody looks back at, a bounded number at a time. */
export async function forgetSpend(connection: Connection, now: Temporal.Instant): Promise<void> {
  await connection.query(
    `delete from notify.spend where ctid in (select ctid from notify.spend where hour < $1 limit ${FORGOTTEN_AT_ONCE})`,
    [now.subtract({ hours: HISTORY_HOURS + 24 }).toString()],
  );
}
