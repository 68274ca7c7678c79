import type { HoldId, WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

import type { Position } from './page.ts';

/** One posting of credits, as the workspace whose wallet it is sees it. */
export interface CreditMovement extends Position {
  readonly posted_at: Temporal.Instant;
  readonly hold: HoldId | null;
  /** What the wallet gained; less than zero: lost. */
  readonly change: bigint;
  /** The account on the other side: `granted:gift`, `spent`, `spent:pack:S500`, `expired`. */
  readonly account: string;
  readonly reason: string | null;
}

/** One workspace's postings between two ids, both left out. Its credits move under one lock, so their ids are in the order of their commits. */
export interface MovementSpan {
  readonly workspace: WorkspaceId;
  readonly after: bigint;
  readonly before: bigint;
}

const CHANGE = `case when credit = 'wallet' then amount else -amount end`;
const OF_SPAN = `workspace_id = $1 and id > $2 and id < $3 and unit = 'credit'`;

/** The movements of a span, newest or oldest first, at most `limit`; with `from` those alone that were posted then or later. */
export async function creditMovements(
  tx: Queryable,
  span: MovementSpan,
  more: {
    readonly order: 'newest' | 'oldest';
    readonly limit: number;
    readonly from?: Temporal.Instant;
  },
): Promise<CreditMovement[]> {
  const { rows } = await tx.query<CreditMovement>(
    `select xid, id, posted_at, hold_id as hold, ${CHANGE} as change, case when credit = 'wallet' then debit else credit end as account, reason
     from ledger.posting where ${OF_SPAN} and posted_at >= $4
     order by id ${more.order === 'newest' ? 'desc' : 'asc'} limit $5`,
    [span.workspace, span.after, span.before, more.from?.toString() ?? '-infinity', more.limit],
  );
  return rows;
}

/** By how much the movements of a span changed the wallet. */
export async function creditChange(tx: Queryable, span: MovementSpan): Promise<bigint> {
  const { rows } = await tx.query<{ change: bigint | null }>(
    `select sum(${CHANGE})::bigint as change from ledger.posting where ${OF_SPAN}`,
    [span.workspace, span.after, span.before],
  );
  return rows[0]?.change ?? 0n;
}

/** Movements that follow one another, added up. */
export interface CreditSection {
  readonly last: bigint;
  readonly rows: number;
  /** The latest time among them. */
  readonly latest_at: Temporal.Instant;
  readonly change: bigint;
  /** Net of what was given back, by UTC day. */
  readonly spent: readonly { readonly day: string; readonly credits: bigint }[];
}

/**
 * The next movements after a posting, oldest first, in sections of `size` of which the last may be shorter, at most `sections_max`.
 * Nothing can appear before what was read: whoever posts a workspace's credits holds its one lock from before the id is drawn until
 * the commit.
 */
export async function creditSections(
  tx: Queryable,
  { workspace, after, size, sections_max }: { workspace: WorkspaceId; after: bigint; size: number; sections_max: number },
): Promise<CreditSection[]> {
  const { rows } = await tx.query<{
    last: bigint;
    rows: number;
    latest_at: Temporal.Instant;
    change: bigint;
    days: string[];
    spent: bigint[];
  }>(
    `with next as materialized (
       select (row_number() over (order by id) - 1) / $3::bigint as section, id, posted_at, ${CHANGE} as change,
         amount * ledger.spent_sign(debit, credit) as spent
       from (select * from ledger.posting where workspace_id = $1 and id > $2 and unit = 'credit'
             order by id limit $4) p
     ), days as (
       select section, (posted_at at time zone 'UTC')::date::text as day, count(*) as n, max(id) as last, max(posted_at) as latest_at,
         sum(change) as change, sum(spent)::bigint as spent
       from next group by 1, 2
     )
     select max(last) as last, sum(n)::integer as rows, max(latest_at) as latest_at, sum(change)::bigint as change,
       array_agg(day order by day) as days, array_agg(spent order by day) as spent
     from days group by section order by section`,
    [workspace, after, size, size * sections_max],
  );
  return rows.map(({ days, spent, ...section }) => ({
    ...section,
    spent: days.map((day, index) => ({ day, credits: spent[index] ?? 0n })),
  }));
}
