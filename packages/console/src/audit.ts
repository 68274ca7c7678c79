import { type Entry, listAudit, verifyAudit } from '@purser/audit';
import { isRefusal } from '@purser/core';
import { z } from 'zod';
import { type auditEntrySchema, auditPageSchema, auditVerificationSchema, pageQuery } from '@purser/api';
import { sendRefusal, problems, type App, counter, cursorOf } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wantedWorkspace } from './books.ts';

/** Who did what, and whether the trail is as it was sealed. */
export function registerAudit(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/audit',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'The audit log, newest first',
      querystring: z.object({ workspace_id: z.string().max(100).optional(), ...pageQuery }),
      response: {
        200: auditPageSchema,
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const { query } = request;
      const page = await listAudit(pool, {
        workspace: wantedWorkspace(query.workspace_id),
        cursor: cursorOf(query),
        limit: query.limit,
      });
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ entries: page.rows.map(wireEntry), next_cursor: page.next });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/admin/audit/verify',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'Recomputes the sealed chain from its rows',
      description: 'Reads everything that is sealed: for operators, not for polling.',
      response: {
        200: auditVerificationSchema,
        ...problems(401, 403),
      },
    },
    handler: async (_request, reply) => {
      const { intact, entries, head, first_broken, guards } = await verifyAudit(pool);
      return reply.send({
        intact,
        entries: counter(entries),
        head: head === null ? null : `${head.seq}:${head.digest}`,
        first_broken: first_broken === undefined ? null : { seq: counter(first_broken.seq), reason: first_broken.reason },
        guards: [...guards],
      });
    },
  });
}

export function wireEntry(entry: Entry): z.infer<typeof auditEntrySchema> {
  return {
    id: counter(entry.id),
    at: entry.at.toString(),
    actor: entry.actor,
    workspace_id: entry.workspace,
    action: entry.action,
    subject: entry.subject,
    detail: { ...entry.detail },
  };
}
