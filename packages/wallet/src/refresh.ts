import type { Clock, WorkspaceId } from '@purser/core';
import { type Pool, transaction } from '@purser/database';
import type { Policy } from '@purser/policy';
import { openTerms } from '@purser/terms';

import { openPeriodsOf } from './open-period.ts';

type Workspace = Policy['workspace'];

export interface RefreshParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly workspace: (id: WorkspaceId) => Workspace | undefined | Promise<Workspace | undefined>;
  readonly policyOf: (workspace: Workspace, now: Temporal.Instant) => Policy | Promise<Policy>;
  /** Hears whose periods have begun. */
  readonly begun?: (policies: readonly Policy[]) => void;
  /** Hears of a workspace that could not be refreshed; it is tried again. */
  readonly failed: (workspace: WorkspaceId, error: unknown) => void;
}

/** So many periods are opened in one transaction: enough to share its commit, too few to make a call wait for its workspace. */
const TOGETHER = 100;
/** Transactions at once: one computes while another is written. */
const LANES = 2;
const CLAIM_S = 60;
/** A workspace that owes a payment is looked at again so much later; its payment opens the period at once. */
const OWING_H = 1;

/**
 * Opens the billing periods that have begun, asked for or not: the price of a customer who is away is revenue too, and whoever
 * comes back finds the credits there. Any number of servers may at once: each claims what it opens, and what is opened twice counts once.
 * Returns how many workspaces it looked at.
 */
export async function refreshDue(parts: RefreshParts): Promise<number> {
  let refreshed = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const claimed = await claim(parts);
      refreshed += claimed.length;
      if (claimed.length > 0) await refresh(parts, claimed);
      if (claimed.length < TOGETHER) return;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return refreshed;
}

async function claim({ pool, clock }: RefreshParts): Promise<WorkspaceId[]> {
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    `update wallet.refresh r set claimed_until = $1::timestamptz + interval '${CLAIM_S} seconds'
     from (select workspace_id from wallet.refresh where due_at <= $1 and claimed_until <= $1
           order by due_at limit ${TOGETHER} for update skip locked) due
     where r.workspace_id = due.workspace_id returning r.workspace_id`,
    [clock.now().toString()],
  );
  return rows.map((row) => row.workspace_id);
}

async function refresh(parts: RefreshParts, claimed: readonly WorkspaceId[]): Promise<void> {
  const now = parts.clock.now();
  const policies: Policy[] = [];
  const owing: WorkspaceId[] = [];
  // All are asked for before any is awaited, so that they are read together.
  const known = claimed.map(async (id) => {
    const workspace = await parts.workspace(id);
    return { id, policy: workspace && (await parts.policyOf(workspace, now)) };
  });
  for (const { id, policy } of await Promise.all(known)) {
    if (policy?.license_stage === 'active') policies.push(policy);
    else owing.push(id);
  }
  if (owing.length > 0) {
    // What was collected becomes revenue in its time, whatever else is owed.
    await transaction(parts.pool, (connection) => openTerms(connection, now, owing));
    await parts.pool.query(
      `update wallet.refresh set due_at = $1::timestamptz + interval '${OWING_H} hour' where workspace_id = any($2::uuid[])`,
      [now.toString(), owing],
    );
  }
  // The order in which everybody locks.
  policies.sort((one, other) => (one.workspace.id < other.workspace.id ? -1 : 1));
  await openTogether(parts, policies, now);
}

/** All in one transaction; when that fails, each in its own, so that one bad workspace holds up no other. */
async function openTogether(parts: RefreshParts, policies: readonly Policy[], now: Temporal.Instant): Promise<void> {
  try {
    await transaction(parts.pool, (connection) => openPeriodsOf(connection, policies, now));
    parts.begun?.(policies);
  } catch (error) {
    const [alone] = policies;
    if (policies.length === 1 && alone) parts.failed(alone.workspace.id, error);
    else for (const policy of policies) await openTogether(parts, [policy], now);
  }
}
