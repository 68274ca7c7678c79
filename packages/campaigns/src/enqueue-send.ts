import { assert, isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Enqueued, Lane } from '@purser/jobs';

import type { CampaignId } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';

/** How many campaigns of a workspace are sent at once; each is sent by one worker at a time. */
const RUNNING_MAX = 4;

export interface SendOrder {
  readonly workspace: WorkspaceId;
  readonly campaign_id: CampaignId;
  readonly lane: Lane;
  readonly total: number;
  /** Not before; absent: now. */
  readonly run_at?: Temporal.Instant;
}

/** Puts the job in that sends what is due of a campaign by then, and writes it down with the campaign: one put in before sends no more. */
export async function enqueueSend(
  { jobs }: Pick<CampaignsDeps, 'jobs'>,
  inside: Connection,
  { workspace, campaign_id, lane, total, run_at }: SendOrder,
): Promise<Enqueued | Refusal> {
  const made = await jobs.enqueue(
    workspace,
    [
      {
        kind: 'campaign_send',
        payload: { campaign_id },
        lane,
        progress_total: total,
        ...(run_at && { run_at }),
      },
    ],
    { running_max: RUNNING_MAX, inside },
  );
  if (isRefusal(made)) return made;
  const [job] = made;
  assert(job !== undefined, 'a job that is put in has an id');
  await inside.query('update campaigns.campaign set job_id = $2 where campaign_id = $1', [campaign_id, job.id]);
  return job;
}
