import { isRefusal, RefusalError } from '@purser/base';
import { type Caller, hasRole } from '@purser/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { RouteDeps } from '../deps.ts';
import { sendRefusal } from '../http/answer-failure.ts';
import { SESSION_COOKIE } from '../http/authenticate.ts';
import { problems } from '../http/responses.ts';
import type { App } from '../http/types.ts';
import { instantSchema, uuidSchema } from '../http/wire.ts';

const workspaceSchema = z.object({ id: uuidSchema, name: z.string(), plan: z.string() });

const sessionSchema = z.union([
  z.object({ kind: z.literal('workspace'), workspace: workspaceSchema }),
  z.object({ kind: z.literal('admin'), workspace: workspaceSchema.nullable() }),
  z.object({ kind: z.null() }),
]);

/** Signing in by a key: the browser gets a cookie its scripts cannot read, other clients a token. */
export function registerSession(app: App, deps: RouteDeps): void {
  const { identity, clock, strangers } = deps;
  app.route({
    method: 'POST',
    url: '/api/session',
    config: { access: 'public' },
    schema: {
      tags: ['Session'],
      summary: 'Signs in by a key',
      body: z.strictObject({
        key: z.string().min(1).max(500).describe('A workspace key or the admin token.'),
        cookie: z.boolean().default(true).describe('False: the token comes in the answer, and no cookie is set.'),
      }),
      response: {
        201: z.object({ session: sessionSchema, token: z.string().optional(), expires_at: instantSchema }),
        ...problems(400, 401, 403, 429, 503),
      },
    },
    handler: async (request, reply) => {
      const flooding = strangers.refusal(request.ip);
      if (flooding !== undefined) return sendRefusal(request, reply, flooding);
      const credentials = { authorization: `Bearer ${request.body.key.trim()}` };
      const started = await identity.startSession(credentials);
      if (isRefusal(started)) {
        if (started.code === 'unauthenticated') strangers.count(request.ip);
        return sendRefusal(request, reply, started);
      }
      const caller = await identity.authenticate({ authorization: `Bearer ${started.token}` });
      if (isRefusal(caller)) throw new RefusalError(caller);
      const session = { session: describeSession(caller), expires_at: started.expires_at.toString() };
      reply.code(201).header('cache-control', 'no-store');
      if (!request.body.cookie) return reply.send({ ...session, token: started.token });
      const seconds = Math.max(0, Math.floor(started.expires_at.since(clock.now()).total('seconds')));
      setCookie(request, reply, started.token, seconds);
      return reply.send(session);
    },
  });

  app.route({
    method: 'GET',
    url: '/api/session',
    config: { access: 'public' },
    schema: { tags: ['Session'], summary: 'Who is signed in', response: { 200: sessionSchema, ...problems(503) } },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return reply.send(request.caller === null ? { kind: null } : describeSession(request.caller));
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/session',
    config: { access: 'signed_in' },
    schema: {
      tags: ['Session'],
      summary: 'Signs out',
      response: { 204: z.undefined().describe('Signed out'), ...problems(401, 403, 503) },
    },
    handler: async (request, reply) => {
      const token = presentedToken(request);
      if (token !== undefined) await identity.endSession(token);
      setCookie(request, reply, '', 0);
      return reply.code(204).send();
    },
  });
}

function describeSession(caller: Caller): z.infer<typeof sessionSchema> {
  const { workspace } = caller;
  const shown = workspace && { id: workspace.id, name: workspace.name, plan: workspace.plan };
  if (hasRole(caller, 'admin')) return { kind: 'admin', workspace: shown ?? null };
  return shown === undefined ? { kind: null } : { kind: 'workspace', workspace: shown };
}

/** `Lax` lets a link from elsewhere open the page signed in; what changes something is guarded by its origin as well. */
function setCookie(request: FastifyRequest, reply: FastifyReply, token: string, seconds: number): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header('set-cookie', `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`);
}

function presentedToken({ headers }: FastifyRequest): string | undefined {
  if (headers.authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(headers.authorization)?.[1];
  return new RegExp(`(?:^|; *)${SESSION_COOKIE}=([^;\\s]+)`).exec(headers.cookie ?? '')?.[1];
}
