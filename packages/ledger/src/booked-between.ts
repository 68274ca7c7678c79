import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import { type Currency, type Money, money } from '@purser/money';

interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** When each subscription period that was booked in [from, to) was, in that order. */
export async function periodsBetween(
  pool: Pool,
  { from, to }: Span,
): Promise<{ readonly workspace: WorkspaceId; readonly at: Temporal.Instant }[]> {
  const { rows } = await pool.query<{ workspace: WorkspaceId; at: Temporal.Instant }>(
    `select workspace_id as workspace, accrued_at as at from ledger.period where accrued_at >= $1 and accrued_at < $2
     order by accrued_at, workspace_id`,
    [from.toString(), to.toString()],
  );
  return rows;
}

/** The credits each workspace had at `at`, by the books. */
export async function creditBalances(pool: Pool, at: Temporal.Instant): Promise<Map<WorkspaceId, bigint>> {
  const { rows } = await pool.query<{ workspace: WorkspaceId; balance: bigint }>(
    `select workspace_id as workspace, sum(case when credit = 'wallet' then amount else -amount end)::bigint as balance
     from ledger.posting where unit = 'credit' and posted_at < $1 group by 1`,
    [at.toString()],
  );
  return new Map(rows.map(({ workspace, balance }) => [workspace, balance]));
}

/** Credits that were taken back in [from, to): what lapsed by itself carries the id of its grant, what was taken back a reason in words. */
export async function creditsTakenBack(
  pool: Pool,
  { from, to }: Span,
): Promise<{ readonly workspace: WorkspaceId; readonly at: Temporal.Instant; readonly credits: bigint }[]> {
  const { rows } = await pool.query<{ workspace: WorkspaceId; at: Temporal.Instant; credits: bigint }>(
    `select workspace_id as workspace, posted_at as at, amount as credits from ledger.posting
     where unit = 'credit' and debit = 'wallet' and credit = 'expired' and reason !~ '^[0-9a-f-]{36}$'
       and posted_at >= $1 and posted_at < $2 order by posted_at, id`,
    [from.toString(), to.toString()],
  );
  return rows;
}

/** What packs brought in [from, to) by the plan of their buyers, refunds taken off. */
export async function packSales(
  pool: Pool,
  { from, to }: Span,
): Promise<{ readonly plan: string; readonly revenue: Money; readonly fees: Money }[]> {
  const { rows } = await pool.query<{ plan: string; unit: Currency; revenue: bigint; fees: bigint }>(
    `select plan, unit, sum(revenue)::bigint as revenue, sum(fees)::bigint as fees from ledger.margin_lines()
     where pack is not null and plan is not null and unit <> 'credit' and posted_at >= $1 and posted_at < $2
     group by plan, unit order by plan, unit`,
    [from.toString(), to.toString()],
  );
  return rows.map(({ plan, unit, revenue, fees }) => ({ plan, revenue: money(revenue, unit), fees: money(fees, unit) }));
}

/** What subscriptions brought in [from, to), by what was collected: revenue, and what the payment provider took. In the reported currency. */
export async function collectedSales(
  pool: Pool,
  { from, to }: Span,
): Promise<
  {
    readonly workspace: WorkspaceId;
    readonly at: Temporal.Instant;
    readonly plan: string;
    readonly revenue: Money;
    readonly fees: Money;
  }[]
> {
  const { rows } = await pool.query<{
    workspace: WorkspaceId;
    at: Temporal.Instant;
    plan: string;
    unit: Currency;
    revenue: bigint;
    fees: bigint;
  }>(
    `select workspace_id as workspace, max(posted_at) as at, plan, coalesce(reported_unit, unit) as unit,
       sum(coalesce(reported, amount) * ledger.revenue_sign(debit, credit))::bigint as revenue,
       sum(coalesce(reported, amount) * ledger.fees_sign(debit, credit))::bigint as fees
     from ledger.posting
     where reason like 'stripe:%' and plan is not null and unit <> 'credit' and ledger.pack_of(debit, credit) is null
       and posted_at >= $1 and posted_at < $2
     group by workspace_id, plan, coalesce(reported_unit, unit) order by workspace_id, plan, 4`,
    [from.toString(), to.toString()],
  );
  return rows.map(({ unit, revenue, fees, ...row }) => ({ ...row, revenue: money(revenue, unit), fees: money(fees, unit) }));
}
