import { instantSchema, pageQuery } from '@purser/api';
import { refuse } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { type App, problems, sendRefusal, workspaceOf } from '@purser/http';
import { z } from 'zod';

import type { CampaignsDeps } from '../deps.ts';
import { suppress, SUPPRESSION_REASONS } from '../suppress.ts';

const PAGE = 50;
const EMAILS_MAX = 1_000;

const address = z.email().max(254).describe('In any case: mailboxes do not tell them apart.');
const suppressionSchema = z.object({
  email: z.string(),
  reason: z.enum(SUPPRESSION_REASONS),
  created_at: instantSchema,
});

/** Whom a workspace does not write to, whatever a campaign names. */
export function registerSuppressions(app: App, deps: CampaignsDeps): void {
  registerList(app, deps);
  registerAdd(app, deps);
  registerRemove(app, deps);
}

function registerList(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'GET',
    url: '/api/suppressions',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Addresses that are not written to',
      querystring: z.object({ ...pageQuery, cursor: z.string().max(254).optional() }),
      response: {
        200: z.object({ suppressions: z.array(suppressionSchema), next_cursor: z.string().nullable() }),
        ...problems(400, 401, 503),
      },
    },
    handler: async (request, reply) => {
      const { cursor, limit = PAGE } = request.query;
      const { rows } = await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
        connection.query<{ email: string; reason: z.infer<typeof suppressionSchema>['reason']; created_at: Temporal.Instant }>(
          `select email, reason, created_at from campaigns.suppression
           where $1::text is null or email > $1 order by email limit $2`,
          [cursor ?? null, limit],
        ),
      );
      const suppressions = rows.map((row) => ({ ...row, created_at: row.created_at.toString() }));
      return reply.send({ suppressions, next_cursor: rows.length < limit ? null : (rows.at(-1)?.email ?? null) });
    },
  });
}

function registerAdd(app: App, { pool, clock }: CampaignsDeps): void {
  app.route({
    method: 'POST',
    url: '/api/suppressions',
    config: { access: 'workspace' },
    schema: {
      tags: ['Campaigns'],
      summary: 'Suppresses addresses; what is suppressed already stays as it is',
      body: z.strictObject({ emails: z.array(address).min(1).max(EMAILS_MAX) }),
      response: { 200: z.object({ added: z.int().nonnegative() }), ...problems(400, 401, 503) },
    },
    handler: async (request, reply) => {
      const { id } = workspaceOf(request);
      const emails = [...new Set(request.body.emails.map((email) => email.toLowerCase()))];
      const added = await workspaceTransaction(pool, id, (connection) =>
        suppress(connection, id, emails, 'by_hand', clock.now()),
      );
      return reply.send({ added });
    },
  });
}

function registerRemove(app: App, { pool }: CampaignsDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/suppressions/:email',
    config: { access: 'workspace', manages: true },
    schema: {
      tags: ['Campaigns'],
      summary: 'Lets an address be written to again: who asks for it must have its owner’s consent',
      params: z.object({ email: z.string().max(254) }),
      response: { 204: z.null(), ...problems(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { rowCount } = await workspaceTransaction(pool, workspaceOf(request).id, (connection) =>
        connection.query('delete from campaigns.suppression where email = $1', [request.params.email.toLowerCase()]),
      );
      if (rowCount === 0) return sendRefusal(request, reply, refuse('not_found', 'this address is not suppressed'));
      return reply.code(204).send(null);
    },
  });
}
