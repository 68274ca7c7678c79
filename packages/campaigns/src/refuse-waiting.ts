import { workspaceTransaction, type Connection } from '@purser/database';

import type { Campaign } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';

/** Of one statement: a million rows at once would hold their locks for half a minute. */
const ROWS_MAX = 10_000;

type Of = Pick<Campaign, 'workspace_id' | 'campaign_id'>;

/** Refuses whoever is due and waits, with `reason`, some thousands at a time. */
export async function refuseWaiting(
  { pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>,
  campaign: Of,
  reason: string,
): Promise<void> {
  const now = clock.now();
  let refused: number;
  do {
    refused = await workspaceTransaction(pool, campaign.workspace_id, (connection) =>
      refuseSome(connection, campaign, { reason, now, due_only: true }),
    );
  } while (refused === ROWS_MAX);
}

export interface Refusing {
  readonly reason: string;
  readonly now: Temporal.Instant;
  /** Whoever is tried again later is left to that. */
  readonly due_only?: true;
}

/** Refuses some thousands of those who wait, and returns how many. */
export async function refuseSome(
  connection: Connection,
  { campaign_id }: Of,
  { reason, now, due_only }: Refusing,
): Promise<number> {
  const { rowCount } = await connection.query(
    `update campaigns.recipient set state = 'refused', reason = $2, changed_at = $3
     where state = 'queued' and recipient_id in (
       select recipient_id from campaigns.recipient
       where campaign_id = $1 and state = 'queued' and (not $4::boolean or due_at <= $3) limit $5)`,
    [campaign_id, reason, now.toString(), due_only === true, ROWS_MAX],
  );
  return rowCount ?? 0;
}
