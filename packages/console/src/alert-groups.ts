import { appendAudit } from '@purser/audit';
import { groupQuery, groupSearchOf, markSchema, wireGroup } from '@purser/account';
import { isRefusal, type WorkspaceId } from '@purser/core';
import { transaction } from '@purser/database';
import { alertGroups, type AlertReader, countUnseen, markManySeen } from '@purser/notify';
import { z } from 'zod';
import { alertCountSchema, alertGroupPageSchema, markedSchema, uuidSchema } from '@purser/api';
import { type App, callerOf, problems, sendRefusal } from '@purser/http';

import { wantedWorkspace } from './books.ts';
import type { ConsoleDeps } from './deps.ts';

/** Alerts of all workspaces and of the platform, as one reads them: what is about one thing stands together. */
export function registerAlertGroups(app: App, { pool, clock }: ConsoleDeps): void {
  const config = { access: 'admin' } as const;
  const tags = ['Administration'];
  const ofAll = (workspace: WorkspaceId | null): AlertReader => ({ operator: true, workspace });
  app.route({
    method: 'GET',
    url: '/api/admin/alerts/groups',
    config,
    schema: {
      tags,
      summary: 'Alerts of all workspaces and of the platform by what they are about, newest first',
      querystring: z.object({ ...groupQuery, workspace_id: z.string().max(100).optional() }),
      response: { 200: alertGroupPageSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const page = await alertGroups(pool, ofAll(wantedWorkspace(request.query.workspace_id)), groupSearchOf(request.query));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ groups: page.groups.map(wireGroup), next_cursor: page.next_cursor });
    },
  });
  app.route({
    method: 'GET',
    url: '/api/admin/alerts/count',
    config,
    schema: {
      tags,
      summary: 'How many alerts are new to the operator',
      response: { 200: alertCountSchema, ...problems(401, 403) },
    },
    handler: async (_request, reply) => reply.send(await countUnseen(pool, ofAll(null))),
  });
  app.route({
    method: 'POST',
    url: '/api/admin/alerts/seen',
    config,
    schema: {
      tags,
      summary: 'Acknowledges alerts for the operator, up to one of them',
      body: z.strictObject({ ...markSchema, workspace_id: uuidSchema.optional() }),
      response: { 200: markedSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const { workspace_id, ...wanted } = request.body;
      const { actor: by } = callerOf(request);
      const now = clock.now();
      const workspace = wantedWorkspace(workspace_id);
      const acknowledged = await transaction(pool, async (connection) => {
        const marked = await markManySeen(connection, ofAll(workspace), wanted, { by, now });
        await appendAudit(connection, {
          at: now,
          actor: by,
          workspace,
          action: 'alerts.acknowledge',
          subject: `alert:${wanted.through}`,
          detail: { acknowledged: marked, kind: wanted.kind ?? null, severity: wanted.severity ?? null },
        });
        return marked;
      });
      return reply.send({ acknowledged });
    },
  });
}
