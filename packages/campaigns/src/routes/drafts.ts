import { uuidSchema } from '@purser/api';
import { isRefusal, type Refusal } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { type App, callerOf, createOnce, problems, sendRefusal, workspaceOf } from '@purser/http';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { carrierOf } from '../carrier-of.ts';
import type { CampaignsDeps } from '../deps.ts';
import { changeDraft, createDraft, type Draft } from '../draft.ts';
import { NO_CAMPAIGN } from '../lock-campaign.ts';
import { campaignDetailSchema, describeCampaign } from './describe-campaign.ts';
import { messageMembers, messageOf } from './send.ts';

const name = z.string().min(1).max(200).describe('For yourselves: recipients do not see it.');
const draftBody = z.strictObject({ name: name.optional(), ...messageMembers });
const changeBody = z.strictObject({
  name: name.nullish(),
  subject: messageMembers.subject.optional(),
  html: messageMembers.html.nullable(),
  text: messageMembers.text.nullable(),
  from: messageMembers.from.nullable(),
  overflow: z.enum(['refuse', 'next_day']).optional(),
});

/** A campaign is written, looked at, and written again before anybody gets it. */
export function registerDrafts(app: App, deps: CampaignsDeps): void {
  registerCreate(app, deps);
  registerChange(app, deps);
}

function registerCreate(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/campaigns',
    config: { access: 'workspace', feature: 'campaigns' },
    bodyLimit: deps.bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Campaigns'],
      summary: 'Begins a campaign as a draft; recipients are added to it, and then it is scheduled',
      body: draftBody,
      response: { 201: z.object({ id: uuidSchema, status: z.literal('draft') }), ...problems(400, 401, 402, 403, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      const { name: called = null, subject, html = null, text = null, from = null, overflow } = request.body;
      const draft: Draft = { name: called, subject, html, text, from, overflow };
      const wrong = wrongIn(deps, request, draft);
      if (wrong !== undefined) return sendRefusal(request, reply, wrong);
      const caller = { ...callerOf(request), workspace: workspaceOf(request) };
      return createOnce(deps, request, reply, async (connection) => {
        const id = await createDraft(deps, connection, caller, draft);
        return isRefusal(id) ? id : { id, status: 'draft' };
      });
    },
  });
}

function registerChange(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'PATCH',
    url: '/api/campaigns/:id',
    config: { access: 'workspace', feature: 'campaigns' },
    bodyLimit: deps.bounds.prompt_body_bytes_max,
    schema: {
      tags: ['Campaigns'],
      summary: 'Changes a campaign that nobody has got yet; null takes a member away',
      params: z.object({ id: z.string().max(100) }),
      body: changeBody,
      response: { 200: campaignDetailSchema, ...problems(400, 401, 402, 403, 404, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const answer = await workspaceTransaction(deps.pool, workspaceOf(request).id, async (connection) => {
        const changed = await changeDraft(connection, id, request.body, (draft) => wrongIn(deps, request, draft));
        return isRefusal(changed) ? changed : ((await describeCampaign(connection, id)) ?? NO_CAMPAIGN);
      });
      return isRefusal(answer) ? sendRefusal(request, reply, answer) : reply.send(answer);
    },
  });
}

function wrongIn(
  deps: CampaignsDeps,
  request: FastifyRequest,
  { subject, html, text, from }: Pick<Draft, 'subject' | 'html' | 'text' | 'from'>,
): Refusal | undefined {
  // A draft can be written before anything is there that carries it.
  const carrier = carrierOf(deps, deps.policyOf(workspaceOf(request), deps.clock.now()));
  const local = !isRefusal(carrier) && carrier.local;
  const written = { subject, html: html ?? undefined, text: text ?? undefined, from: from ?? undefined };
  const message = messageOf(written, deps, local);
  return isRefusal(message) ? message : undefined;
}
