import { workspaceTransaction } from '@purser/database';

import type { Campaign } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';

/** Nobody knows how far a worker came that has them in hand no longer. */
export async function leaveInDoubt(
  { pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>,
  { workspace_id, campaign_id }: Pick<Campaign, 'workspace_id' | 'campaign_id'>,
): Promise<void> {
  await workspaceTransaction(pool, workspace_id, (connection) =>
    connection.query(
      `update campaigns.recipient set state = 'unconfirmed', reason = 'the worker that sent it has ended', changed_at = $2
       where campaign_id = $1 and state = 'sending'`,
      [campaign_id, clock.now().toString()],
    ),
  );
}
