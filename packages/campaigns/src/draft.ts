import { isRefusal, type Refusal, refuse } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Caller, Workspace } from '@purser/identity';

import type { Campaign, CampaignId, Overflow } from './campaign.ts';
import type { CampaignsDeps } from './deps.ts';
import { insertCampaign } from './insert-campaign.ts';
import { lockCampaign } from './lock-campaign.ts';

/** What somebody writes of a campaign before it is sent. */
export interface Draft {
  readonly name: string | null;
  readonly subject: string;
  readonly html: string | null;
  readonly text: string | null;
  readonly from: string | null;
  readonly overflow: Overflow;
}

/** Of a workspace, drafts and campaigns that wait for their time. */
const DRAFTS_MAX = 500;

/** Writes a draft down. Refuses `limit_reached`. */
export async function createDraft(
  deps: Pick<CampaignsDeps, 'clock'>,
  connection: Connection,
  caller: Caller & { readonly workspace: Workspace },
  { text, from, ...draft }: Draft,
): Promise<CampaignId | Refusal> {
  const { rows } = await connection.query<{ count: number }>(
    `select count(*)::integer as count from (
       select from campaigns.campaign where workspace_id = $1 and status in ('draft', 'scheduled') limit $2) d`,
    [caller.workspace.id, DRAFTS_MAX],
  );
  const count = rows[0]?.count ?? 0;
  if (count >= DRAFTS_MAX)
    return refuse('limit_reached', `the workspace has ${count} drafts, which is the most; cancel or send some of them first`);
  return insertCampaign(deps, connection, caller, { ...draft, plain_text: text, sender: from, status: 'draft' });
}

/** Changes what is given. `check` says what is wrong with the message as it would be. */
export async function changeDraft(
  connection: Connection,
  id: string,
  change: { readonly [Member in keyof Draft]?: Draft[Member] | undefined },
  check: (draft: Pick<Draft, 'subject' | 'html' | 'text' | 'from'>) => Refusal | undefined,
): Promise<Campaign | Refusal> {
  const campaign = await lockCampaign(connection, id, 'change');
  if (isRefusal(campaign)) return campaign;
  const given = <Member extends keyof Draft>(member: Member, before: Draft[Member]): Draft[Member] => {
    const value = change[member];
    return value === undefined ? before : value;
  };
  const draft = {
    subject: given('subject', campaign.subject),
    html: given('html', campaign.html),
    text: given('text', campaign.written_text),
    from: given('from', campaign.sender),
    overflow: given('overflow', campaign.overflow),
  };
  if (campaign.status === 'scheduled' && draft.html === null && draft.text === null)
    return refuse('invalid_request', 'a campaign that is scheduled needs html, text or both; got neither');
  const wrong = check(draft);
  if (wrong !== undefined) return wrong;
  await connection.query(
    `update campaigns.campaign set subject = $2, html = $3, plain_text = $4, sender = $5, overflow = $6, name = case when $7 then $8 else name end
     where campaign_id = $1`,
    [
      campaign.campaign_id,
      draft.subject,
      draft.html,
      draft.text,
      draft.from,
      draft.overflow,
      change.name !== undefined,
      change.name ?? null,
    ],
  );
  return campaign;
}
