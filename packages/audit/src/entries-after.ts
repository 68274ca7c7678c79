import type { Queryable } from '@purser/database';
import type { Position } from '@purser/ledger';

import { type Entry, ENTRY_COLUMNS } from './entry.ts';

/** The audit log read forward: entries of these actions in the next rows after a position, below the horizon. */
export async function entriesAfter(
  queryable: Queryable,
  { xid, id }: Position,
  rows_max: number,
  actions: readonly string[],
): Promise<{ readonly rows: number; readonly through: Position; readonly found: readonly Entry[] }> {
  const { rows } = await queryable.query<Entry>(
    `select ${ENTRY_COLUMNS} from (
       select xid, id, at, actor, workspace_id, action, subject, case when action = any ($4::text[]) then detail end as detail from audit.entry
       where (xid, id) > ($1, $2) and xid < ledger.horizon() order by xid, id limit $3) e order by xid, id`,
    [xid, id, rows_max, actions],
  );
  const last = rows.at(-1);
  return {
    rows: rows.length,
    through: last === undefined ? { xid, id } : { xid: last.xid, id: last.id },
    found: rows.filter(({ action }) => actions.includes(action)),
  };
}
