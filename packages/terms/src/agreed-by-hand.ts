import type { WorkspaceId } from '@purser/core';
import type { Queryable } from '@purser/database';

/**
 * An operator put a workspace on a plan, in the transaction that says so: without a subscription that goes on it is served as agreed from now on. What
 * was collected for a subscription that goes on still bounds what it may cost.
 */
export async function agreedByHand(on: Queryable, workspace: WorkspaceId): Promise<void> {
  await on.query('update terms.subscriber set agreed = true where workspace_id = $1 and not agreed', [workspace]);
}
