import { assert, type WorkspaceId } from '@purser/core';
import { type Pool, transaction, workspaceTransaction } from '@purser/database';
import { lockGrants } from '@purser/meters';

import type { EffectParts } from './parts.ts';
import { purchasesThatOwe } from './purchase.ts';
import { settlePurchase } from './settle-purchase.ts';

/** Credits that a workspace spent though their money went back, less what later purchases have paid. */
export async function debtOf(pool: Pool, workspace: WorkspaceId): Promise<bigint> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<{ debt: bigint }>(
      'select coalesce(sum(owed - owed_paid), 0)::bigint as debt from marketplace.purchase where workspace_id = $1 and owed > owed_paid',
      [workspace],
    ),
  );
  return rows[0]?.debt ?? 0n;
}

/**
 * Looks again at every purchase that owes: credits that were held when its money went back may have returned, and lower what is owed.
 * Returns how many workspaces it looked at.
 */
export async function settleDebts({ pool, clock, identity, policyOf }: EffectParts): Promise<number> {
  const { rows } = await pool.query<{ workspace_id: WorkspaceId }>(
    'select distinct workspace_id from marketplace.purchase where owed > owed_paid limit 1000',
  );
  for (const { workspace_id } of rows) {
    const workspace = await identity.workspace(workspace_id);
    assert(workspace, `workspace ${workspace_id} owes credits and is not there`);
    const now = clock.now();
    const buyer = await policyOf(workspace, now);
    await transaction(pool, async (connection) => {
      await lockGrants(connection, now, workspace_id, []);
      for (const purchase of await purchasesThatOwe(connection, workspace_id)) {
        await settlePurchase(connection, now, purchase, buyer);
      }
    });
  }
  return rows.length;
}
