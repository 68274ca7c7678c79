import type { Clock, WorkspaceId } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Meters } from '@purser/meters';

import { grantScheduled } from './allocate-credits.ts';
import { closePayAsYouGo } from './invoice-lines.ts';
import { refreshDue, type RefreshParts } from './refresh.ts';

export interface WalletWork extends RefreshParts {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly meters: Meters;
}

/** What has to happen though nobody asks: periods that begin, credits that come into their time, periods that are closed. */
export async function workWallet(parts: WalletWork): Promise<void> {
  const { pool, clock, meters } = parts;
  await refreshDue(parts);
  await grantScheduled(pool, clock.now());
  const policyOf = async (id: WorkspaceId) => {
    const workspace = await parts.workspace(id);
    return workspace && parts.policyOf(workspace, clock.now());
  };
  await closePayAsYouGo({ pool, clock, meters, policyOf });
}
