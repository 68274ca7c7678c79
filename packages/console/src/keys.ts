import { appendAudit } from '@purser/audit';
import { isRefusal, PLATFORM, type WorkspaceId } from '@purser/core';
import type { ApiKey } from '@purser/identity';
import { z } from 'zod';
import { instantSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, createOnce, problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';

const keySchema = z.object({
  id: uuidSchema,
  kind: z.enum(['workspace', 'platform']),
  workspace_id: uuidSchema.nullable(),
  name: z.string(),
  prefix: z.string().describe('Its first characters, enough to tell it from the others.'),
  created_at: instantSchema,
  revoked_at: instantSchema.nullable(),
});

const config = { access: 'admin' } as const;

/** More keys for a workspace, and the keys of the founder's own backend. */
export function registerKeys(app: App, deps: ConsoleDeps): void {
  registerCreate(app, deps);
  registerList(app, deps);
  registerRevoke(app, deps);
}

function registerCreate(app: App, deps: ConsoleDeps): void {
  const { identity, clock } = deps;
  app.route({
    method: 'POST',
    url: '/api/admin/keys',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Creates a key: of a workspace, or without one a platform key, which acts for any workspace it names',
      body: z.strictObject({ workspace_id: uuidSchema.optional(), name: z.string().min(1).max(200) }),
      response: {
        201: keySchema.extend({ key: z.string().describe('Shown this once.') }),
        ...problems(400, 401, 403, 404, 409, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const { name, workspace_id } = request.body;
      return createOnce(deps, request, reply, async (connection) => {
        const workspace = workspace_id as WorkspaceId | undefined;
        const created = await identity.createKey({ name, ...(workspace !== undefined && { workspace }) }, connection);
        if (isRefusal(created)) return created;
        await appendAudit(connection, {
          at: clock.now(),
          actor: callerOf(request).actor,
          workspace: workspace ?? null,
          action: 'key.create',
          subject: `key:${created.key.id}`,
          detail: { kind: created.key.kind, name, prefix: created.key.prefix },
        });
        return { ...wireKey(created.key), key: created.secret };
      });
    },
  });
}

function registerList(app: App, { identity }: ConsoleDeps): void {
  app.route({
    method: 'GET',
    url: '/api/admin/keys',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'The keys of a workspace, or without one the platform keys',
      querystring: z.object({ workspace_id: uuidSchema.optional() }),
      response: { 200: z.object({ keys: z.array(keySchema) }), ...problems(400, 401, 403) },
    },
    handler: async (request, reply) => {
      const keys = await identity.listKeys((request.query.workspace_id as WorkspaceId | undefined) ?? PLATFORM);
      return reply.send({ keys: keys.map(wireKey) });
    },
  });
}

function registerRevoke(app: App, { identity, clock }: ConsoleDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/admin/keys/:id',
    config,
    schema: {
      tags: ['Administration'],
      summary: 'Revokes a key; every server knows within a second',
      params: z.object({ id: z.string() }),
      response: { 200: keySchema, ...problems(401, 403, 404) },
    },
    handler: async (request, reply) => {
      const { actor } = callerOf(request);
      const revoked = await identity.revokeKey(
        request.params.id,
        undefined,
        (connection, { id, kind, workspace, name, prefix }) =>
          appendAudit(connection, {
            at: clock.now(),
            actor,
            workspace: kind === 'platform' ? null : workspace,
            action: 'key.revoke',
            subject: `key:${id}`,
            detail: { kind, name, prefix },
          }),
      );
      return isRefusal(revoked) ? sendRefusal(request, reply, revoked) : reply.send(wireKey(revoked));
    },
  });
}

function wireKey(key: ApiKey): z.infer<typeof keySchema> {
  return {
    id: key.id,
    kind: key.kind,
    workspace_id: key.kind === 'platform' ? null : key.workspace,
    name: key.name,
    prefix: key.prefix,
    created_at: key.created_at.toString(),
    revoked_at: key.revoked_at?.toString() ?? null,
  };
}
