import { appendAudit } from '@purser/audit';
import { isRefusal, PLATFORM, type Refusal, type WorkspaceId } from '@purser/core';
import { hasRole } from '@purser/identity';
import {
  type Alert,
  alertKindSchema,
  alertKinds,
  listAlerts,
  markSeen,
  readSubscriptions,
  replaceSubscriptions,
  type Subscriptions,
  subscriptionsSchema,
} from '@purser/notify';
import { z } from 'zod';
import { alertPageSchema, alertSchema, alertSettingsSchema, pageQuery, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, workspaceOf, problems, type App, cursorOf } from '@purser/http';

import type { AccountDeps } from './deps.ts';

export const alertQuery = {
  ...pageQuery,
  kind: alertKindSchema.optional(),
  unseen: z.enum(['0', '1']).optional().describe('1: only those that nobody has acknowledged.'),
};

const config = { access: 'workspace' } as const;

/** What a workspace should know, and where it wants to be told. */
export function registerAlerts(app: App, deps: AccountDeps): void {
  registerList(app, deps);
  registerKinds(app);
  registerAcknowledge(app, deps);
  registerReadSettings(app, deps);
  registerReplaceSettings(app, deps);
}

function registerList(app: App, { pool }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/alerts',
    config,
    schema: {
      tags: ['Workspace'],
      summary: 'Alerts, newest first',
      querystring: z.object(alertQuery),
      response: { 200: alertPageSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const page = await listAlerts(pool, workspaceOf(request).id, searchOf(request.query));
      if (isRefusal(page)) return sendRefusal(request, reply, page);
      return reply.send({ alerts: page.alerts.map(wireAlert), next_cursor: page.next_cursor });
    },
  });
}

function registerKinds(app: App): void {
  app.route({
    method: 'GET',
    url: '/api/alerts/kinds',
    config: { access: 'signed_in' },
    schema: {
      tags: ['Workspace'],
      summary: 'Kinds of alerts that there are',
      response: {
        200: z.object({ kinds: z.array(z.object({ kind: z.string(), title: z.string() })) }),
        ...problems(401, 403, 503),
      },
    },
    handler: async (request, reply) => {
      const all = hasRole(callerOf(request), 'admin');
      const kinds = alertKinds().filter(({ for_workspace }) => all || for_workspace);
      return reply.send({ kinds: kinds.map(({ kind, title }) => ({ kind, title })) });
    },
  });
}

function registerAcknowledge(app: App, { pool, clock }: AccountDeps): void {
  app.route({
    method: 'POST',
    url: '/api/alerts/:id/seen',
    config,
    schema: {
      tags: ['Workspace'],
      summary: 'Acknowledges an alert',
      params: z.object({ id: uuidSchema }),
      response: { 200: alertSchema, ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const by = callerOf(request).actor;
      const alert = await markSeen(pool, workspaceOf(request).id, { id: request.params.id, by, now: clock.now() });
      return isRefusal(alert) ? sendRefusal(request, reply, alert) : reply.send(wireAlert(alert));
    },
  });
}

function registerReadSettings(app: App, { pool }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/alerts/settings',
    config,
    schema: {
      tags: ['Workspace'],
      summary: 'Thresholds and channels for alerts',
      response: { 200: alertSettingsSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => reply.send(wireSettings(await readSubscriptions(pool, workspaceOf(request).id))),
  });
}

function registerReplaceSettings(app: App, deps: AccountDeps): void {
  app.route({
    method: 'PUT',
    url: '/api/alerts/settings',
    config: { access: 'workspace', manages: true },
    schema: {
      tags: ['Workspace'],
      summary: 'Replaces thresholds and channels for alerts',
      body: subscriptionsSchema,
      response: { 200: alertSettingsSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const kept = await replaceSettings(deps, workspaceOf(request).id, callerOf(request).actor, request.body);
      return isRefusal(kept) ? sendRefusal(request, reply, kept) : reply.send(kept);
    },
  });
}

/** For a workspace, or with the platform for the operator; the trail names who did it, and no address in full. */
export async function replaceSettings(
  { pool, clock, alert_ways }: Pick<AccountDeps, 'pool' | 'clock' | 'alert_ways'>,
  workspace: WorkspaceId,
  actor: string,
  wanted: z.output<typeof subscriptionsSchema>,
): Promise<z.infer<typeof alertSettingsSchema> | Refusal> {
  const now = clock.now();
  const kept = await replaceSubscriptions(pool, wanted, {
    ...alert_ways,
    workspace,
    now,
    also: (connection) =>
      appendAudit(connection, {
        at: now,
        actor,
        workspace: workspace === PLATFORM ? null : workspace,
        action: 'alerts.settings',
        subject: `workspace:${workspace}`,
        detail: { thresholds: wanted.thresholds, digest: wanted.digest, channels: wanted.channels.map(({ kind }) => kind) },
      }),
  });
  return isRefusal(kept) ? kept : wireSettings(kept);
}

export function searchOf(query: {
  cursor?: string | undefined;
  limit?: number | undefined;
  kind?: Alert['kind'] | undefined;
  unseen?: string | undefined;
}) {
  return { cursor: cursorOf(query), limit: query.limit, kind: query.kind, unseen: query.unseen === '1' };
}

export function wireAlert({ workspace, raised_at, seen_at, threshold, ...alert }: Alert): z.infer<typeof alertSchema> {
  return {
    ...alert,
    workspace_id: workspace,
    threshold: threshold === '' ? null : threshold,
    raised_at: raised_at.toString(),
    seen_at: seen_at?.toString() ?? null,
  };
}

export function wireSettings({ thresholds, digest, channels }: Subscriptions): z.infer<typeof alertSettingsSchema> {
  return {
    thresholds: Object.fromEntries(Object.entries(thresholds).map(([key, shares]) => [key, [...shares]])),
    digest,
    channels: channels.map((channel) => ({ ...channel, kinds: channel.kinds === null ? null : [...channel.kinds] })),
  };
}
