import type { Pool } from '@purser/database';

import { type MarginLine, toLine } from './margin-line.ts';
import { instants, marginSpan } from './margin-span.ts';
import { onSnapshot } from './snapshot.ts';

/** Of the calendar, in UTC: `2026-11-24` or `2026-11`. */
export type MarginStep = 'day' | 'month';

const FORMATS: Readonly<Record<MarginStep, string>> = { day: 'YYYY-MM-DD', month: 'YYYY-MM' };
const VALUE = 'case when reported_unit is null then amount else reported end';

/** As the report by plan, with the day or month for a key. */
const OVER_TIME = `
  select key, unit, sum(revenue)::text as revenue, sum(fees)::text as fees, sum(cost)::text as cost
  from (
    select to_char(day, $7) as key, coalesce(reported_unit, unit) as unit, ${VALUE} * ledger.revenue_sign(debit, credit) as revenue,
      ${VALUE} * ledger.fees_sign(debit, credit) as fees, ${VALUE} * ledger.cost_sign(debit, credit) as cost
    from ledger.rollup_account_daily
    where day >= ($3::timestamptz at time zone 'UTC')::date and day < ($4::timestamptz at time zone 'UTC')::date
    union all
    select to_char(posted_at at time zone 'UTC', $7), unit, revenue, fees, cost from ledger.margin_lines()
    where (xid, id) > ($5::bigint, $6::bigint) and posted_at >= $3 and posted_at < $4
    union all
    select to_char(posted_at at time zone 'UTC', $7), unit, revenue, fees, cost from ledger.margin_lines()
    where posted_at >= $1 and posted_at < $3
    union all
    select to_char(posted_at at time zone 'UTC', $7), unit, revenue, fees, cost from ledger.margin_lines()
    where posted_at >= $4 and posted_at < $2) line
  where unit <> 'credit' group by 1, 2
  having sum(revenue) <> 0 or sum(fees) <> 0 or sum(cost) <> 0
  order by key, unit`;

/** Revenue, fees, cost and margin of what was posted in [from, to), step by step, oldest first; steps in which nothing was posted are left out. */
export async function marginOverTime(
  pool: Pool,
  { from, to }: { from: Temporal.Instant; to: Temporal.Instant },
  step: MarginStep,
): Promise<MarginLine[]> {
  return onSnapshot(pool, 'account', async (connection, rolled) => {
    const { rows } = await connection.query<Parameters<typeof toLine>[0]>(OVER_TIME, [
      ...instants(marginSpan(from, to)),
      rolled.xid,
      rolled.id,
      FORMATS[step],
    ]);
    return rows.map(toLine);
  });
}
