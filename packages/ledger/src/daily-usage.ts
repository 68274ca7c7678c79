import type { Pool } from '@purser/database';
import { currency, type Money, money } from '@purser/money';

import { wholeDays } from './margin-span.ts';
import { onSnapshot } from './snapshot.ts';

/** One UTC day. */
export interface UsageDay {
  /** `2026-11-24` */
  readonly day: string;
  /** Provider calls that served, and those that did not. */
  readonly calls: bigint;
  readonly calls_failed: bigint;
  readonly credits_spent: bigint;
  /** Workspaces that spent or cost anything. */
  readonly workspaces: bigint;
  /** In each currency that is reported: cost, overruns and what is unresolved. */
  readonly cost: readonly Money[];
}

/** `ok` has delivered all, `stopped` a part; whatever else an attempt ended as, nothing. */
const SERVED = `outcome in ('ok', 'stopped')`;

const CALLS = `
  select day::text, sum(attempts) filter (where ${SERVED})::text as calls, sum(attempts) filter (where not ${SERVED})::text as failed
  from (
    select day, outcome, attempts from ledger.rollup_attempt_daily where day >= $1::date and day < $2::date
    union all
    select day, outcome, attempts from ledger.attempt_sums($3::bigint, 9223372036854775807) where day >= $1::date and day < $2::date) line
  group by 1`;

const MONEY = `
  select day::text, unit, sum(cost)::text as cost, sum(spent)::text as spent
  from (
    select day, unit, cost, spent from ledger.rollup_model_daily where day >= $1::date and day < $2::date
    union all
    select day, unit, cost, spent from ledger.model_lines($3::bigint, 9223372036854775807) where day >= $1::date and day < $2::date) line
  group by 1, 2 order by 1, 2`;

const WORKSPACES = `
  select day::text, count(distinct workspace_id)::text as workspaces
  from (
    select day, workspace_id from ledger.rollup_margin_daily where day >= $1::date and day < $2::date and (cost <> 0 or spent <> 0)
    union all
    select (posted_at at time zone 'UTC')::date, workspace_id from ledger.margin_lines()
    where (xid, id) > ($3::bigint, $4::bigint) and (cost <> 0 or spent <> 0)
      and posted_at >= $1::date::timestamp at time zone 'UTC' and posted_at < $2::date::timestamp at time zone 'UTC') line
  group by 1`;

/** What was used on each UTC day that [from, to) touches, oldest first; days without any use are left out. */
export async function dailyUsage(
  pool: Pool,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
): Promise<UsageDay[]> {
  const days = wholeDays(from, to);
  const span = [days.from, days.to].map((at) => at.toZonedDateTimeISO('UTC').toPlainDate().toString());
  const [calls, sums] = await onSnapshot(
    pool,
    'model',
    async (connection, { xid }) =>
      [
        (await connection.query<{ day: string; calls: string | null; failed: string | null }>(CALLS, [...span, xid])).rows,
        (await connection.query<{ day: string; unit: string; cost: string; spent: string }>(MONEY, [...span, xid])).rows,
      ] as const,
  );
  const active = await onSnapshot(
    pool,
    'margin',
    async (connection, { xid, id }) =>
      (await connection.query<{ day: string; workspaces: string }>(WORKSPACES, [...span, xid, id])).rows,
  );
  const all = new Set([...calls, ...sums, ...active].map(({ day }) => day));
  return [...all].toSorted().map((day) => {
    const called = calls.find((one) => one.day === day);
    const spent = sums.filter((one) => one.day === day);
    return {
      day,
      calls: BigInt(called?.calls ?? 0),
      calls_failed: BigInt(called?.failed ?? 0),
      credits_spent: BigInt(spent.find(({ unit }) => unit === 'credit')?.spent ?? 0),
      workspaces: BigInt(active.find((one) => one.day === day)?.workspaces ?? 0),
      cost: spent.filter(({ unit }) => unit !== 'credit').map(({ unit, cost }) => money(BigInt(cost), currency(unit))),
    };
  });
}
