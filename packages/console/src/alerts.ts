import { appendAudit } from '@purser/audit';
import { isRefusal, PLATFORM } from '@purser/core';
import { transaction } from '@purser/database';
import {
  listUndelivered,
  listAllAlerts,
  markSeenByOperator,
  readSubscriptions,
  retryUndelivered,
  subscriptionsSchema,
} from '@purser/notify';
import { z } from 'zod';
import { alertPageSchema, alertSchema, alertSettingsSchema, pageQuery, undeliveredPageSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, problems, type App, cursorOf } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wantedWorkspace } from './books.ts';
import { alertQuery, replaceSettings, searchOf, wireAlert, wireSettings } from '@purser/account';

const config = { access: 'admin' } as const;
const tags = ['Administration'];

/** What the operator should know: of all workspaces, of the platform, and of messages that did not arrive. */
export function registerAlerts(app: App, deps: ConsoleDeps): void {
  registerList(app, deps);
  registerAcknowledge(app, deps);
  registerReadSettings(app, deps);
  registerReplaceSettings(app, deps);
  registerUndelivered(app, deps);
  registerRetry(app, deps);
}

function registerList(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/alerts',
    config,
    schema: {
      tags,
      summary: 'Alerts of all workspaces and of the platform, newest first',
      querystring: z.object({ ...alertQuery, workspace_id: z.string().max(100).optional() }),
      response: { 200: alertPageSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const page = await listAllAlerts(pool, wantedWorkspace(request.query.workspace_id), searchOf(request.query));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ alerts: page.alerts.map(wireAlert), next_cursor: page.next_cursor });
    },
  });
}

function registerAcknowledge(app: App, { pool, clock }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/alerts/:id/seen',
    config,
    schema: {
      tags,
      summary: 'Acknowledges an alert as the operator',
      params: z.object({ id: uuidSchema }),
      response: { 200: alertSchema, ...problems(400, 401, 403, 404) },
    },
    handler: async (request, reply) => {
      const alert = await markSeenByOperator(pool, { id: request.params.id, by: callerOf(request).actor, now: clock.now() });
      return isRefusal(alert) ? sendRefusal(request, reply, alert) : reply.send(wireAlert(alert));
    },
  });
}

function registerReadSettings(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/alerts/settings',
    config,
    schema: {
      tags,
      summary: 'The operator’s thresholds and channels',
      response: { 200: alertSettingsSchema, ...problems(401, 403) },
    },
    handler: async (_request, reply) => reply.send(wireSettings(await readSubscriptions(pool, PLATFORM))),
  });
}

function registerReplaceSettings(app: App, deps: ConsoleDeps): void {
  app.route({
    method: 'PUT',
    url: '/api/admin/alerts/settings',
    config,
    schema: {
      tags,
      summary: 'Replaces the operator’s thresholds and channels',
      body: subscriptionsSchema,
      response: { 200: alertSettingsSchema, ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const kept = await replaceSettings(deps, PLATFORM, callerOf(request).actor, request.body);
      return isRefusal(kept) ? sendRefusal(request, reply, kept) : reply.send(kept);
    },
  });
}

function registerUndelivered(app: App, { pool }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/alerts/undelivered',
    config,
    schema: {
      tags,
      summary: 'Messages that could not be delivered, newest first',
      querystring: z.object({ cursor: pageQuery.cursor }),
      response: {
        200: undeliveredPageSchema,
        ...problems(400, 401, 403),
      },
    },
    handler: async (request, reply) => {
      const page = await listUndelivered(pool, cursorOf(request.query));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      const messages = page.letters.map(({ workspace, ended_at, ...letter }) => ({
        ...letter,
        workspace_id: workspace,
        ended_at: ended_at.toString(),
      }));
      return reply.send({ messages, next_cursor: page.next_cursor });
    },
  });
}

function registerRetry(app: App, { clock, pool }: ConsoleDeps): void {
  app.route({
    method: 'POST',
    url: '/api/admin/alerts/undelivered/:id/retry',
    config,
    schema: {
      tags,
      summary: 'Sends an undelivered message again, under the same id',
      params: z.object({ id: uuidSchema }),
      response: { 202: z.object({ id: uuidSchema }), ...problems(400, 401, 403, 404) },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const now = clock.now();
      const refused = await transaction(pool, async (connection) => {
        const missing = await retryUndelivered(connection, id, now);
        if (missing !== undefined) return missing;
        await appendAudit(connection, {
          at: now,
          actor: callerOf(request).actor,
          workspace: null,
          action: 'alerts.retry',
          subject: `message:${id}`,
          detail: {},
        });
        return undefined;
      });
      if (refused !== undefined) return sendRefusal(request, reply, refused);
      return reply.code(202).send({ id });
    },
  });
}
