import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

/** Who made calls, as their attempts name it. */
export interface CreditSpender {
  /** A key or a session. */
  readonly actor: string;
  /** The end user, where one was named. */
  readonly end_user: string | null;
  readonly credits: bigint;
}

const SPENDERS_MAX = 20;

/** Who spent the credits of a workspace in (from, to], the most first; at most 20 of them. */
export async function creditSpenders(
  pool: Pool,
  { workspace, from, to }: { workspace: WorkspaceId; from: Temporal.Instant; to: Temporal.Instant },
): Promise<CreditSpender[]> {
  const { rows } = await pool.query<CreditSpender>(
    `with spent as (
       select hold_id, sum(amount * ledger.spent_sign(debit, credit)) as credits from ledger.posting
       where workspace_id = $1 and posted_at > $2 and posted_at <= $3 and unit = 'credit' and hold_id is not null
       group by hold_id),
     made as (
       select distinct on (hold_id) hold_id, actor, end_user from ledger.attempt
       where workspace_id = $1 and hold_id in (select hold_id from spent) order by hold_id, ordinal desc)
     select coalesce(actor, '') as actor, end_user, sum(credits)::bigint as credits from spent left join made using (hold_id)
     group by 1, 2 having sum(credits) > 0 order by credits desc, actor, end_user limit ${SPENDERS_MAX}`,
    [workspace, from.toString(), to.toString()],
  );
  return rows;
}
