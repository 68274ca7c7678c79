import { isRefusal, PLATFORM } from '@purser/core';
import type { Invitation } from '@purser/identity';
import { z } from 'zod';
import { instantSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerOf, createOnce, problems, type App } from '@purser/http';

import type { ConsoleDeps } from './deps.ts';
import { wireInvitation } from '@purser/account';

const config = { access: 'admin' } as const;
const tags = ['Administration'];

/** Persons who administer the installation, as the admin token does. */
export function registerOperators(app: App, deps: ConsoleDeps): void {
  registerList(app, deps);
  registerInvite(app, deps);
  registerRemove(app, deps);
}

function registerList(app: App, deps: ConsoleDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'GET',
    url: '/api/admin/operators',
    config,
    schema: {
      tags,
      summary: 'The operators of the installation',
      response: {
        200: z.object({ operators: z.array(z.object({ id: uuidSchema, email: z.string(), joined_at: instantSchema })) }),
        ...problems(401, 403, 503),
      },
    },
    handler: async (_, reply) => {
      const operators = await persons.operators();
      return reply.send({ operators: operators.map((one) => ({ ...one, joined_at: one.joined_at.toString() })) });
    },
  });
}

function registerInvite(app: App, deps: ConsoleDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'POST',
    url: '/api/admin/operators',
    config,
    schema: {
      tags,
      summary: 'Invites an e-mail address to operate the installation',
      body: z.strictObject({ email: z.email().max(320) }),
      response: {
        201: z.object({
          id: uuidSchema,
          email: z.string(),
          role: z.string(),
          invited_at: instantSchema,
          expires_at: instantSchema,
        }),
        ...problems(400, 401, 403, 409, 422, 503),
      },
    },
    handler: async (request, reply) => {
      const { email } = request.body;
      const by = { actor: callerOf(request).actor, role: 'owner', person_id: null } as const;
      let made: Invitation | undefined;
      const sent = await createOnce(deps, request, reply, async (connection) => {
        const invited = await persons.invite({ workspace: PLATFORM, email, role: 'operator' }, by, connection);
        if (isRefusal(invited)) return invited;
        made = invited;
        return wireInvitation(invited);
      });
      if (made !== undefined) await persons.writeInvitation(made, 'operate the installation');
      return sent;
    },
  });
}

function registerRemove(app: App, deps: ConsoleDeps): void {
  const { persons } = deps.identity;
  app.route({
    method: 'DELETE',
    url: '/api/admin/operators/:id',
    config,
    schema: {
      tags,
      summary: 'Removes an operator',
      params: z.object({ id: z.string() }),
      response: { 204: z.undefined().describe('Taken away'), ...problems(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const gone = await persons.removeOperator(request.params.id, callerOf(request).actor);
      return isRefusal(gone) ? sendRefusal(request, reply, gone) : reply.code(204).send();
    },
  });
}
