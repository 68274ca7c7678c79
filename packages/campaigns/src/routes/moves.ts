import { instantSchema, uuidSchema } from '@purser/api';
import { isRefusal, type Refusal, type WorkspaceId } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { type App, callerOf, createOnce, problems, sendRefusal, workspaceOf } from '@purser/http';
import type { Enqueued } from '@purser/jobs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { carrierOf } from '../carrier-of.ts';
import type { CampaignsDeps } from '../deps.ts';
import { NO_CAMPAIGN } from '../lock-campaign.ts';
import { scheduleCampaign } from '../schedule-campaign.ts';
import { cancelCampaign, pauseCampaign, resumeCampaign } from '../stop-campaign.ts';
import { campaignDetailSchema, describeCampaign } from './describe-campaign.ts';

const params = z.object({ id: z.string().max(100) });
const count = z.int().nonnegative();

const scheduleBody = z
  .strictObject({
    at: z
      .string()
      .max(60)
      .optional()
      .describe('When it is sent: an instant, or a date and time without an offset in the workspace’s time zone. Absent: now.'),
  })
  .nullish();

const scheduledSchema = z.object({
  campaign_id: uuidSchema,
  status: z.enum(['scheduled', 'sending']),
  scheduled_at: instantSchema.nullable(),
  job_id: uuidSchema.describe('Followed at `/api/jobs/:id`.'),
  accepted: count.describe('To be sent now, by what quotas leave; where it is scheduled: all, as far as quotas go then.'),
  deferred: count.describe('To be sent on a later day.'),
  refused: count.describe('Beyond what may be sent.'),
});

export function registerMoves(app: App, deps: CampaignsDeps): void {
  registerSchedule(app, deps);
  registerResume(app, deps);
  registerStop(app, deps, 'pause', 'Stops sending after the messages that are in hand', pauseCampaign);
  registerStop(app, deps, 'cancel', 'Ends a campaign: whoever still waits is refused', cancelCampaign);
}

function registerSchedule(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/campaigns/:id/schedule',
    config: { access: 'workspace', feature: 'campaigns' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Sends a campaign at its time, or now',
      params,
      body: scheduleBody,
      response: { 202: scheduledSchema, ...problems(400, 401, 402, 403, 404, 409, 422, 429, 501, 503) },
    },
    handler: async (request, reply) => {
      const caller = { ...callerOf(request), workspace: workspaceOf(request) };
      const policy = deps.policyOf(caller.workspace, deps.clock.now());
      const carrier = carrierOf(deps, policy);
      if (isRefusal(carrier)) return sendRefusal(request, reply, carrier);
      const counted = await deps.gate.act(caller, undefined);
      if (isRefusal(counted)) return sendRefusal(request, reply, counted);
      const { id } = request.params;
      const at = request.body?.at;
      return answerWithJob(deps, request, reply, async (connection) => {
        const made = await scheduleCampaign(deps, connection, caller, { id, at, policy });
        if (isRefusal(made)) return made;
        const { job, accepted, deferred, refused } = made;
        const status = made.at === undefined ? 'sending' : 'scheduled';
        const scheduled_at = made.at?.toString() ?? null;
        const answer = { campaign_id: id, status, scheduled_at, job_id: job.id, accepted, deferred, refused };
        return { job, answer };
      });
    },
  });
}

function registerResume(app: App, deps: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/campaigns/:id/resume',
    config: { access: 'workspace', feature: 'campaigns' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Goes on with a campaign that was paused',
      params,
      response: {
        202: z.object({ campaign_id: uuidSchema, status: z.literal('sending'), job_id: uuidSchema }),
        ...problems(400, 401, 402, 403, 404, 409, 422, 429, 501, 503),
      },
    },
    handler: async (request, reply) => {
      const caller = { ...callerOf(request), workspace: workspaceOf(request) };
      const policy = deps.policyOf(caller.workspace, deps.clock.now());
      const carrier = carrierOf(deps, policy);
      if (isRefusal(carrier)) return sendRefusal(request, reply, carrier);
      const counted = await deps.gate.act(caller, undefined);
      if (isRefusal(counted)) return sendRefusal(request, reply, counted);
      const { id } = request.params;
      return answerWithJob(deps, request, reply, async (connection) => {
        const made = await resumeCampaign(deps, connection, { id, policy });
        return isRefusal(made) ? made : { job: made.job, answer: { campaign_id: id, status: 'sending', job_id: made.job.id } };
      });
    },
  });
}

type Create = Parameters<typeof createOnce>[3];
type Connection = Parameters<Create>[0];

/** Answers once for a key, and tells workers of the job when it is committed. */
async function answerWithJob(
  deps: CampaignsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  make: (connection: Connection) => Promise<{ readonly job: Enqueued; readonly answer: object } | Refusal>,
): Promise<FastifyReply> {
  let job: Enqueued | undefined;
  const create = async (connection: Connection): Promise<object | Refusal> => {
    const made = await make(connection);
    if (isRefusal(made)) return made;
    job = made.job;
    return made.answer;
  };
  const answered = await createOnce(deps, request, reply, create, 202);
  if (job !== undefined) await deps.jobs.announce([job]);
  return answered;
}

function registerStop(
  app: App,
  deps: CampaignsDeps,
  move: 'pause' | 'cancel',
  summary: string,
  stop: (deps: CampaignsDeps, workspace: WorkspaceId, id: string) => Promise<object | Refusal>,
): void {
  app.route({
    method: 'POST',
    url: `/api/campaigns/:id/${move}`,
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary,
      params,
      response: { 200: campaignDetailSchema, ...problems(400, 401, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const workspace = workspaceOf(request).id;
      const stopped = await stop(deps, workspace, id);
      if (isRefusal(stopped)) return sendRefusal(request, reply, stopped);
      const found = await workspaceTransaction(deps.pool, workspace, (connection) => describeCampaign(connection, id));
      return found === undefined ? sendRefusal(request, reply, NO_CAMPAIGN) : reply.send(found);
    },
  });
}
