import { assert, type Id, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';

import type { CampaignStatus } from './campaign-state.ts';
import { textOfHtml } from './text-of-html.ts';

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
  readonly status: CampaignStatus;
  /** The text part that somebody wrote; null: it is made of the HTML. */
  readonly written_text: string | null;
  /** The job that sends what is due of it; a job of another id has been followed by that one, and sends nothing. */
  readonly job_id: string | null;
  /** Nobody is written to before; null: at once. */
  readonly due_at: Temporal.Instant | null;
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

export type RecipientCounts = Readonly<Record<RecipientState, number>>;

/** The columns of `campaigns.recipient_count`, each named for its state. */
export const COUNT_COLUMNS = RECIPIENT_STATES.map((state) => `n.${state}`).join(', ');

export function countOf(counts: RecipientCounts): number {
  return RECIPIENT_STATES.reduce((sum, state) => sum + counts[state], 0);
}

type CampaignRow = Omit<Campaign, 'plain_text'>;

/** A campaign of the connection's workspace, locked until the end of its transaction where that is asked for. */
export async function readCampaign(connection: Connection, campaign_id: string, lock = false): Promise<Campaign | undefined> {
  const { rows } = await connection.query<CampaignRow>(
    `select workspace_id, campaign_id, subject, html, plain_text as written_text, sender, overflow, status, job_id, due_at, actor, end_user, link_key
     from campaigns.campaign where campaign_id = $1${lock ? ' for no key update' : ''}`,
    [campaign_id],
  );
  const [row] = rows;
  return row && { ...row, plain_text: plainTextOf(row) };
}

/** The text part: as it was written, or else what the HTML says, or at least the subject. */
function plainTextOf({ subject, html, written_text }: CampaignRow): string {
  if (written_text !== null) return written_text;
  const text = textOfHtml(html ?? '');
  return text === '' ? subject : text;
}

/** How many recipients of a campaign are in each state. */
export async function readCounts(
  connection: Connection,
  { campaign_id }: Pick<Campaign, 'campaign_id'>,
): Promise<RecipientCounts> {
  const { rows } = await connection.query<RecipientCounts>(
    `select ${COUNT_COLUMNS} from campaigns.recipient_count n where n.campaign_id = $1`,
    [campaign_id],
  );
  const [counts] = rows;
  assert(counts !== undefined, 'the recipients of a campaign are counted from its beginning');
  return counts;
}
