import { isRefusal, type Refusal, refuse } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Caller, Workspace } from '@purser/identity';
import { cancelWithin, type Enqueued } from '@purser/jobs';
import type { Policy } from '@purser/policy';

import { type Campaign, countOf, readCounts, type RecipientCounts } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { enqueueSend } from './enqueue-send.ts';
import { divide, headroomOf } from './headroom.ts';
import { lockCampaign } from './lock-campaign.ts';
import { readInstant } from './local-instant.ts';

/** Nobody knows today what a plan and its prices will be much later. */
const AHEAD = { hours: 24 * 366 };

export interface ScheduledCampaign {
  readonly campaign: Campaign;
  readonly job: Enqueued;
  readonly at: Temporal.Instant | undefined;
  /** To be sent now, or at its time as far as quotas go then. */
  readonly accepted: number;
  readonly deferred: number;
  readonly refused: number;
}

type InWorkspace = Caller & { readonly workspace: Workspace };

/**
 * Puts the job in that sends a draft, at its time or now, in the caller's transaction; whoever commits it announces the job. What is sent
 * counts on the quotas of who schedules it. A campaign that was scheduled gets its new time.
 */
export async function scheduleCampaign(
  deps: CampaignsDeps,
  connection: Connection,
  caller: InWorkspace,
  { id, at, policy }: { readonly id: string; readonly at: string | undefined; readonly policy: Policy },
): Promise<ScheduledCampaign | Refusal> {
  const run_at = at === undefined ? undefined : timeOf(deps, caller.workspace, at);
  if (isRefusal(run_at)) return run_at;
  const campaign = await lockCampaign(connection, id, 'schedule');
  if (isRefusal(campaign)) return campaign;
  const counts = await readCounts(connection, campaign);
  const missing = missingOf(campaign, counts);
  if (missing !== undefined) return missing;
  const now = { accepted: counts.queued, deferred: 0, refused: 0, from: undefined };
  const division =
    run_at === undefined ? divide(counts.queued, await headroomOf(deps, connection, caller, policy), campaign.overflow) : now;
  if (isRefusal(division)) return division;
  if (campaign.job_id !== null) await cancelWithin(connection, deps.clock, caller.workspace.id, campaign.job_id);
  const due = run_at ?? division.from;
  await connection.query(
    `update campaigns.campaign set status = $2, scheduled_at = $3, due_at = $4, actor = $5, end_user = $6 where campaign_id = $1`,
    [
      campaign.campaign_id,
      run_at === undefined ? 'sending' : 'scheduled',
      run_at?.toString() ?? null,
      division.from?.toString() ?? null,
      caller.actor,
      caller.user ?? null,
    ],
  );
  const job = await enqueueSend(deps, connection, {
    workspace: caller.workspace.id,
    campaign_id: campaign.campaign_id,
    lane: policy.priority,
    total: countOf(counts),
    ...(due && { run_at: due }),
  });
  if (isRefusal(job)) return job;
  const { accepted, deferred, refused } = division;
  return { campaign, job, at: run_at, accepted, deferred, refused };
}

function timeOf({ clock }: CampaignsDeps, { timezone }: Workspace, at: string): Temporal.Instant | Refusal {
  const instant = readInstant('at', at, timezone);
  if (isRefusal(instant)) return instant;
  const now = clock.now();
  if (Temporal.Instant.compare(instant, now) <= 0)
    return refuse(
      'invalid_request',
      `"at": ${instant.toString()} is past, it is ${now.toString()}; want a later time, or none for now`,
    );
  const last = now.add(AHEAD);
  if (Temporal.Instant.compare(instant, last) > 0)
    return refuse('invalid_request', `"at": got ${instant.toString()}, want a time within a year, until ${last.toString()}`);
  return instant;
}

/** Undefined: nothing is missing. */
function missingOf({ html, written_text }: Campaign, { queued }: RecipientCounts): Refusal | undefined {
  if (html === null && written_text === null)
    return refuse('invalid_request', 'the campaign has neither html nor text; want one of them before it is sent');
  if (queued === 0) return refuse('invalid_request', 'the campaign has no recipients; want at least one before it is sent');
  return undefined;
}
