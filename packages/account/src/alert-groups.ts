import { isRefusal } from '@purser/core';
import { workspaceTransaction } from '@purser/database';
import { type AlertGroup, alertGroups, alertKindSchema, countUnseen, markManySeen, SEVERITIES } from '@purser/notify';
import { z } from 'zod';
import { alertCountSchema, alertGroupPageSchema, type alertGroupSchema, markedSchema, uuidSchema } from '@purser/api';
import { type App, callerOf, cursorOf, problems, sendRefusal, workspaceOf } from '@purser/http';

import { alertQuery } from './alerts.ts';
import type { AccountDeps } from './deps.ts';

export const groupQuery = { ...alertQuery, severity: z.enum(SEVERITIES).optional() };
export const markSchema = {
  through: uuidSchema.describe('The newest alert that was looked at: what was raised after it stays new.'),
  kind: alertKindSchema.optional(),
  subject: z.string().max(200).optional(),
  severity: z.enum(SEVERITIES).optional(),
};
/** Alerts as one reads them: what is about one thing stands together, and is acknowledged together. */
export function registerAlertGroups(app: App, { pool, clock }: AccountDeps): void {
  const config = { access: 'workspace' } as const;
  const tags = ['Workspace'];
  app.route({
    method: 'GET',
    url: '/api/alerts/groups',
    config,
    schema: {
      tags,
      summary: 'Alerts by what they are about, newest first',
      querystring: z.object(groupQuery),
      response: { 200: alertGroupPageSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const page = await alertGroups(pool, { operator: false, workspace: workspaceOf(request).id }, groupSearchOf(request.query));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ groups: page.groups.map(wireGroup), next_cursor: page.next_cursor });
    },
  });
  app.route({
    method: 'GET',
    url: '/api/alerts/count',
    config,
    schema: { tags, summary: 'How many alerts are new', response: { 200: alertCountSchema, ...problems(401, 403, 503) } },
    handler: async (request, reply) =>
      reply.send(await countUnseen(pool, { operator: false, workspace: workspaceOf(request).id })),
  });
  app.route({
    method: 'POST',
    url: '/api/alerts/seen',
    config,
    schema: {
      tags,
      summary: 'Acknowledges alerts, up to one of them',
      body: z.strictObject(markSchema),
      response: { 200: markedSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const by = { by: callerOf(request).actor, now: clock.now() };
      const reader = { operator: false, workspace: workspaceOf(request).id } as const;
      const acknowledged = await workspaceTransaction(pool, reader.workspace, (connection) =>
        markManySeen(connection, reader, request.body, by),
      );
      return reply.send({ acknowledged });
    },
  });
}

export function groupSearchOf(query: {
  cursor?: string | undefined;
  limit?: number | undefined;
  kind?: AlertGroup['kind'] | undefined;
  severity?: AlertGroup['severity'] | undefined;
  unseen?: string | undefined;
}) {
  const { kind, severity, limit } = query;
  return { cursor: cursorOf(query), limit, kind, severity, unseen: query.unseen === '1' };
}

export function wireGroup({ workspace, ...group }: AlertGroup): z.infer<typeof alertGroupSchema> {
  return {
    ...group,
    workspace_id: workspace,
    raised_at: group.raised_at.toString(),
    first_raised_at: group.first_raised_at.toString(),
    seen_at: group.seen_at?.toString() ?? null,
  };
}
