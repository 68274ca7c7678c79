import type { Queryable } from '@purser/database';

import { MONTH_COLUMNS, monthOf, type MonthRecord, type MonthRow } from './known.ts';

/** What a server knows of a workspace's terms: the month in force with the one before it, and those that come. */
export interface ServedTerms {
  readonly months: readonly MonthRow[];
  readonly subscribed: boolean;
  /** The plan that payments put it on; null: none. */
  readonly plan: string | null;
  /** An operator put it on a plan since. */
  readonly agreed: boolean;
}

/** Begun months that are read: the one in force, and the one that raises are carried from. */
const BEGUN = 2;

/** Of workspaces that ever subscribed; others are not in the map. Of months that begin at one moment the one that goes on is the later. */
export async function servedTerms(
  tx: Queryable,
  ids: readonly string[],
  now: Temporal.Instant,
): Promise<Map<string, ServedTerms>> {
  const { rows: subscribers } = await tx.query<{ workspace_id: string } & Omit<ServedTerms, 'months'>>(
    'select workspace_id, subscribed, plan, agreed from terms.subscriber where workspace_id = any ($1::uuid[])',
    [ids],
  );
  if (subscribers.length === 0) return new Map();
  const { rows } = await tx.query<MonthRecord & { workspace_id: string }>(
    `select m.* from unnest($1::uuid[]) w (workspace_id)
     cross join lateral (
       (select workspace_id, ${MONTH_COLUMNS} from terms.month t where t.workspace_id = w.workspace_id and starts_at <= $2
        order by starts_at desc, ends_at desc limit ${BEGUN})
       union all
       (select workspace_id, ${MONTH_COLUMNS} from terms.month t where t.workspace_id = w.workspace_id and starts_at > $2 order by starts_at)
     ) m order by m."from", m."to"`,
    [subscribers.map(({ workspace_id }) => workspace_id), now.toString()],
  );
  const months = Map.groupBy(rows, ({ workspace_id }) => workspace_id);
  return new Map(
    subscribers.map(({ workspace_id, subscribed, plan, agreed }) => [
      workspace_id,
      { months: (months.get(workspace_id) ?? []).map(monthOf), subscribed, plan, agreed },
    ]),
  );
}
