import type { Id, WorkspaceId } from '@purser/core';

export type CampaignId = Id<'campaign'>;
export type RecipientId = Id<'recipient'>;

/** What becomes of recipients that a day's quota has no place for. */
export type Overflow = 'refuse' | 'next_day';

/** What is written, before it is merged with anybody's data. */
export interface Message {
  readonly subject: string;
  readonly html: string | null;
  readonly plain_text: string;
  /** Null: the installation's own. */
  readonly sender: string | null;
}

export interface Campaign extends Message {
  readonly workspace_id: WorkspaceId;
  readonly campaign_id: CampaignId;
  readonly overflow: Overflow;
  readonly status: 'sending' | 'sent';
  readonly actor: string;
  readonly end_user: string | null;
  readonly link_key: Buffer;
}

/** Where a recipient stands: each is in one of these, so that they add up to all. */
export const RECIPIENT_STATES = [
  'queued',
  'sending',
  'accepted',
  'delivered',
  'bounced',
  'complained',
  'refused',
  'suppressed',
  'unconfirmed',
] as const;
export type RecipientState = (typeof RECIPIENT_STATES)[number];

export const CAMPAIGN_COLUMNS =
  'workspace_id, campaign_id, subject, html, plain_text, sender, overflow, status, actor, end_user, link_key';
