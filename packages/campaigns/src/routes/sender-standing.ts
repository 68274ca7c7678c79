import { instantSchema, uuidSchema } from '@purser/api';
import { appendAudit } from '@purser/audit';
import { refuse } from '@purser/core';
import { transaction, workspaceTransaction } from '@purser/database';
import { type App, callerOf, namedWorkspace, problems, sendRefusal, workspaceOf } from '@purser/http';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';
import { DAYS, LIMITS } from '../reputation/sender-level.ts';
import { firstDay, standingOf } from '../reputation/sender-standing.ts';

const SENDERS_MAX = 200;
const count = z.int().nonnegative();
const share = z.number().nonnegative();

const limitsSchema = z.object({ warned: share, stopped: share, sample: count });
const standingSchema = z.object({
  level: z
    .enum(['good', 'warned', 'stopped'])
    .describe('`stopped`: nothing is sent until the operator lifts it, or the rate falls.'),
  reason: z.enum(['bounces', 'complaints']).nullable(),
  since: instantSchema.nullable(),
  days: count.describe('What is counted of.'),
  sent: count,
  bounced: count.describe('For good.'),
  complained: count,
  limits: z
    .object({ bounces: limitsSchema, complaints: limitsSchema })
    .describe('Shares of what was sent, and how many it is counted of at least.'),
});
const listedSchema = z.object({
  workspace_id: uuidSchema,
  level: z.enum(['warned', 'stopped']),
  reason: z.enum(['bounces', 'complaints']),
  since: instantSchema,
  sent: count,
  bounced: count,
  complained: count,
});

/** How a workspace stands as a sender of e-mail, and the operator's word that it may go on. */
export function registerSenderStanding(app: App, deps: CampaignsDeps): void {
  registerOwn(app, deps);
  registerAll(app, deps);
  registerLift(app, deps);
}

function registerOwn(app: App, { pool, clock }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/sender-standing',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'How much of what was sent bounced or was complained of, and what follows from it',
      response: { 200: standingSchema, ...problems(401, 503) },
    },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      const standing = await workspaceTransaction(pool, id, (connection) => standingOf(connection, id, clock.now()));
      const { bounces, complaints } = LIMITS;
      return reply.send({
        ...standing,
        since: standing.since?.toString() ?? null,
        days: DAYS,
        limits: { bounces: shares(bounces), complaints: shares(complaints) },
      });
    },
  });
}

function shares({ warned, stopped, sample }: (typeof LIMITS)['bounces']): z.infer<typeof limitsSchema> {
  return { warned: warned / 10_000, stopped: stopped / 10_000, sample };
}

function registerAll(app: App, { pool, clock }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/sender-standings',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: `Workspaces of which too much bounces or is complained of, the latest ${SENDERS_MAX}`,
      response: { 200: z.object({ senders: z.array(listedSchema) }), ...problems(401, 403, 503) },
    },
    handler: async (_request, reply) => {
      const { rows } = await pool.query<Omit<z.infer<typeof listedSchema>, 'since'> & { since: Temporal.Instant }>(
        `select s.workspace_id, s.level, s.reason, s.since, coalesce(sum(d.sent), 0)::integer as sent,
           coalesce(sum(d.bounced), 0)::integer as bounced, coalesce(sum(d.complained), 0)::integer as complained
         from campaigns.sender_standing s
         left join campaigns.sender_day d on d.workspace_id = s.workspace_id and d.day >= $1
         group by s.workspace_id order by s.since desc limit $2`,
        [firstDay(clock.now()), SENDERS_MAX],
      );
      return reply.send({ senders: rows.map((row) => ({ ...row, since: row.since.toString() })) });
    },
  });
}

function registerLift(app: App, deps: CampaignsDeps): void {
  const { pool, clock } = deps;
  app.route({
    method: 'POST',
    url: '/api/admin/sender-standings/:id/lift',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Lets a workspace send again: what it sent so far counts no more',
      params: z.object({ id: z.string().min(1).max(200).describe('Its id, or your external_id.') }),
      body: z.strictObject({ reason: z.string().min(1).max(500) }),
      response: { 204: z.null(), ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = await namedWorkspace(deps, request.params.id);
      const lifted = await transaction(pool, async (connection) => {
        const now = clock.now();
        const { rows } = await connection.query<{ level: string }>(
          'delete from campaigns.sender_standing where workspace_id = $1 returning level',
          [id],
        );
        if (rows[0] === undefined) return false;
        await connection.query('delete from campaigns.sender_day where workspace_id = $1', [id]);
        await appendAudit(connection, {
          at: now,
          actor: callerOf(request).actor,
          workspace: id,
          action: 'sender.lift',
          subject: `workspace:${id}`,
          detail: { level: rows[0].level, reason: request.body.reason },
        });
        return true;
      });
      if (!lifted) return sendRefusal(request, reply, refuse('not_found', 'this workspace is neither warned nor stopped'));
      return reply.code(204).send(null);
    },
  });
}
