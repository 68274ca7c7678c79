import type { WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { endedAmong } from '@purser/jobs';

import type { CampaignId } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';

/** At a time. */
const CAMPAIGNS_MAX = 1_000;
/** A run looks at so many times as many; the next one goes on behind them. */
const PAGES_MAX = 10;

/** How far the last run of this process came, for each database: campaigns whose job still runs do not hide those behind them. */
const positions = new WeakMap<Pool, string>();

interface UnderWay {
  readonly workspace_id: WorkspaceId;
  readonly campaign_id: CampaignId;
  readonly job_id: string;
}

/**
 * Ends campaigns whose job was cancelled or failed for good: whoever waits is refused, so that what was promised to them is free for
 * others; whoever was in its hands is unconfirmed. A job that is put in once more finds nobody left. One that cannot be ended now does not
 * keep the others from it. @throws the first failure, when all that could be ended are.
 */
export async function endStopped({ pool, clock }: Pick<CampaignsDeps, 'pool' | 'clock'>): Promise<number> {
  const failures: unknown[] = [];
  let ended = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const campaigns = await nextUnderWay(pool);
    const byJob = new Map(campaigns.map((campaign) => [campaign.job_id, campaign]));
    for (const { job_id, status, error_code } of await endedAmong(pool, [...byJob.keys()])) {
      const campaign = byJob.get(job_id);
      if (campaign === undefined) continue;
      try {
        ended += await end(pool, campaign, status === null ? 'its job is gone' : (error_code ?? status), clock.now());
      } catch (error) {
        failures.push(error);
      }
    }
    if (campaigns.length < CAMPAIGNS_MAX) break;
  }
  if (failures.length > 0) throw failures[0];
  return ended;
}

/** The next by their ids; after the last the first once more. */
async function nextUnderWay(pool: Pool): Promise<readonly UnderWay[]> {
  const { rows } = await pool.query<UnderWay>(
    `select workspace_id, campaign_id, job_id from campaigns.campaign
     where status in ('scheduled', 'sending') and job_id is not null and ($2::uuid is null or campaign_id > $2) order by campaign_id limit $1`,
    [CAMPAIGNS_MAX, positions.get(pool) ?? null],
  );
  const last = rows.length < CAMPAIGNS_MAX ? undefined : rows.at(-1)?.campaign_id;
  if (last === undefined) positions.delete(pool);
  else positions.set(pool, last);
  return rows;
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
      `update campaigns.campaign set status = case status when 'scheduled' then 'cancelled' else 'sent' end, ended_at = $3
       where campaign_id = $1 and job_id = $2 and status in ('scheduled', 'sending')`,
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
