import { type Entry, listAudit, verifyAudit } from '@purser/audit';
import { isRefusal } from '@purser/core';
import { z } from 'zod';
import { counterSchema, instantSchema, pageQuery, uuidSchema } from '@purser/api';
import { sendRefusal, problems, type App, counter, cursorOf } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wantedWorkspace } from './books.ts';

export const entrySchema = z.object({
  id: counterSchema,
  at: instantSchema,
  actor: z.string(),
  workspace_id: uuidSchema.nullable(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
});

const breakSchema = z.object({ seq: counterSchema, reason: z.string() });

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
        200: z.object({ entries: z.array(entrySchema), next_cursor: z.string().nullable() }),
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
        200: z.object({
          intact: z.boolean(),
          entries: counterSchema.describe('Sealed rows: audit events, ledger entries and provider calls.'),
          head: z
            .string()
            .nullable()
            .describe('Number and digest of the last valid block; keep it elsewhere to notice a chain that was cut short.'),
          first_broken: breakSchema.nullable(),
          guards: z.array(z.string()).describe('Database guards against changes that are missing or altered.'),
        }),
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

export function wireEntry(entry: Entry): z.infer<typeof entrySchema> {
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
