import { type Connection, type Pool, toPostgresJson, workspaceTransaction } from '@purser/database';
import type { Clock } from '@purser/core';
import type { Dispatch, Handover, OutgoingEmail, SendLedger, SendResult } from '@purser/mail';

import { OFFLINE } from '@purser/routing';

import type { Campaign, RecipientId, RecipientState } from './campaign.ts';
import { mergeHtml, mergeText, type MergeData } from './merge-fields.ts';
import { countSender, refusedSender } from './reputation/sender-standing.ts';
import { unsubscribeToken } from './unsubscribe-token.ts';

export interface LedgerParts {
  readonly pool: Pool;
  readonly clock: Clock;
  /** Where unsubscribe links lead. */
  readonly origin: string;
  readonly campaign_sender: string;
}

interface Begun {
  readonly recipient_id: RecipientId;
  readonly email: string;
  readonly data: MergeData;
}

/** A message that no carrier took so often is refused. */
const DEFERRALS_MAX = 6;
const DEFERRED_MINUTES = [1, 5, 15, 60, 240];

/** Whom a campaign is written to, as the gate's e-mail task takes it. */
export function sendLedger(parts: LedgerParts, campaign: Campaign): SendLedger {
  const { pool, clock } = parts;
  return {
    begin: async (count, dispatch) => {
      const begun = await workspaceTransaction(pool, campaign.workspace_id, async (connection) => {
        // A sender that is stopped meanwhile writes to nobody more; its campaign is looked at again later.
        if ((await refusedSender(connection, campaign.workspace_id, clock.now())) !== undefined) return [];
        await noteDispatch(connection, campaign, dispatch, clock.now());
        return begin(connection, campaign, dispatch, count, clock.now());
      });
      return begun.map((one) => outgoing(parts, campaign, one));
    },
    note: (results, dispatch) =>
      workspaceTransaction(pool, campaign.workspace_id, async (connection) => {
        const sent = await note(connection, results, dispatch, clock.now());
        // Nothing of a mailbox of ours bounces.
        if (dispatch.provider !== OFFLINE) await countSender(connection, campaign.workspace_id, clock.now(), { sent });
      }),
  };
}

async function noteDispatch(
  connection: Connection,
  { workspace_id, campaign_id }: Campaign,
  { transaction, provider, cost_each }: Dispatch,
  now: Temporal.Instant,
): Promise<void> {
  await connection.query(
    `insert into campaigns.dispatch (workspace_id, transaction_id, campaign_id, provider, cost_each, cost_unit, began_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [workspace_id, transaction, campaign_id, provider, cost_each.nanos, cost_each.currency, now.toString()],
  );
}

/** Takes recipients that are due until some may be written to, or none is left: whoever was suppressed meanwhile is passed over. */
async function begin(
  connection: Connection,
  { campaign_id }: Campaign,
  { transaction, provider }: Dispatch,
  count: number,
  now: Temporal.Instant,
): Promise<readonly Begun[]> {
  for (;;) {
    const { rows } = await connection.query<Begun & { state: RecipientState }>(
      `with picked as (
         select recipient_id, workspace_id, email from campaigns.recipient
         where campaign_id = $1 and state = 'queued' and (due_at is null or due_at <= $5) order by position limit $4 for update
       ), judged as (
         select p.recipient_id, exists (select from campaigns.suppression s where s.workspace_id = p.workspace_id and s.email = p.email) as suppressed
         from picked p
       )
       update campaigns.recipient r set
         state = case when j.suppressed then 'suppressed' else 'sending' end,
         reason = case when j.suppressed then 'suppressed' end,
         transaction_id = case when j.suppressed then null else $2::uuid end,
         provider = case when j.suppressed then null else $3 end,
         changed_at = $5
       from judged j where r.recipient_id = j.recipient_id and r.state = 'queued'
       returning r.recipient_id, r.email, r.data, r.state`,
      [campaign_id, transaction, provider, count, now.toString()],
    );
    const begun = rows.filter(({ state }) => state === 'sending');
    if (begun.length > 0 || rows.length === 0) return begun;
  }
}

function outgoing(
  { origin, campaign_sender }: LedgerParts,
  campaign: Campaign,
  { recipient_id, email, data }: Begun,
): OutgoingEmail {
  const { subject, html, plain_text, sender, link_key, workspace_id } = campaign;
  const unsubscribe_url = `${origin}/u/${unsubscribeToken(recipient_id, link_key)}`;
  const known = { ...data, email, unsubscribe_url };
  return {
    id: recipient_id,
    workspace: workspace_id,
    from: sender ?? campaign_sender,
    to: email,
    subject: mergeText(subject, known, true),
    ...(html !== null && { html: mergeHtml(html, known) }),
    text: mergeText(plain_text, known),
    unsubscribe_url,
  };
}

/** Returns how many the carrier has taken, of those of whom it had not told so itself. */
async function note(
  connection: Connection,
  results: readonly SendResult[],
  { transaction, provider }: Dispatch,
  now: Temporal.Instant,
): Promise<number> {
  const notes = toPostgresJson(results.map(({ email, handover }) => ({ recipient_id: email.id, ...noted(handover, provider) })));
  // The carrier's own word may have come first: then the message was taken, whatever became of its answer.
  await connection.query(
    `update campaigns.recipient r set found_at = $2
     from jsonb_to_recordset($3::jsonb) as n (recipient_id uuid, message_id text)
     where r.recipient_id = n.recipient_id and r.transaction_id = $1 and r.message_id is not null
       and r.found_at is null and n.message_id is null`,
    [transaction, now.toString(), notes],
  );
  const { rows } = await connection.query<{ taken: boolean }>(
    `update campaigns.recipient r set
       state = case when n.state = 'queued' and r.deferrals + 1 >= $3 then 'refused' else n.state end,
       reason = n.reason, message_id = n.message_id, changed_at = $2,
       deferrals = r.deferrals + (n.state = 'queued')::integer,
       due_at = case when n.state = 'queued'
         then $2::timestamptz + make_interval(mins => ($4::integer[])[least(r.deferrals + 1, cardinality($4::integer[]))]) else r.due_at end
     from jsonb_to_recordset($5::jsonb) as n (recipient_id uuid, state text, reason text, message_id text)
     where r.recipient_id = n.recipient_id and r.transaction_id = $1 and r.state in ('sending', 'unconfirmed')
     returning n.message_id is not null as taken`,
    [transaction, now.toString(), DEFERRALS_MAX, DEFERRED_MINUTES, notes],
  );
  return rows.filter(({ taken }) => taken).length;
}

interface Noted {
  readonly state: RecipientState;
  readonly reason: string | null;
  readonly message_id: string | null;
}

function noted(handover: Handover, provider: string): Noted {
  switch (handover.kind) {
    case 'accepted':
      // What lies in a mailbox of ours has arrived.
      return { state: provider === OFFLINE ? 'delivered' : 'accepted', reason: null, message_id: handover.message_id };
    case 'deferred':
      return { state: 'queued', reason: handover.reason, message_id: null };
    case 'refused':
    case 'unconfirmed':
      return { state: handover.kind, reason: handover.reason, message_id: null };
    default:
      return handover satisfies never;
  }
}
