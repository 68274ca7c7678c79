import { workspaceTransaction } from '@purser/database';
import { type LicenseChange, licenseEvents, licenseHistory, licenseNotice } from '@purser/license';
import { z } from 'zod';
import { instantSchema, uuidSchema } from '@purser/api';
import { workspaceOf, namedWorkspace, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { licenseNoticeSchema, wireNotice } from './license-notice.ts';

const changeSchema = z.object({
  from: z.string(),
  to: z.string(),
  at: instantSchema,
  why: z.string(),
  what_to_do: z.string(),
  reference: z.string().describe('The payment it is about; empty when it is about none.'),
});

const licenseSchema = z.object({
  workspace_id: uuidSchema,
  license: z.string().describe('active, grace, degraded or cancelled.'),
  since: instantSchema,
  license_notice: licenseNoticeSchema.nullable(),
  changes: z.array(changeSchema).describe('Newest first, at most 50.'),
});

const eventSchema = z.object({
  id: z.string(),
  kind: z.string().describe('failed, paid, ended or refunded, as the payment provider reported; set_… by an administrator.'),
  at: instantSchema.describe('When it happened.'),
  reference: z.string(),
  recorded_at: instantSchema,
});

/** Where a license stands, how it came to, and what to do about it. */
export function registerLicense(app: App, deps: AccountDeps): void {
  const { pool, clock, policyOf } = deps;
  app.route({
    method: 'GET',
    url: '/api/license',
    config: { access: 'workspace' },
    schema: {
      tags: ['Workspace'],
      summary: 'The license, and how it changed',
      response: { 200: licenseSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request);
      const now = clock.now();
      const policy = policyOf(workspace, now);
      const changes = await workspaceTransaction(pool, workspace.id, (connection) => licenseHistory(connection, workspace.id));
      return reply.header('cache-control', 'no-store').send({
        workspace_id: workspace.id,
        license: policy.license_stage,
        since: workspace.license_since.toString(),
        license_notice: wireNotice(licenseNotice(policy, now)),
        changes: changes.map(wireChange),
      });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/admin/workspaces/:id/license',
    config: { access: 'admin' },
    schema: {
      tags: ['Administration'],
      summary: 'The events behind a license, and how it changed',
      params: z.object({ id: z.string() }),
      response: {
        200: z.object({
          workspace_id: uuidSchema,
          license: z.string(),
          since: instantSchema,
          events: z.array(eventSchema).describe('By their own time, newest first, at most 50.'),
          changes: z.array(changeSchema),
        }),
        ...problems(401, 403, 404, 503),
      },
    },
    handler: async (request, reply) => {
      const workspace = await namedWorkspace(deps, request.params.id);
      const [events, changes] = await Promise.all([licenseEvents(pool, workspace.id), licenseHistory(pool, workspace.id)]);
      return reply.send({
        workspace_id: workspace.id,
        license: workspace.license,
        since: workspace.license_since.toString(),
        events: events.map((event) => ({ ...event, at: event.at.toString(), recorded_at: event.recorded_at.toString() })),
        changes: changes.map(wireChange),
      });
    },
  });
}

function wireChange({ from, to, at, why, what_to_do, reference }: LicenseChange): z.infer<typeof changeSchema> {
  return { from, to, at: at.toString(), why, what_to_do, reference };
}
