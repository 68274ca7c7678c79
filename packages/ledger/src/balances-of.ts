import type { WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';

/** One account of one workspace in one unit. `net` is debit − credit. */
export interface WorkspaceBalance {
  readonly workspace: WorkspaceId;
  readonly account: string;
  readonly unit: string;
  readonly net: bigint;
}

/** Every account that the postings of these workspaces touch, from the postings themselves. */
export async function balancesOf(pool: Pool, workspaces: readonly string[]): Promise<WorkspaceBalance[]> {
  const { rows } = await pool.query<WorkspaceBalance>(
    `select workspace_id as workspace, account, unit, sum(debited)::bigint as net
     from (select workspace_id, debit as account, unit, amount as debited from ledger.posting where workspace_id = any($1::uuid[])
           union all
           select workspace_id, credit, unit, -amount from ledger.posting where workspace_id = any($1::uuid[])) side
     group by 1, 2, 3 order by 1, 2, 3`,
    [workspaces],
  );
  return rows;
}
