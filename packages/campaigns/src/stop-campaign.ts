import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Connection, workspaceTransaction } from '@purser/database';
import { cancelWithin, type Enqueued, isEnded, readJob } from '@purser/jobs';
import type { Policy } from '@purser/policy';

import { type Campaign, type CampaignId, countOf, readCounts } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { enqueueSend } from './enqueue-send.ts';
import { leaveInDoubt } from './leave-in-doubt.ts';
import { lockCampaign } from './lock-campaign.ts';
import { refuseSome } from './refuse-waiting.ts';

/** Why whoever still waited for a campaign that was cancelled got nothing. */
const CANCELLED = 'cancelled';
/** At a time, the oldest first. */
const CAMPAIGNS_MAX = 100;

type Stopping = Pick<CampaignsDeps, 'pool' | 'clock'>;

/** From the next ten messages on nobody is written to; the job sees it and ends. */
export async function pauseCampaign({ pool, clock }: Stopping, workspace: WorkspaceId, id: string): Promise<Campaign | Refusal> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const campaign = await lockCampaign(connection, id, 'pause');
    if (isRefusal(campaign)) return campaign;
    await endWaitingJob(connection, clock, campaign);
    await connection.query(`update campaigns.campaign set status = 'paused' where campaign_id = $1`, [campaign.campaign_id]);
    return campaign;
  });
}

/** Puts a job in for those who wait, in the caller's transaction; whoever commits it announces the job. */
export async function resumeCampaign(
  deps: CampaignsDeps,
  connection: Connection,
  { id, policy }: { readonly id: string; readonly policy: Policy },
): Promise<{ readonly campaign: Campaign; readonly job: Enqueued } | Refusal> {
  const campaign = await lockCampaign(connection, id, 'resume');
  if (isRefusal(campaign)) return campaign;
  const { campaign_id, workspace_id } = campaign;
  await connection.query(`update campaigns.campaign set status = 'sending', due_at = null where campaign_id = $1`, [campaign_id]);
  const total = countOf(await readCounts(connection, campaign));
  const job = await enqueueSend(deps, connection, { workspace: workspace_id, campaign_id, lane: policy.priority, total });
  return isRefusal(job) ? job : { campaign, job };
}

/** Nobody more is written to; those who wait are refused, the first thousands at once, more of them by `refuseCancelled`. */
export async function cancelCampaign({ pool, clock }: Stopping, workspace: WorkspaceId, id: string): Promise<Campaign | Refusal> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const campaign = await lockCampaign(connection, id, 'cancel');
    if (isRefusal(campaign)) return campaign;
    const now = clock.now();
    await endWaitingJob(connection, clock, campaign);
    await connection.query(
      `update campaigns.campaign set status = 'cancelled', due_at = null, ended_at = $2, refusing = $3 where campaign_id = $1`,
      [campaign.campaign_id, now.toString(), CANCELLED],
    );
    await refuseSome(connection, campaign, { reason: CANCELLED, now });
    await endRefusing(connection, campaign);
    return campaign;
  });
}

/** A job that waits for its time is not needed any more. One that runs may have messages in hand, and notes what becomes of them. */
async function endWaitingJob(
  connection: Connection,
  clock: CampaignsDeps['clock'],
  { status, due_at, job_id, workspace_id }: Campaign,
): Promise<void> {
  if (job_id !== null && (status === 'scheduled' || due_at !== null)) await cancelWithin(connection, clock, workspace_id, job_id);
}

async function endRefusing(connection: Connection, { campaign_id }: Pick<Campaign, 'campaign_id'>): Promise<void> {
  await connection.query(
    `update campaigns.campaign c set refusing = null from campaigns.recipient_count n
     where c.campaign_id = $1 and n.campaign_id = $1 and n.queued = 0 and n.sending = 0`,
    [campaign_id],
  );
}

interface Cancelled {
  readonly workspace_id: WorkspaceId;
  readonly campaign_id: CampaignId;
  readonly refusing: string;
  readonly job_id: string | null;
}

/** Refuses whoever is left of campaigns that were cancelled: more than one statement takes, or in hand when it was. */
export async function refuseCancelled(deps: Stopping): Promise<number> {
  const { rows } = await deps.pool.query<Cancelled>(
    `select workspace_id, campaign_id, refusing, job_id from campaigns.campaign where refusing is not null order by campaign_id limit $1`,
    [CAMPAIGNS_MAX],
  );
  for (const campaign of rows) await refuseRest(deps, campaign);
  return rows.length;
}

async function refuseRest(deps: Stopping, campaign: Cancelled): Promise<void> {
  const { workspace_id, job_id } = campaign;
  const job = job_id === null ? undefined : await readJob(deps.pool, workspace_id, job_id);
  // Its worker is gone, and nobody notes any more what became of those in its hands.
  if (job === undefined || isRefusal(job) || isEnded(job)) await leaveInDoubt(deps, campaign);
  let refused: number;
  do {
    refused = await workspaceTransaction(deps.pool, workspace_id, async (connection) => {
      const some = await refuseSome(connection, campaign, { reason: campaign.refusing, now: deps.clock.now() });
      if (some === 0) await endRefusing(connection, campaign);
      return some;
    });
  } while (refused > 0);
}
