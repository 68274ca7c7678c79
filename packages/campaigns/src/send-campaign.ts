import { Fault, isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { type EmailInput, type EmailResult, SLICE_MAX, type Spent } from '@purser/gate';
import type { Caller } from '@purser/identity';
import { JobFailure, type RunningJob } from '@purser/jobs';

import { type Campaign, CAMPAIGN_COLUMNS, type RecipientState } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { enqueueSend } from './enqueue-send.ts';
import { sendLedger } from './send-ledger.ts';

/** Refusals that pass: the job is made again. Others end what is left of the campaign. */
const PASSING = new Set(['concurrency_exceeded', 'overloaded', 'rate_limited', 'min_gap', 'provider_failed', 'provider_timeout']);
/** What is used up has its time when there is more. */
const USED_UP = new Set(['quota_exceeded', 'pool_paused']);
/** How long is waited when a carrier takes no more for today. */
const CARRIER_FULL = { minutes: 15 };

type Counts = Partial<Record<RecipientState, number>>;

/**
 * Sends what is due of a campaign, slice by slice: each is held for, handed over and settled. Run again after a kill it goes on where the
 * last one came to: whoever was in its hands is `unconfirmed`, and is not written to again.
 */
export async function sendCampaign(
  deps: CampaignsDeps,
  { workspace: workspace_id, payload, signal, progress }: RunningJob<{ readonly campaign_id: string }>,
): Promise<{ counts: Counts }> {
  const { pool } = deps;
  const campaign = await readCampaign(pool, workspace_id, payload.campaign_id);
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
  await leaveInDoubt(deps, campaign);
  for (;;) {
    const { due, counts, total } = await standingOf(deps, campaign);
    progress(total - (counts.queued ?? 0), total);
    if (due === 0) break;
    signal.throwIfAborted();
    const spent = await sendSlice(deps, campaign, caller, Math.min(due, SLICE_MAX), signal);
    if (isRefusal(spent)) await endOrWait(deps, campaign, spent);
    else await settleDispatch(deps, campaign, spent);
  }
  return finish(deps, campaign, deps.policyOf(workspace, deps.clock.now()).priority);
}

async function readCampaign(pool: Pool, workspace: WorkspaceId, campaign_id: string): Promise<Campaign | undefined> {
  return workspaceTransaction(pool, workspace, async (connection) => {
    const { rows } = await connection.query<Campaign>(
      `select ${CAMPAIGN_COLUMNS} from campaigns.campaign where campaign_id = $1`,
      [campaign_id],
    );
    return rows[0];
  });
}

/** Nobody knows how far a worker came that has them in hand no longer. */
async function leaveInDoubt({ pool, clock }: CampaignsDeps, { workspace_id, campaign_id }: Campaign): Promise<void> {
  await workspaceTransaction(pool, workspace_id, (connection) =>
    connection.query(
      `update campaigns.recipient set state = 'unconfirmed', reason = 'the worker that sent it has ended', changed_at = $2
       where campaign_id = $1 and state = 'sending'`,
      [campaign_id, clock.now().toString()],
    ),
  );
}

interface Standing {
  readonly due: number;
  readonly total: number;
  readonly counts: Counts;
}

async function standingOf({ pool, clock }: CampaignsDeps, { workspace_id, campaign_id }: Campaign): Promise<Standing> {
  return workspaceTransaction(pool, workspace_id, async (connection) => {
    const { rows } = await connection.query<{ state: RecipientState; count: number; due: number }>(
      `select state, count(*)::integer as count, count(*) filter (where state = 'queued' and (due_at is null or due_at <= $2))::integer as due
       from campaigns.recipient where campaign_id = $1 group by state`,
      [campaign_id, clock.now().toString()],
    );
    return {
      due: rows.reduce((sum, row) => sum + row.due, 0),
      total: rows.reduce((sum, row) => sum + row.count, 0),
      counts: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    };
  });
}

function sendSlice(
  { gate, pool, clock, site, campaign_sender }: CampaignsDeps,
  campaign: Campaign,
  caller: Caller,
  messages: number,
  signal: AbortSignal,
): Promise<Spent<EmailResult> | Refusal> {
  const ledger = sendLedger({ pool, clock, origin: site.origin, campaign_sender }, campaign);
  const input: EmailInput = { messages, ledger };
  return gate.spend<EmailResult>(caller, 'email', { operation: 'send', input }, signal);
}

/** What the slice came to is known; where a carrier began nothing, it takes no more for now. */
async function settleDispatch(deps: CampaignsDeps, campaign: Campaign, spent: Spent<EmailResult>): Promise<void> {
  const { accepted, refused, deferred, unconfirmed } = spent.result;
  await workspaceTransaction(deps.pool, campaign.workspace_id, (connection) =>
    connection.query('update campaigns.dispatch set cost = $2 where transaction_id = $1', [
      spent.transaction_id,
      spent.cost.nanos,
    ]),
  );
  if (accepted + refused + deferred + unconfirmed > 0) return;
  await postpone(deps, campaign, deps.clock.now().add(CARRIER_FULL));
}

/** A refusal that passes ends the attempt; one of a quota waits for more where that was asked for; any other ends what is left. */
async function endOrWait(deps: CampaignsDeps, campaign: Campaign, refusal: Refusal): Promise<void> {
  if (PASSING.has(refusal.code)) throw new Fault(refusal.detail, { retryable: true });
  const { retryAfterSeconds: seconds } = refusal;
  if (campaign.overflow === 'next_day' && USED_UP.has(refusal.code) && seconds !== undefined) {
    await postpone(deps, campaign, deps.clock.now().add({ seconds }));
    return;
  }
  await workspaceTransaction(deps.pool, campaign.workspace_id, (connection) =>
    connection.query(
      `update campaigns.recipient set state = 'refused', reason = $2, changed_at = $3
       where campaign_id = $1 and state = 'queued' and (due_at is null or due_at <= $3)`,
      [campaign.campaign_id, refusal.code, deps.clock.now().toString()],
    ),
  );
}

async function postpone(
  { pool, clock }: CampaignsDeps,
  { workspace_id, campaign_id }: Campaign,
  until: Temporal.Instant,
): Promise<void> {
  await workspaceTransaction(pool, workspace_id, (connection) =>
    connection.query(
      `update campaigns.recipient set due_at = $2 where campaign_id = $1 and state = 'queued' and (due_at is null or due_at <= $3)`,
      [campaign_id, until.toString(), clock.now().toString()],
    ),
  );
}

/** The end of a campaign, or of what was due of it: then a job for the rest is put in, in the same transaction. */
async function finish(
  deps: CampaignsDeps,
  campaign: Campaign,
  lane: 'critical' | 'high' | 'standard' | 'low',
): Promise<{ counts: Counts }> {
  const { workspace_id, campaign_id } = campaign;
  const { counts, total } = await standingOf(deps, campaign);
  const enqueued = await workspaceTransaction(deps.pool, workspace_id, async (connection) => {
    const { rows } = await connection.query<{ next: Temporal.Instant | null }>(
      `select min(due_at) as next from campaigns.recipient where campaign_id = $1 and state = 'queued'`,
      [campaign_id],
    );
    const run_at = rows[0]?.next;
    if (run_at)
      return enqueueSend(deps, connection, {
        workspace: workspace_id,
        campaign_id,
        lane,
        total,
        run_at,
      });
    await connection.query(`update campaigns.campaign set status = 'sent', ended_at = $2 where campaign_id = $1`, [
      campaign_id,
      deps.clock.now().toString(),
    ]);
    return undefined;
  });
  if (enqueued !== undefined && isRefusal(enqueued)) throw new Fault(enqueued.detail, { retryable: true });
  return { counts };
}
