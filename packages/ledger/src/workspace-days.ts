import type { WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { currency, type Money, money } from '@purser/money';

/** One day of a workspace, in its time zone. */
export interface WorkspaceDay {
  /** `2026-11-24` */
  readonly day: string;
  /** Provider calls that served, and those that did not. */
  readonly calls: bigint;
  readonly calls_failed: bigint;
  /** As the providers reported them; calls of which they did not are left out. */
  readonly input_tokens: bigint;
  readonly output_tokens: bigint;
  /** Net of what was given back. */
  readonly credits_spent: bigint;
  /** In each currency that is reported. */
  readonly cost: readonly Money[];
}

const CALLS = `
  select (started_at at time zone $4)::date::text as day,
    count(*) filter (where outcome in ('ok', 'stopped')) as calls, count(*) filter (where outcome not in ('ok', 'stopped')) as failed,
    coalesce(sum((usage ->> 'input_tokens')::numeric), 0)::bigint as input, coalesce(sum((usage ->> 'output_tokens')::numeric), 0)::bigint as output
  from ledger.attempt where workspace_id = $1 and started_at >= $2 and started_at < $3
  group by 1`;

const MONEY = `
  select (posted_at at time zone $4)::date::text as day, coalesce(reported_unit, unit) as unit,
    sum(coalesce(reported, amount) * ledger.cost_sign(debit, credit))::bigint as cost,
    sum(case when unit = 'credit' then amount * ledger.spent_sign(debit, credit) else 0 end)::bigint as spent
  from ledger.posting where workspace_id = $1 and posted_at >= $2 and posted_at < $3
  group by 1, coalesce(reported_unit, unit) order by 1, 2`;

/** What a workspace used on each day that [from, to) touches, oldest first; days without any use are left out. */
export function workspaceDays(
  pool: Pool,
  workspace: WorkspaceId,
  { from, to, timezone }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant; readonly timezone: string },
): Promise<WorkspaceDay[]> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const values = [workspace, from.toString(), to.toString(), timezone];
    const calls = await connection.query<{ day: string; calls: bigint; failed: bigint; input: bigint; output: bigint }>(
      CALLS,
      values,
    );
    const sums = await connection.query<{ day: string; unit: string; cost: bigint; spent: bigint }>(MONEY, values);
    const used = sums.rows.filter(({ cost, spent }) => cost !== 0n || spent !== 0n);
    const days = new Set([...calls.rows, ...used].map(({ day }) => day));
    return [...days].toSorted().map((day) => {
      const called = calls.rows.find((one) => one.day === day);
      const spent = used.filter((one) => one.day === day);
      return {
        day,
        calls: called?.calls ?? 0n,
        calls_failed: called?.failed ?? 0n,
        input_tokens: called?.input ?? 0n,
        output_tokens: called?.output ?? 0n,
        credits_spent: spent.find(({ unit }) => unit === 'credit')?.spent ?? 0n,
        cost: spent
          .filter(({ unit, cost }) => unit !== 'credit' && cost !== 0n)
          .map(({ unit, cost }) => money(cost, currency(unit))),
      };
    });
  });
}
