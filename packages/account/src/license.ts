import { workspaceTransaction } from '@purser/database';
import { type LicenseChange, licenseEvents, licenseHistory, licenseNotice } from '@purser/license';
import { z } from 'zod';
import { type licenseChangeSchema, licenseRecordSchema, licenseSchema } from '@purser/api';
import { workspaceOf, namedWorkspace, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { wireNotice } from './license-notice.ts';

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
        200: licenseRecordSchema,
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

function wireChange({ from, to, at, why, what_to_do, reference }: LicenseChange): z.infer<typeof licenseChangeSchema> {
  return { from, to, at: at.toString(), why, what_to_do, reference };
}
