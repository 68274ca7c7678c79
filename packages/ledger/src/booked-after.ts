import type { HoldId, WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

import type { Position } from './page.ts';

/** The beginning of the books, for a reader that has read nothing. */
export const BOOKS_BEGIN: Position = { xid: -(2n ** 63n), id: -(2n ** 63n) };

/** What a workspace's postings of one step add up to within one UTC hour, in one unit: a currency it is reported in, or `credit`. */
export interface BookedHour {
  readonly workspace: WorkspaceId;
  readonly hour: Temporal.Instant;
  readonly unit: string;
  /** Money: cost, overrun and what is unreconciled. Credits: what was spent. Less what was given back. */
  readonly spent: bigint;
  readonly overrun: bigint;
  readonly unreconciled: bigint;
  /** The first transaction that overran, and the first that nobody knows the cost of. */
  readonly overrun_hold: HoldId | null;
  readonly unreconciled_hold: HoldId | null;
}

/** What providers are owed for one UTC hour, in the currency they bill in. */
export interface OwedHour {
  readonly hour: Temporal.Instant;
  readonly unit: string;
  readonly cost: bigint;
}

export interface BookedStep {
  readonly rows: number;
  readonly through: Position;
  readonly booked: readonly BookedHour[];
  readonly owed: readonly OwedHour[];
}

const BOOKED = `
  select workspace_id as workspace, date_trunc('hour', posted_at, 'UTC') as hour, coalesce(reported_unit, unit) as unit,
    sum(case when unit = 'credit' then amount * ledger.spent_sign(debit, credit)
             else coalesce(reported, amount) * ledger.cost_sign(debit, credit) end)::bigint as spent,
    coalesce(sum(coalesce(reported, amount)) filter (where debit = 'overrun'), 0)::bigint as overrun,
    coalesce(sum(coalesce(reported, amount)) filter (where debit = 'unreconciled'), 0)::bigint as unreconciled,
    (array_agg(hold_id order by xid, id) filter (where debit = 'overrun'))[1] as overrun_hold,
    (array_agg(hold_id order by xid, id) filter (where debit = 'unreconciled'))[1] as unreconciled_hold
  from ledger.posting where (xid, id) > ($1, $2) and (xid, id) <= ($3, $4)
  group by 1, 2, 3`;

const OWED = `
  select date_trunc('hour', posted_at, 'UTC') as hour, unit, sum(amount * ledger.cost_sign(debit, credit))::bigint as cost
  from ledger.posting where (xid, id) > ($1, $2) and (xid, id) <= ($3, $4) and unit <> 'credit'
  group by 1, 2 having sum(amount * ledger.cost_sign(debit, credit)) <> 0`;

/**
 * The next postings after a position, at most `rows_max` of them, added up by workspace, hour and unit. Below the horizon alone,
 * so nothing is skipped and nothing is told twice to a reader that keeps `through` with what it made of them.
 */
export async function bookedAfter(connection: Connection, after: Position, rows_max: number): Promise<BookedStep> {
  const step = await connection.query<{ rows: number; xid: bigint | null; id: bigint | null }>(
    'select rows, xid, id from ledger.rollup_step($1, $2, $3)',
    [after.xid, after.id, rows_max],
  );
  const { rows = 0, xid = null, id = null } = step.rows[0] ?? {};
  if (xid === null || id === null) return { rows: 0, through: after, booked: [], owed: [] };
  const span = [after.xid, after.id, xid, id];
  const booked = await connection.query<BookedHour>(BOOKED, span);
  const owed = await connection.query<OwedHour>(OWED, span);
  return { rows, through: { xid, id }, booked: booked.rows, owed: owed.rows };
}

export interface AttemptedStep {
  readonly rows: number;
  readonly through: Position;
  readonly workspaces: readonly WorkspaceId[];
}

/** Whose provider calls the next attempts after a position are, at most `rows_max`; as `bookedAfter`. */
export async function attemptedAfter(connection: Connection, after: Position, rows_max: number): Promise<AttemptedStep> {
  const { rows } = await connection.query<{
    rows: number;
    xid: bigint | null;
    id: bigint | null;
    workspaces: WorkspaceId[] | null;
  }>(
    `with step as materialized (
       select xid, id, workspace_id from ledger.attempt where (xid, id) > ($1, $2) and xid < ledger.horizon() order by xid, id limit $3)
     select count(*)::integer as rows, array_agg(distinct workspace_id) as workspaces,
       (select xid from step order by xid desc, id desc limit 1) as xid, (select id from step order by xid desc, id desc limit 1) as id
     from step`,
    [after.xid, after.id, rows_max],
  );
  const step = rows[0];
  if (!step || step.xid === null || step.id === null) return { rows: 0, through: after, workspaces: [] };
  return { rows: step.rows, through: { xid: step.xid, id: step.id }, workspaces: step.workspaces ?? [] };
}

/** How many credits a workspace spent in (from, to], from its own postings, newest first: of an hour, not of a history. */
export async function creditsSpent(
  connection: Connection,
  { workspace, from, to }: { workspace: WorkspaceId; from: Temporal.Instant; to: Temporal.Instant },
): Promise<bigint> {
  const { rows } = await connection.query<{ spent: bigint | null }>(
    `select sum(amount * ledger.spent_sign(debit, credit))::bigint as spent from ledger.posting
     where workspace_id = $1 and posted_at > $2 and posted_at <= $3 and unit = 'credit'`,
    [workspace, from.toString(), to.toString()],
  );
  return rows[0]?.spent ?? 0n;
}
