import { randomBytes } from 'node:crypto';

import { type Connection, newId } from '@purser/database';
import type { Caller, Workspace } from '@purser/identity';

import type { CampaignId, Overflow } from './campaign.ts';
import type { CampaignStatus } from './campaign-state.ts';
import type { CampaignsDeps } from './deps.ts';

export interface NewCampaign {
  readonly name: string | null;
  readonly subject: string;
  readonly html: string | null;
  /** Null: made of the HTML. */
  readonly plain_text: string | null;
  /** Null: the installation's own. */
  readonly sender: string | null;
  readonly overflow: Overflow;
  readonly status: CampaignStatus;
  /** Nobody is written to before; undefined: at once. */
  readonly due_at?: Temporal.Instant | undefined;
}

/** Writes a campaign down that has no recipients yet. */
export async function insertCampaign(
  { clock }: Pick<CampaignsDeps, 'clock'>,
  connection: Connection,
  { workspace, actor, user }: Caller & { readonly workspace: Workspace },
  { name, subject, html, plain_text, sender, overflow, status, due_at }: NewCampaign,
): Promise<CampaignId> {
  const campaign_id = newId<'campaign'>();
  await connection.query(
    `insert into campaigns.campaign
       (workspace_id, campaign_id, name, subject, html, plain_text, sender, overflow, status, due_at, actor, end_user, link_key, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      workspace.id,
      campaign_id,
      name,
      subject,
      html,
      plain_text,
      sender,
      overflow,
      status,
      due_at?.toString() ?? null,
      actor,
      user ?? null,
      randomBytes(32),
      clock.now().toString(),
    ],
  );
  return campaign_id;
}
