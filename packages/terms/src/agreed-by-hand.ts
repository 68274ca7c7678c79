import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

/**
 * An operator put a workspace on a plan, in the transaction that says so: without a subscription that goes on it is served as agreed from now on. What
 * was collected for a subscription that goes on still bounds what it may cost.
 */
export async function agreedByHand(tx: Queryable, workspace: WorkspaceId): Promise<void> {
  await tx.query('update terms.subscriber set agreed = true where workspace_id = $1 and not agreed', [workspace]);
}

/** Of these workspaces the plan that payments put them on, as long as no operator has put them on one since. */
export async function plansPaidFor(tx: Queryable, workspaces: readonly string[]): Promise<Map<string, string>> {
  if (workspaces.length === 0) return new Map();
  const { rows } = await tx.query<{ workspace: string; plan: string }>(
    `select workspace_id as workspace, plan from terms.subscriber where workspace_id = any ($1::uuid[]) and plan is not null and not agreed`,
    [workspaces],
  );
  return new Map(rows.map(({ workspace, plan }) => [workspace, plan]));
}
