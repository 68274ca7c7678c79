import { Fault, isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { type EmailInput, type EmailResult, SLICE_MAX, type Spent } from '@purser/gate';
import type { Caller } from '@purser/identity';
import { JobFailure, type JobId, type Lane, type RunningJob } from '@purser/jobs';

import { type Campaign, COUNT_COLUMNS, countOf, readCampaign, type RecipientCounts } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { enqueueSend } from './enqueue-send.ts';
import { leaveInDoubt } from './leave-in-doubt.ts';
import { refuseWaiting } from './refuse-waiting.ts';
import { noteCost, sendLedger } from './send-ledger.ts';

/** Refusals that pass: the job is made again. Others end what is left of the campaign. */
const PASSING = new Set(['concurrency_exceeded', 'overloaded', 'rate_limited', 'min_gap', 'provider_failed', 'provider_timeout']);
/** What is used up has its time when there is more. */
const USED_UP = new Set(['quota_exceeded', 'pool_paused']);
/** How long is waited when a carrier takes no more for today. */
const CARRIER_FULL = { minutes: 15 };

/** A campaign in the hands of the job that sends it. */
interface InHand {
  readonly campaign: Campaign;
  readonly job_id: JobId;
}

/**
 * Sends what is due of a campaign, slice by slice: each is held for, handed over and settled. Run again after a kill it goes on where the
 * last one came to: whoever was in its hands is `unconfirmed`, and is not written to again. It ends early when the campaign is paused,
 * cancelled, or scheduled anew, which another job sends.
 */
export async function sendCampaign(
  deps: CampaignsDeps,
  { id: job_id, workspace: workspace_id, payload, signal, progress }: RunningJob<{ readonly campaign_id: string }>,
): Promise<{ counts: RecipientCounts }> {
  const { pool } = deps;
  const campaign = await takeCampaign(pool, workspace_id, payload.campaign_id, job_id);
  const workspace = await deps.identity.workspace(workspace_id);
  if (campaign === undefined || workspace === undefined)
    throw new JobFailure('not_found', 'the campaign, or its workspace, is gone');
  const caller: Caller = {
    kind: 'workspace_key',
    workspace,
    actor: campaign.actor,
    roles: ['member'],
    ...(campaign.end_user !== null && { user: campaign.end_user }),
  };
  const hand = { campaign, job_id };
  if (campaign.job_id === job_id) await leaveInDoubt(deps, campaign);
  for (;;) {
    const { ours, due, counts } = await standingOf(deps, hand);
    const total = countOf(counts);
    progress(total - counts.queued, total);
    if (!ours) return { counts };
    if (due === 0) break;
    signal.throwIfAborted();
    const spent = await sendSlice(deps, hand, caller, due, signal);
    if (isRefusal(spent)) await endOrWait(deps, hand, spent);
    else await settleDispatch(deps, hand, spent);
  }
  return finish(deps, hand, deps.policyOf(workspace, deps.clock.now()).priority);
}

/** One that waited for its time is being sent from now on. */
async function takeCampaign(
  pool: Pool,
  workspace: WorkspaceId,
  campaign_id: string,
  job_id: JobId,
): Promise<Campaign | undefined> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    await connection.query(
      `update campaigns.campaign set status = 'sending' where campaign_id = $1 and job_id = $2 and status = 'scheduled'`,
      [campaign_id, job_id],
    );
    return readCampaign(connection, campaign_id);
  });
}

interface Standing {
  /** It is being sent, by this job. */
  readonly ours: boolean;
  /** How many can be sent now, at most a slice. */
  readonly due: number;
  readonly counts: RecipientCounts;
}

async function standingOf({ pool, clock }: CampaignsDeps, { campaign, job_id }: InHand): Promise<Standing> {
  return workspaceTransaction(pool, campaign.workspace_id, async (connection) => {
    const { rows } = await connection.query<RecipientCounts & { readonly ours: boolean; readonly due: number }>(
      `select ${COUNT_COLUMNS}, c.status = 'sending' and c.job_id = $2 as ours,
         case when c.due_at > $3 then 0 else (select count(*)::integer from (
           select from campaigns.recipient r where r.campaign_id = c.campaign_id and r.state = 'queued' and r.due_at <= $3 limit $4) d) end as due
       from campaigns.campaign c join campaigns.recipient_count n using (campaign_id) where c.campaign_id = $1`,
      [campaign.campaign_id, job_id, clock.now().toString(), SLICE_MAX],
    );
    const [row] = rows;
    if (row === undefined) throw new JobFailure('not_found', 'the campaign is gone');
    const { ours, due, ...counts } = row;
    return { ours, due, counts };
  });
}

function sendSlice(
  { gate, pool, clock, site, campaign_sender }: CampaignsDeps,
  { campaign, job_id }: InHand,
  caller: Caller,
  messages: number,
  signal: AbortSignal,
): Promise<Spent<EmailResult> | Refusal> {
  const ledger = sendLedger({ pool, clock, origin: site.origin, campaign_sender, job_id }, campaign);
  const input: EmailInput = { messages, ledger };
  return gate.spend<EmailResult>(caller, 'email', { operation: 'send', input }, signal);
}

/** What the slice came to is known; where a carrier began nothing, it takes no more for now. */
async function settleDispatch(deps: CampaignsDeps, hand: InHand, spent: Spent<EmailResult>): Promise<void> {
  const { accepted, refused, deferred, unconfirmed } = spent.result;
  await noteCost(deps.pool, hand.campaign.workspace_id, spent);
  if (accepted + refused + deferred + unconfirmed > 0) return;
  await postpone(deps, hand, deps.clock.now().add(CARRIER_FULL));
}

/** A refusal that passes ends the attempt; one of a quota waits for more where that was asked for; any other ends what is left. */
async function endOrWait(deps: CampaignsDeps, hand: InHand, refusal: Refusal): Promise<void> {
  if (PASSING.has(refusal.code)) throw new Fault(refusal.detail, { retryable: true });
  const { retryAfterSeconds: seconds } = refusal;
  if (hand.campaign.overflow === 'next_day' && USED_UP.has(refusal.code) && seconds !== undefined) {
    await postpone(deps, hand, deps.clock.now().add({ seconds }));
    return;
  }
  await refuseWaiting(deps, hand.campaign, refusal.code);
}

/** Nobody of the campaign is written to before `until`. */
async function postpone({ pool }: CampaignsDeps, { campaign, job_id }: InHand, until: Temporal.Instant): Promise<void> {
  await workspaceTransaction(pool, campaign.workspace_id, (connection) =>
    connection.query(`update campaigns.campaign set due_at = $3 where campaign_id = $1 and job_id = $2 and status = 'sending'`, [
      campaign.campaign_id,
      job_id,
      until.toString(),
    ]),
  );
}

/** The end of a campaign, or of what was due of it: then a job for the rest is put in, in the same transaction. */
async function finish(
  deps: CampaignsDeps,
  { campaign: { workspace_id, campaign_id }, job_id }: InHand,
  lane: Lane,
): Promise<{ counts: RecipientCounts }> {
  const { counts, refused } = await workspaceTransaction(deps.pool, workspace_id, async (connection) => {
    const locked = await readCampaign(connection, campaign_id, true);
    const { rows } = await connection.query<RecipientCounts & { readonly next: Temporal.Instant | null }>(
      `select ${COUNT_COLUMNS}, (select min(r.due_at) from campaigns.recipient r where r.campaign_id = $1 and r.state = 'queued') as next
       from campaigns.recipient_count n where n.campaign_id = $1`,
      [campaign_id],
    );
    const [row] = rows;
    if (locked === undefined || row === undefined) throw new JobFailure('not_found', 'the campaign is gone');
    const { next, ...left } = row;
    // Somebody else decides what becomes of it.
    if (locked.status !== 'sending' || locked.job_id !== job_id) return { counts: left };
    if (next === null) {
      await connection.query(
        `update campaigns.campaign set status = 'sent', due_at = null, ended_at = $2 where campaign_id = $1`,
        [campaign_id, deps.clock.now().toString()],
      );
      return { counts: left };
    }
    const run_at = locked.due_at !== null && Temporal.Instant.compare(locked.due_at, next) > 0 ? locked.due_at : next;
    const job = await enqueueSend(deps, connection, { workspace: workspace_id, campaign_id, lane, total: countOf(left), run_at });
    return { counts: left, ...(isRefusal(job) && { refused: job }) };
  });
  if (refused) throw new Fault(refused.detail, { retryable: true });
  return { counts };
}
