import { amountSchema, asCost, instantSchema, uuidSchema } from '@purser/api';
import type { Connection } from '@purser/database';
import { type Currency, money, toWire } from '@purser/money';
import { z } from 'zod';

import { COUNT_COLUMNS, countOf, type Overflow, type RecipientCounts } from '../campaign.ts';
import { CAMPAIGN_STATUSES, type CampaignStatus, movesFrom } from '../campaign-state.ts';

const count = z.int().nonnegative();

/** They add up to the recipients. */
const countsSchema = z
  .object({
    queued: count.describe('Still to be sent, and being sent.'),
    accepted: count.describe('Taken by the carrier, which has not said more.'),
    delivered: count,
    bounced: count,
    complained: count,
    refused: count,
    suppressed: count,
    unconfirmed: count.describe('Nobody knows whether they were taken; they are not written to again.'),
  })
  .describe('They add up to the recipients.');

/** A campaign in a list. */
export const campaignSchema = z.object({
  id: uuidSchema,
  name: z.string().nullable(),
  subject: z.string(),
  status: z.enum(CAMPAIGN_STATUSES),
  recipients: count,
  counts: countsSchema,
  cost: asCost(z.array(amountSchema)).describe('What its messages came to so far, by currency.'),
  created_at: instantSchema,
  scheduled_at: instantSchema.nullable(),
  waits_until: instantSchema.nullable().describe('It is being sent, and a quota or its carrier takes no more until then.'),
  ended_at: instantSchema.nullable(),
});

/** One campaign by itself. */
export const campaignDetailSchema = campaignSchema.extend({
  html: z.string().nullable(),
  text: z.string().nullable().describe('Null: made of `html`.'),
  from: z.string().nullable().describe('Null: the sender of this installation.'),
  overflow: z.enum(['refuse', 'next_day']),
  job_id: uuidSchema.nullable().describe('What sends it, or did last; followed at `/api/jobs/:id`.'),
  moves: z.array(z.enum(['change', 'test', 'schedule', 'pause', 'resume', 'cancel'])).describe('What can be done with it now.'),
});

type WireCampaign = z.infer<typeof campaignSchema>;

interface Row extends RecipientCounts {
  readonly campaign_id: string;
  readonly name: string | null;
  readonly subject: string;
  readonly status: CampaignStatus;
  readonly created_at: Temporal.Instant;
  readonly scheduled_at: Temporal.Instant | null;
  readonly due_at: Temporal.Instant | null;
  readonly ended_at: Temporal.Instant | null;
  readonly costs: Readonly<Record<string, string>> | null;
}

interface DetailRow extends Row {
  readonly html: string | null;
  readonly plain_text: string | null;
  readonly sender: string | null;
  readonly overflow: Overflow;
  readonly job_id: string | null;
}

const COLUMNS = `c.campaign_id, c.name, c.subject, c.status, c.created_at, c.scheduled_at, c.due_at, c.ended_at, ${COUNT_COLUMNS},
  (select jsonb_object_agg(d.cost_unit, d.cost::text) from (
    select cost_unit, sum(cost) as cost from campaigns.dispatch where campaign_id = c.campaign_id and cost is not null group by cost_unit) d) as costs`;

/** Those of the connection's workspace, newest first. */
export async function listCampaigns(
  connection: Connection,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
): Promise<WireCampaign[]> {
  const { rows } = await connection.query<Row>(
    `select ${COLUMNS} from campaigns.campaign c join campaigns.recipient_count n using (campaign_id)
     where $1::uuid is null or c.campaign_id < $1 order by c.campaign_id desc limit $2`,
    [before ?? null, limit],
  );
  return rows.map(wireCampaign);
}

/** One of the connection's workspace. */
export async function describeCampaign(
  connection: Connection,
  id: string,
): Promise<z.infer<typeof campaignDetailSchema> | undefined> {
  const { rows } = await connection.query<DetailRow>(
    `select ${COLUMNS}, c.html, c.plain_text, c.sender, c.overflow, c.job_id
     from campaigns.campaign c join campaigns.recipient_count n using (campaign_id) where c.campaign_id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { html, plain_text: text, sender: from, overflow, job_id, status } = row;
  return { ...wireCampaign(row), html, text, from, overflow, job_id, moves: movesFrom(status) };
}

function wireCampaign(row: Row): WireCampaign {
  const { queued, sending, accepted, delivered, bounced, complained, refused, suppressed, unconfirmed } = row;
  return {
    id: row.campaign_id,
    name: row.name,
    subject: row.subject,
    status: row.status,
    recipients: countOf(row),
    counts: { queued: queued + sending, accepted, delivered, bounced, complained, refused, suppressed, unconfirmed },
    cost: Object.entries(row.costs ?? {}).map(([unit, nanos]) => toWire(money(BigInt(nanos), unit as Currency))),
    created_at: row.created_at.toString(),
    scheduled_at: row.scheduled_at?.toString() ?? null,
    waits_until: row.due_at?.toString() ?? null,
    ended_at: row.ended_at?.toString() ?? null,
  };
}
