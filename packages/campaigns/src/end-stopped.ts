import { isRefusal, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { isEnded, readJob } from '@purser/jobs';

import type { CampaignId } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';

/** At a time, the oldest first. */
const CAMPAIGNS_MAX = 1_000;

interface UnderWay {
  readonly workspace_id: WorkspaceId;
  readonly campaign_id: CampaignId;
  readonly job_id: string;
}

/**
 * Ends campaigns whose job was cancelled or failed for good: whoever waits is refused, so that what was promised to them is free for
 * others; whoever was in its hands is unconfirmed. A job that is put in once more finds nobody left.
 */
export async function endStopped({ pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>): Promise<number> {
  const { rows } = await pool.query<UnderWay>(
    `select workspace_id, campaign_id, job_id from campaigns.campaign
     where status = 'sending' and job_id is not null order by campaign_id limit $1`,
    [CAMPAIGNS_MAX],
  );
  let ended = 0;
  for (const campaign of rows) {
    const job = await readJob(pool, campaign.workspace_id, campaign.job_id);
    if (!isRefusal(job) && !isEnded(job)) continue;
    const why = isRefusal(job) ? 'its job is gone' : (job.error_code ?? job.status);
    ended += await end(pool, campaign, why, clock.now());
  }
  return ended;
}

async function end(
  pool: Pool,
  { workspace_id, campaign_id, job_id }: UnderWay,
  why: string,
  now: Temporal.Instant,
): Promise<number> {
  return workspaceTransaction(pool, workspace_id, async (connection) => {
    // A job that succeeded meanwhile has written the next one's id, or the end, in the transaction it ended with.
    const { rowCount } = await connection.query(
      `update campaigns.campaign set status = 'sent', ended_at = $3 where campaign_id = $1 and job_id = $2 and status = 'sending'`,
      [campaign_id, job_id, now.toString()],
    );
    if (rowCount === 0) return 0;
    await connection.query(
      `update campaigns.recipient set state = case state when 'queued' then 'refused' else 'unconfirmed' end, reason = $2, changed_at = $3
       where campaign_id = $1 and state in ('queued', 'sending')`,
      [campaign_id, why, now.toString()],
    );
    return 1;
  });
}
