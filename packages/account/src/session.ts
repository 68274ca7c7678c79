import { isRefusal, RefusalError, refuse, type WorkspaceId } from '@purser/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { instantSchema, sessionSchema, uuidSchema } from '@purser/api';
import { sendRefusal, callerIfAny, callerOf, SESSION_COOKIE, personOf, problems, refuseOtherSites, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { describeSession } from './describe-session.ts';

const NOT_A_MEMBER = refuse('forbidden', 'you are not a member of that workspace');

/** Signing in by a key: the browser gets a cookie its scripts cannot read, other clients a token. */
export function registerSession(app: App, deps: AccountDeps): void {
  registerSignIn(app, deps);
  registerRead(app, deps);
  registerSwitch(app, deps);
  registerSignOut(app, deps);
}

function registerSignIn(app: App, { identity, clock }: AccountDeps): void {
  const { anonymousLimiter } = app;
  app.route({
    method: 'POST',
    url: '/api/session',
    config: { access: 'public' },
    schema: {
      tags: ['Session'],
      summary: 'Signs in with a key',
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
      refuseOtherSites(request, request.body.cookie);
      const flooding = anonymousLimiter.refusal(request.client.address);
      if (flooding !== undefined) return sendRefusal(request, reply, flooding);
      const credentials = { authorization: `Bearer ${request.body.key.trim()}` };
      const started = await identity.startSession(credentials);
      if (isRefusal(started)) {
        if (started.code === 'unauthenticated') anonymousLimiter.count(request.client.address);
        return sendRefusal(request, reply, started);
      }
      const caller = await identity.authenticate({ authorization: `Bearer ${started.token}` });
      if (isRefusal(caller)) throw new RefusalError(caller);
      const session = { session: await describeSession(identity, caller), expires_at: started.expires_at.toString() };
      reply.code(201).header('cache-control', 'no-store');
      if (!request.body.cookie) return reply.send({ ...session, token: started.token });
      const seconds = Math.max(0, Math.floor(started.expires_at.since(clock.now()).total('seconds')));
      setCookie(request, reply, started.token, seconds);
      return reply.send(session);
    },
  });
}

function registerRead(app: App, { identity }: AccountDeps): void {
  app.route({
    method: 'GET',
    url: '/api/session',
    config: { access: 'public' },
    schema: { tags: ['Session'], summary: 'Who is signed in', response: { 200: sessionSchema, ...problems(503) } },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const caller = callerIfAny(request);
      if (caller === null) return reply.send({ kind: null });
      if (caller.person !== undefined && request.headers.authorization === undefined) {
        const renewed = await identity.persons.renew({ cookie: request.headers.cookie });
        if (renewed.length > 0) reply.header('set-cookie', renewed);
      }
      return reply.send(await describeSession(identity, caller));
    },
  });
}

function registerSwitch(app: App, { identity }: AccountDeps): void {
  app.route({
    method: 'PATCH',
    url: '/api/session',
    config: { access: 'signed_in' },
    schema: {
      tags: ['Session'],
      summary: 'Switches the session to another workspace of this person',
      body: z.strictObject({ workspace_id: uuidSchema }),
      response: { 200: sessionSchema, ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const person = personOf(request);
      const { workspace_id } = request.body;
      if (!person.memberships.has(workspace_id)) return sendRefusal(request, reply, NOT_A_MEMBER);
      await identity.persons.workIn(person, workspace_id as WorkspaceId);
      const { authorization, cookie } = request.headers;
      const caller = await identity.authenticate({ authorization, cookie });
      if (isRefusal(caller)) throw new RefusalError(caller);
      return reply.send(await describeSession(identity, caller));
    },
  });
}

function registerSignOut(app: App, { identity }: AccountDeps): void {
  app.route({
    method: 'DELETE',
    url: '/api/session',
    config: { access: 'signed_in' },
    schema: {
      tags: ['Session'],
      summary: 'Signs out',
      querystring: z.object({
        everywhere: z.enum(['0', '1']).default('0').describe('1: also on every other device of the person.'),
      }),
      response: { 204: z.undefined().describe('Signed out'), ...problems(400, 401, 403, 503) },
    },
    handler: async (request, reply) => {
      const { person } = callerOf(request);
      if (person !== undefined && request.query.everywhere === '1') await identity.persons.signOutEverywhere(person);
      const token = presentedToken(request);
      if (token !== undefined) await identity.endSession(token);
      setCookie(request, reply, '', 0);
      return reply.code(204).send();
    },
  });
}

/** `Lax` lets a link from elsewhere open the page signed in; what changes something is guarded by its origin as well. */
function setCookie(request: FastifyRequest, reply: FastifyReply, token: string, seconds: number): void {
  const secure = request.client.protocol === 'https' ? '; Secure' : '';
  reply.header('set-cookie', `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure}`);
}

function presentedToken({ headers }: FastifyRequest): string | undefined {
  if (headers.authorization !== undefined) return /^Bearer +(\S+) *$/i.exec(headers.authorization)?.[1];
  return new RegExp(`(?:^|; *)${SESSION_COOKIE}=([^;.\\s]+)`).exec(headers.cookie ?? '')?.[1];
}
