import { unreachable } from '@purser/core';
import type { Connection, Pool } from '@purser/database';

import { type MarginLine, toLine } from './margin-line.ts';
import { instants, marginSpan } from './margin-span.ts';
import type { Position } from './page.ts';
import { onSnapshot } from './snapshot.ts';

export type MarginKey = 'plan' | 'workspace' | 'pack';

/** The key of postings that belong to no plan. */
export const NO_PLAN = 'none';

const LINES_MAX = 10_000;

/** The postings of the span that no daily sum holds: what the sums have not reached of its whole days, and its two ends. */
const REST = `
  select workspace_id, plan, pack, unit, revenue, fees, cost, spent from ledger.margin_lines()
  where (xid, id) > ($5::bigint, $6::bigint) and posted_at >= $3 and posted_at < $4
  union all
  select workspace_id, plan, pack, unit, revenue, fees, cost, spent from ledger.margin_lines()
  where posted_at >= $1 and posted_at < $3
  union all
  select workspace_id, plan, pack, unit, revenue, fees, cost, spent from ledger.margin_lines()
  where posted_at >= $4 and posted_at < $2`;

const WHOLE_DAYS = `day >= ($3::timestamptz at time zone 'UTC')::date and day < ($4::timestamptz at time zone 'UTC')::date`;

const BY_PLAN = `
  select coalesce(plan, '${NO_PLAN}') as key, unit, sum(revenue)::text as revenue, sum(fees)::text as fees, sum(cost)::text as cost
  from (
    select plan, coalesce(reported_unit, unit) as unit, value * ledger.revenue_sign(debit, credit) as revenue,
      value * ledger.fees_sign(debit, credit) as fees, value * ledger.cost_sign(debit, credit) as cost
    from (select *, case when reported_unit is null then amount else reported end as value
          from ledger.rollup_account_daily where ${WHOLE_DAYS}) sums
    union all
    select plan, unit, revenue, fees, cost from (${REST}) rest) line
  where unit <> 'credit' group by 1, 2
  having sum(revenue) <> 0 or sum(fees) <> 0 or sum(cost) <> 0
  order by sum(revenue) - sum(fees) - sum(cost), key, unit limit ${LINES_MAX}`;

const LINES = `
  select workspace_id, plan, pack, unit, revenue, fees, cost, spent from ledger.rollup_margin_daily where ${WHOLE_DAYS}
  union all ${REST}`;

const BY_WORKSPACE = `
  select workspace_id::text as key, unit, sum(revenue)::text as revenue, sum(fees)::text as fees, sum(cost)::text as cost
  from (${LINES}) line where unit <> 'credit' group by 1, 2
  having sum(revenue) <> 0 or sum(fees) <> 0 or sum(cost) <> 0
  order by sum(revenue) - sum(fees) - sum(cost), key, unit limit ${LINES_MAX}`;

/**
 * A pack has no cost of its own: it bears the part of each buyer's cost that the credits drawn from it are of all credits
 * the buyer spent in the span (accounts `spent:pack:<code>` among `spent`), rounded up.
 */
const BY_PACK = `
  with line as materialized (${LINES}),
  spending as (select workspace_id, pack, sum(spent) as spent from line where unit = 'credit' group by 1, 2),
  spender as (select workspace_id, sum(spent) as spent from spending group by 1 having sum(spent) > 0),
  costing as (select workspace_id, unit, sum(cost) as cost from line where unit <> 'credit' group by 1, 2),
  share as (
    select s.pack, c.unit,
      case when c.cost >= 0 then div(c.cost * s.spent + w.spent - 1, w.spent) else div(c.cost * s.spent, w.spent) end as cost
    from spending s join spender w using (workspace_id) join costing c using (workspace_id)
    where s.pack is not null),
  part as (
    select pack, unit, revenue, fees, 0 as cost from line where pack is not null and unit <> 'credit'
    union all
    select pack, unit, 0, 0, cost from share)
  select pack as key, unit, sum(revenue)::text as revenue, sum(fees)::text as fees, sum(cost)::text as cost
  from part group by 1, 2
  order by sum(revenue) - sum(fees) - sum(cost), key, unit limit ${LINES_MAX}`;

/**
 * Revenue, fees, cost and margin of what was posted in [from, to), from postings alone and at the rates they carry.
 * Worst margin first; at most 10,000 lines.
 */
export async function marginReport(
  pool: Pool,
  { from, to, by }: { from: Temporal.Instant; to: Temporal.Instant; by: MarginKey },
): Promise<MarginLine[]> {
  return onSnapshot(pool, by === 'plan' ? 'account' : 'margin', (connection, rolled) =>
    marginLines(connection, rolled, { from, to, by }),
  );
}

/** The same inside a snapshot, whose sums by account (for plans) or by workspace go through `rolled`. */
export async function marginLines(
  connection: Connection,
  rolled: Position,
  { from, to, by }: { from: Temporal.Instant; to: Temporal.Instant; by: MarginKey },
): Promise<MarginLine[]> {
  const { rows } = await connection.query<SumRow>(statement(by), [...instants(marginSpan(from, to)), rolled.xid, rolled.id]);
  return rows.map(toLine);
}

interface SumRow {
  readonly key: string;
  readonly unit: string;
  readonly revenue: string;
  readonly fees: string;
  readonly cost: string;
}

function statement(by: MarginKey): string {
  switch (by) {
    case 'plan':
      return BY_PLAN;
    case 'workspace':
      return BY_WORKSPACE;
    case 'pack':
      return BY_PACK;
    default:
      return unreachable(by);
  }
}
