import { appendAudit } from '@purser/audit';
import { isRefusal, RefusalError, refuse } from '@purser/core';
import type { ApiKey } from '@purser/identity';
import { z } from 'zod';
import { createdKeySchema, keySchema } from '@purser/api';
import { sendRefusal, callerOf, workspaceOf, createOnce, problems, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';

const config = { access: 'manager' } as const;
const tags = ['Keys'];

/** The keys of a workspace, for those who administer it. A key makes no keys: who finds one gets no second. */
export function registerKeys(app: App, deps: AccountDeps): void {
  registerList(app, deps);
  registerCreate(app, deps);
  registerRevoke(app, deps);
}

function registerList(app: App, { identity }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/keys',
    config,
    schema: {
      tags,
      summary: 'The keys of the workspace',
      response: { 200: z.object({ keys: z.array(keySchema) }), ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const keys = await identity.listKeys(workspaceOf(request).id);
      return reply.send({ keys: keys.map(wireKey) });
    },
  });
}

function registerCreate(app: App, deps: AccountDeps): void {
  const { identity, clock } = deps;
  app.route({
    method: 'POST',
    url: '/api/keys',
    config,
    schema: {
      tags,
      summary: 'Creates a key of the workspace',
      body: z.strictObject({ name: z.string().min(1).max(200) }),
      response: {
        201: createdKeySchema,
        ...problems(400, 401, 403, 409, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request).id;
      const { actor, person } = callerOf(request);
      if (person?.email === null) throw new RefusalError(refuse('forbidden', 'sign in by email before you create keys'));
      return createOnce(deps, request, reply, async (connection) => {
        const created = await identity.createKey({ name: request.body.name, workspace }, connection);
        if (isRefusal(created)) return created;
        const { key, secret } = created;
        const detail = { kind: key.kind, name: key.name, prefix: key.prefix };
        await appendAudit(connection, {
          at: clock.now(),
          actor,
          workspace,
          action: 'key.create',
          subject: `key:${key.id}`,
          detail,
        });
        return { ...wireKey(key), key: secret };
      });
    },
  });
}

function registerRevoke(app: App, { identity, clock }: AccountDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/keys/:id',
    config,
    schema: {
      tags,
      summary: 'Revokes a key of the workspace; every server knows within a second',
      params: z.object({ id: z.string() }),
      response: { 200: keySchema, ...problems(400, 401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const workspace = workspaceOf(request).id;
      const { actor } = callerOf(request);
      const revoked = await identity.revokeKey(request.params.id, workspace, (connection, { id, kind, name, prefix }) =>
        appendAudit(connection, {
          at: clock.now(),
          actor,
          workspace,
          action: 'key.revoke',
          subject: `key:${id}`,
          detail: { kind, name, prefix },
        }),
      );
      return isRefusal(revoked) ? sendRefusal(request, reply, revoked) : reply.send(wireKey(revoked));
    },
  });
}

function wireKey({ id, name, prefix, created_at, revoked_at }: ApiKey): z.infer<typeof keySchema> {
  return { id, name, prefix, created_at: created_at.toString(), revoked_at: revoked_at?.toString() ?? null };
}
