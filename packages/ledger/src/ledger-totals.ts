import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

/** What the postings of a workspace add up to in one unit: `credit`, or the currency its cost is reported in (nano-units). */
export interface LedgerTotal {
  readonly workspace: WorkspaceId;
  readonly unit: string;
  readonly granted: bigint;
  readonly spent: bigint;
  readonly expired: bigint;
  readonly cost: bigint;
  readonly overrun: bigint;
  readonly unreconciled: bigint;
}

type Sums = { [Key in Exclude<keyof LedgerTotal, 'workspace' | 'unit'>]: string };

const BATCH = 1_000;

/**
 * The totals of every workspace, recomputed from all postings and read in batches; inside the caller's transaction, which must
 * be open until the last one is read. In SQL the same rows are `ledger.totals()`.
 */
export async function* ledgerTotals(connection: Connection): AsyncGenerator<LedgerTotal> {
  await connection.query(`declare ledger_totals no scroll cursor for
    select workspace_id as workspace, unit, granted::text, spent::text, expired::text, cost::text, overrun::text, unreconciled::text
    from ledger.totals()`);
  try {
    for (;;) {
      const { rows } = await connection.query<{ workspace: WorkspaceId; unit: string } & Sums>(
        `fetch ${BATCH} from ledger_totals`,
      );
      for (const row of rows) yield toTotal(row);
      if (rows.length < BATCH) return;
    }
  } finally {
    // After a failed statement the cursor is gone with its transaction, and the failure is what the caller must see.
    await connection.query('close ledger_totals').catch(() => {});
  }
}

function toTotal(row: { workspace: WorkspaceId; unit: string } & Sums): LedgerTotal {
  return {
    workspace: row.workspace,
    unit: row.unit,
    granted: BigInt(row.granted),
    spent: BigInt(row.spent),
    expired: BigInt(row.expired),
    cost: BigInt(row.cost),
    overrun: BigInt(row.overrun),
    unreconciled: BigInt(row.unreconciled),
  };
}
