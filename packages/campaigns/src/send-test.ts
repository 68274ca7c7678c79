import { isRefusal, type Refusal, refuse } from '@purser/core';
import { newId, workspaceTransaction } from '@purser/database';
import type { EmailInput, EmailResult, Idempotency, Spent } from '@purser/gate';
import type { Caller, Workspace } from '@purser/identity';
import type { OutgoingEmail, SendLedger } from '@purser/mail';

import type { Campaign, RecipientId } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { lockCampaign } from './lock-campaign.ts';
import { fieldsIn, type MergeData } from './merge-fields.ts';
import { noteCost, noteDispatch, outgoing } from './send-ledger.ts';

export interface TestOrder {
  readonly id: string;
  /** Five at most, in lower case, each once. */
  readonly to: readonly string[];
  /** Absent: that of the first recipient. */
  readonly data: MergeData | undefined;
  readonly idempotency: Idempotency | undefined;
}

interface Sample {
  readonly campaign: Campaign;
  readonly data: MergeData;
}

/**
 * Sends the message of a draft at once, through the gate: it costs and counts as others do, on whoever asks for it, and its cost is
 * the campaign's; who gets it is no recipient of it. Its link to unsubscribe belongs to nobody.
 */
export async function sendTest(
  deps: CampaignsDeps,
  caller: Caller & { readonly workspace: Workspace },
  { id, to, data, idempotency }: TestOrder,
  signal: AbortSignal,
): Promise<Spent<EmailResult> | Refusal> {
  const sample = await sampleOf(deps, caller.workspace, { id, to, data });
  if (isRefusal(sample)) return sample;
  const messages = to.map((email) => testMessage(deps, sample, email));
  const input: EmailInput = { messages: to.length, ledger: testLedger(deps, sample.campaign, messages) };
  const request = { operation: 'send', input, ...(idempotency && { idempotency }) };
  const spent = await deps.gate.spend<EmailResult>(caller, 'email', request, signal);
  if (!isRefusal(spent)) await noteCost(deps.pool, caller.workspace.id, spent);
  return spent;
}

async function sampleOf(
  { pool }: CampaignsDeps,
  workspace: Workspace,
  { id, to, data }: Pick<TestOrder, 'id' | 'to' | 'data'>,
): Promise<Sample | Refusal> {
  return workspaceTransaction(pool, workspace.id, async (connection) => {
    const campaign = await lockCampaign(connection, id, 'test');
    if (isRefusal(campaign)) return campaign;
    if (campaign.html === null && campaign.written_text === null)
      return refuse('invalid_request', 'the campaign has neither html nor text; want one of them before it is tested');
    const { rows: suppressed } = await connection.query<{ email: string }>(
      'select email from campaigns.suppression where workspace_id = $1 and email = any ($2) order by email',
      [workspace.id, to],
    );
    if (suppressed.length > 0) {
      const named = suppressed.map(({ email }) => email).join(', ');
      return refuse('invalid_request', `"to": ${named} must not be written to: unsubscribed, bounced or complained; want others`);
    }
    if (data !== undefined) return { campaign, data };
    const { rows } = await connection.query<{ data: MergeData }>(
      `select data from campaigns.recipient where campaign_id = $1 and state = 'queued' order by due_at, position limit 1`,
      [id],
    );
    return { campaign, data: rows[0]?.data ?? namesOf(campaign) };
  });
}

/** Where nobody is a recipient yet each field shows its name. */
function namesOf({ subject, html, plain_text }: Campaign): MergeData {
  const names = [subject, html ?? '', plain_text].flatMap(fieldsIn);
  return Object.fromEntries(names.map((name) => [name, `[${name}]`]));
}

function testMessage({ site, campaign_sender }: CampaignsDeps, { campaign, data }: Sample, email: string): OutgoingEmail {
  const recipient = { recipient_id: newId<'recipient'>() as RecipientId, email, data };
  return outgoing({ origin: site.origin, campaign_sender }, campaign, recipient);
}

/** Each message once; what becomes of it is in the result of the call alone. */
function testLedger({ pool, clock }: CampaignsDeps, campaign: Campaign, messages: readonly OutgoingEmail[]): SendLedger {
  let begun = 0;
  return {
    begin: async (count, dispatch) => {
      await workspaceTransaction(pool, campaign.workspace_id, (connection) =>
        noteDispatch(connection, campaign, dispatch, clock.now()),
      );
      const next = messages.slice(begun, begun + count);
      begun += next.length;
      return next;
    },
    note: async () => {},
  };
}
