import { assert, isRefusal, type Refusal, refuse } from '@purser/core';
import { type Connection, newId, toPostgresJson } from '@purser/database';
import type { Caller, Workspace } from '@purser/identity';
import type { Enqueued } from '@purser/jobs';
import type { Policy } from '@purser/policy';

import type { CampaignId, Message, Overflow, RecipientId } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { enqueueSend } from './enqueue-send.ts';
import { divide, type Division, headroomOf } from './headroom.ts';
import { insertCampaign } from './insert-campaign.ts';
import { type NamedRecipient, type SortedRecipients, sortRecipients } from './recipients.ts';

export interface CampaignRequest {
  readonly message: Message;
  readonly recipients: readonly NamedRecipient[];
  readonly overflow: Overflow;
  /** The caller's, as it is now. */
  readonly policy: Policy;
}

export interface BegunCampaign {
  readonly campaign_id: CampaignId;
  readonly job: Enqueued;
  /** To be sent now. */
  readonly accepted: number;
  /** No address, suppressed, or beyond what may be sent. */
  readonly refused: number;
  /** To be sent on a later day. */
  readonly deferred: number;
  readonly suppressed: number;
  readonly sorted: SortedRecipients;
}

interface Row {
  readonly recipient_id: RecipientId;
  readonly position: number;
  readonly email: string;
  readonly data: object;
  readonly state: 'queued' | 'refused' | 'suppressed';
  readonly reason: string | null;
}

/** An address that is none is shown as far as a column takes it. */
const EMAIL_CHARS_MAX = 254;

/**
 * Writes a campaign with its recipients down and puts its job in, in the caller's transaction; whoever commits it announces the job.
 * Refuses where not one recipient can be written to: with the code of what is used up, or because none is valid.
 */
export async function beginCampaign(
  deps: CampaignsDeps,
  connection: Connection,
  caller: Caller & { readonly workspace: Workspace },
  { message, recipients, overflow, policy }: CampaignRequest,
): Promise<BegunCampaign | Refusal> {
  const { workspace } = caller;
  const sorted = sortRecipients(recipients);
  const suppressed = await suppressedAmong(connection, workspace, sorted);
  const wanted = sorted.valid.length - suppressed.size;
  if (wanted === 0) return refuse('invalid_request', noneWords(sorted, suppressed.size));
  const division = divide(wanted, await headroomOf(deps, connection, caller, policy), overflow);
  if (isRefusal(division)) return division;
  const rows = rowsOf(sorted, suppressed, division);
  const campaign_id = await insertCampaign(deps, connection, caller, {
    ...message,
    name: null,
    overflow,
    status: 'sending',
    due_at: division.from,
  });
  await insertRecipients(deps, connection, workspace, campaign_id, rows);
  const job = await enqueueSend(deps, connection, {
    workspace: workspace.id,
    campaign_id,
    lane: policy.priority,
    total: rows.length,
    ...(division.from && { run_at: division.from }),
  });
  if (isRefusal(job)) return job;
  const { accepted, deferred } = division;
  return {
    campaign_id,
    job,
    accepted,
    deferred,
    refused: rows.length - accepted - deferred,
    suppressed: suppressed.size,
    sorted,
  };
}

function noneWords({ valid, invalid }: SortedRecipients, suppressed: number): string {
  if (valid.length === 0) return `recipients: got ${invalid.length} that are no e-mail address; want at least one that is`;
  return `recipients: all ${suppressed} have unsubscribed, bounced or complained; want at least one that may be written to`;
}

async function suppressedAmong(connection: Connection, workspace: Workspace, { valid }: SortedRecipients): Promise<Set<string>> {
  const { rows } = await connection.query<{ email: string }>(
    'select email from campaigns.suppression where workspace_id = $1 and email = any ($2)',
    [workspace.id, valid.map(({ email }) => email)],
  );
  return new Set(rows.map(({ email }) => email));
}

function rowsOf(
  { valid, invalid }: SortedRecipients,
  suppressed: ReadonlySet<string>,
  { accepted, deferred, refusal }: Division,
): readonly Row[] {
  let left = accepted + deferred;
  const rows = valid.map(({ email, data }, position): Row => {
    const base = { recipient_id: newId<'recipient'>(), position, email, data };
    if (suppressed.has(email)) return { ...base, state: 'suppressed', reason: 'suppressed' };
    if (left === 0) return { ...base, state: 'refused', reason: refusal.code };
    left--;
    return { ...base, state: 'queued', reason: null };
  });
  const none = new Map(invalid.map(({ email }) => [email.slice(0, EMAIL_CHARS_MAX).padEnd(3, '?'), email]));
  let position = rows.length;
  for (const email of none.keys())
    rows.push({
      recipient_id: newId<'recipient'>(),
      position: position++,
      email,
      data: {},
      state: 'refused',
      reason: 'no address',
    });
  assert(left === 0, 'no more is accepted than is wanted');
  return rows;
}

async function insertRecipients(
  { clock }: CampaignsDeps,
  connection: Connection,
  workspace: Workspace,
  campaign_id: CampaignId,
  rows: readonly Row[],
): Promise<void> {
  await connection.query(
    `insert into campaigns.recipient (workspace_id, campaign_id, recipient_id, position, email, data, state, reason, due_at, changed_at)
     select $1, $2, r.recipient_id, r.position, r.email, r.data, r.state, r.reason, $3, $3
     from jsonb_to_recordset($4::jsonb)
       as r (recipient_id uuid, position integer, email text, data jsonb, state text, reason text)
     on conflict (campaign_id, email) do nothing`,
    [workspace.id, campaign_id, clock.now().toString(), toPostgresJson(rows)],
  );
}
