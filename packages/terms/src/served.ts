import type { Queryable } from '@purser/base';

import { MONTH_COLUMNS, monthOf, type MonthRecord, type MonthRow } from './known.ts';

/** What a server knows of a workspace's terms: the month in force with the one before it, and those that come. */
export interface ServedTerms {
  readonly months: readonly MonthRow[];
  readonly subscribed: boolean;
}

/** Begun months that are read: the one in force, and the one that raises are carried from. */
const BEGUN = 2;

/** Of workspaces that ever had a term; others are not in the map. */
export async function servedTerms(
  on: Queryable,
  ids: readonly string[],
  now: Temporal.Instant,
): Promise<Map<string, ServedTerms>> {
  const { rows } = await on.query<MonthRecord & { workspace_id: string; subscribed: boolean }>(
    `select m.*, coalesce(s.subscribed, false) as subscribed from unnest($1::uuid[]) w (workspace_id)
     cross join lateral (
       (select workspace_id, ${MONTH_COLUMNS} from terms.month t where t.workspace_id = w.workspace_id and starts_at <= $2
        order by starts_at desc limit ${BEGUN})
       union all
       (select workspace_id, ${MONTH_COLUMNS} from terms.month t where t.workspace_id = w.workspace_id and starts_at > $2 order by starts_at)
     ) m left join terms.subscriber s on s.workspace_id = w.workspace_id
     order by m."from"`,
    [ids, now.toString()],
  );
  return new Map(
    [...Map.groupBy(rows, ({ workspace_id }) => workspace_id)].map(([id, months]) => [
      id,
      { months: months.map(monthOf), subscribed: months[0]?.subscribed ?? false },
    ]),
  );
}
