import { amountSchema, instantSchema, asCost, pageQuery, uuidSchema } from '@purser/api';
import { isUuid, refuse } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { type App, problems, sendRefusal, workspaceOf } from '@purser/http';
import type { Workspace } from '@purser/identity';
import { type Currency, money, toWire } from '@purser/money';
import { z } from 'zod';

import type { RecipientState } from '../campaign.ts';
import type { CampaignsDeps } from '../deps.ts';

const PAGE = 50;
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

const campaignSchema = z.object({
  id: uuidSchema,
  subject: z.string(),
  status: z.enum(['sending', 'sent']),
  recipients: count,
  counts: countsSchema,
  cost: asCost(z.array(amountSchema)).describe('What its messages came to so far, by currency.'),
  created_at: instantSchema,
  ended_at: instantSchema.nullable(),
});

export function registerRead(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/campaigns/:id',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'A campaign, and what became of its recipients',
      params: z.object({ id: z.string().max(100) }),
      response: { 200: campaignSchema, ...problems(401, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const [found] = isUuid(id) ? await readCampaigns(pool, workspaceOf(request), { id, limit: 1 }) : [];
      if (found === undefined) return sendRefusal(request, reply, refuse('not_found', 'this workspace has no such campaign'));
      return reply.send(found);
    },
  });
  app.route({
    method: 'GET',
    url: '/api/campaigns',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Campaigns, newest first',
      querystring: z.object({ ...pageQuery, cursor: uuidSchema.optional() }),
      response: {
        200: z.object({ campaigns: z.array(campaignSchema), next_cursor: z.string().nullable() }),
        ...problems(400, 401, 503),
      },
    },
    handler: async (request, reply) => {
      const { cursor, limit = PAGE } = request.query;
      const campaigns = await readCampaigns(pool, workspaceOf(request), {
        limit,
        ...(cursor !== undefined && { before: cursor }),
      });
      return reply.send({ campaigns, next_cursor: campaigns.length < limit ? null : (campaigns.at(-1)?.id ?? null) });
    },
  });
}

interface Row {
  readonly campaign_id: string;
  readonly subject: string;
  readonly status: 'sending' | 'sent';
  readonly created_at: Temporal.Instant;
  readonly ended_at: Temporal.Instant | null;
  readonly states: Partial<Record<RecipientState, number>> | null;
  readonly costs: Readonly<Record<string, string>> | null;
}

interface Query {
  readonly id?: string;
  readonly before?: string;
  readonly limit: number;
}

async function readCampaigns(
  pool: Pool,
  workspace: Workspace,
  { id, before, limit }: Query,
): Promise<z.infer<typeof campaignSchema>[]> {
  const { rows } = await workspaceTransaction(pool, workspace.id, (connection) =>
    connection.query<Row>(
      `select c.campaign_id, c.subject, c.status, c.created_at, c.ended_at,
         (select jsonb_object_agg(s.state, s.count) from (
           select state, count(*) from campaigns.recipient where campaign_id = c.campaign_id group by state) s) as states,
         (select jsonb_object_agg(d.cost_unit, d.cost::text) from (
           select cost_unit, sum(cost) as cost from campaigns.dispatch where campaign_id = c.campaign_id and cost is not null group by cost_unit) d) as costs
       from campaigns.campaign c
       where ($1::uuid is null or c.campaign_id = $1) and ($2::uuid is null or c.campaign_id < $2)
       order by c.campaign_id desc limit $3`,
      [id ?? null, before ?? null, limit],
    ),
  );
  return rows.map(wireCampaign);
}

function wireCampaign({
  campaign_id,
  subject,
  status,
  created_at,
  ended_at,
  states,
  costs,
}: Row): z.infer<typeof campaignSchema> {
  const of = (state: RecipientState): number => states?.[state] ?? 0;
  return {
    id: campaign_id,
    subject,
    status,
    recipients: Object.values(states ?? {}).reduce((sum, one) => sum + one, 0),
    counts: {
      queued: of('queued') + of('sending'),
      accepted: of('accepted'),
      delivered: of('delivered'),
      bounced: of('bounced'),
      complained: of('complained'),
      refused: of('refused'),
      suppressed: of('suppressed'),
      unconfirmed: of('unconfirmed'),
    },
    cost: Object.entries(costs ?? {}).map(([unit, nanos]) => toWire(money(BigInt(nanos), unit as Currency))),
    created_at: created_at.toString(),
    ended_at: ended_at?.toString() ?? null,
  };
}
