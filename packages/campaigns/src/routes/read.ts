import { pageQuery, uuidSchema } from '@purser/api';
import { isUuid } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { type App, problems, sendRefusal, workspaceOf } from '@purser/http';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';
import { NO_CAMPAIGN } from '../lock-campaign.ts';
import { campaignDetailSchema, campaignSchema, describeCampaign, listCampaigns } from './describe-campaign.ts';

const PAGE = 50;

export function registerRead(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/campaigns/:id',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'A campaign, and what became of its recipients',
      params: z.object({ id: z.string().max(100) }),
      response: { 200: campaignDetailSchema, ...problems(401, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = isUuid(id)
        ? await workspaceTransaction(pool, workspaceOf(request).id, (connection) => describeCampaign(connection, id))
        : undefined;
      return found === undefined ? sendRefusal(request, reply, NO_CAMPAIGN) : reply.send(found);
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
      const campaigns = await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
        listCampaigns(connection, { before: cursor, limit }),
      );
      return reply.send({ campaigns, next_cursor: campaigns.length < limit ? null : (campaigns.at(-1)?.id ?? null) });
    },
  });
}
