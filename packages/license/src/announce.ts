import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';
import type { LicenseStage } from '@purser/policy';

import { RESUME, WHAT_TO_DO, WHY } from './words.ts';

/** A stage that became another, as the customer is told. */
export interface LicenseChange {
  readonly workspace: WorkspaceId;
  readonly from: LicenseStage;
  readonly to: LicenseStage;
  readonly at: Temporal.Instant;
  readonly why: string;
  readonly what_to_do: string;
  /** The payment it is about; empty when it is about none. */
  readonly reference: string;
}

/** Writes the change down, in the caller's transaction. */
export async function announce(tx: Queryable, said: Omit<LicenseChange, 'what_to_do'>): Promise<void> {
  await tx.query(
    `insert into license.change (workspace_id, from_stage, to_stage, at, why, what_to_do, reference) values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      said.workspace,
      said.from,
      said.to,
      said.at.toString(),
      said.why,
      said.why === WHY.paused ? RESUME : WHAT_TO_DO[said.to],
      said.reference,
    ],
  );
}

const PAGE_MAX = 500;
export const CHANGE_COLUMNS = 'workspace_id as workspace, from_stage as "from", to_stage as "to", at, why, what_to_do, reference';

/**
 * The changes after a cursor (null: from the first), oldest first, at most 500; each comes with the cursor that follows it.
 * For whoever tells of each once: none is ever skipped, since rows are read in the order of transactions, below the oldest still running.
 */
export async function licenseChanges(
  tx: Queryable,
  after: string | null,
): Promise<(LicenseChange & { readonly cursor: string })[]> {
  const [xid = null, id = null] = after?.split('.') ?? [];
  const { rows } = await tx.query<LicenseChange & { cursor: string }>(
    `select xid || '.' || id as cursor, ${CHANGE_COLUMNS} from license.change
     where (xid, id) > (coalesce($1::bigint, -9223372036854775808), coalesce($2::bigint, 0)) and xid < (select ledger.horizon())
     order by xid, id limit ${PAGE_MAX}`,
    [xid, id],
  );
  return rows;
}
