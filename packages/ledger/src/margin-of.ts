import type { Pool } from '@purser/database';

import { type MarginLine, toLine } from './margin-line.ts';
import { instants, marginSpan } from './margin-span.ts';
import { onSnapshot } from './snapshot.ts';

/** As the report by workspace, of those that are asked for, summed to one key. */
const OF_WORKSPACES = `
  select $7::text as key, unit, sum(revenue)::text as revenue, sum(fees)::text as fees, sum(cost)::text as cost
  from (
    select workspace_id, unit, revenue, fees, cost from ledger.rollup_margin_daily
    where day >= ($3::timestamptz at time zone 'UTC')::date and day < ($4::timestamptz at time zone 'UTC')::date
    union all
    select workspace_id, unit, revenue, fees, cost from ledger.margin_lines()
    where (xid, id) > ($5::bigint, $6::bigint) and posted_at >= $3 and posted_at < $4
    union all
    select workspace_id, unit, revenue, fees, cost from ledger.margin_lines()
    where (posted_at >= $1 and posted_at < $3) or (posted_at >= $4 and posted_at < $2)) line
  where unit <> 'credit' and workspace_id = any($8::uuid[]) group by unit order by unit`;

/** Revenue, fees, cost and margin of these workspaces together, of what was posted in [from, to); one line for each currency, under `key`. */
export async function marginOf(
  pool: Pool,
  { key, workspaces, from, to }: { key: string; workspaces: readonly string[]; from: Temporal.Instant; to: Temporal.Instant },
): Promise<MarginLine[]> {
  return onSnapshot(pool, 'margin', async (connection, rolled) => {
    const { rows } = await connection.query<Parameters<typeof toLine>[0]>(OF_WORKSPACES, [
      ...instants(marginSpan(from, to)),
      rolled.xid,
      rolled.id,
      key,
      workspaces,
    ]);
    return rows.map(toLine);
  });
}
