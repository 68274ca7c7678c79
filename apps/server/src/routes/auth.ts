import { isRefusal, ownPath, RefusalError, refuse } from '@purser/base';
import type { SignedIn } from '@purser/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { RouteDeps } from '../deps.ts';
import { sendRefusal } from '../http/answer-failure.ts';
import { deviceOf } from '../http/device.ts';
import { redirectWithin } from '../http/own-redirect.ts';
import { problems } from '../http/responses.ts';
import { changesFromElsewhere } from '../http/same-origin.ts';
import type { App } from '../http/types.ts';
import { describeSession, sessionSchema } from './describe-session.ts';

const startedSchema = z.object({
  session: sessionSchema,
  token: z.string().optional().describe('When no cookie was wanted.'),
});
const wantsCookie = z.boolean().default(true).describe('False: the token comes in the answer, and no session cookie is set.');
const callbackURL = z.string().max(500).optional().describe('A path on this site, such as /studio.');

const NOT_OURS = refuse('invalid_request', 'callbackURL wants a path on this site, such as /studio');

/** Signing in as a person: without saying who one is, or by a link that goes to a mailbox. */
export function registerAuth(app: App, deps: RouteDeps): void {
  const { identity, strangers, site } = deps;
  const { persons } = identity;
  const config = { access: 'public' } as const;

  app.route({
    method: 'POST',
    url: '/api/auth/sign-in/anonymous',
    config,
    schema: {
      tags: ['Session'],
      summary: 'Begins an anonymous session with a personal workspace; who has a session keeps it',
      body: z.strictObject({ timezone: z.string().min(1).max(100).optional().describe('IANA.'), cookie: wantsCookie }),
      response: { 200: startedSchema, 201: startedSchema, ...problems(400, 403, 409, 429, 503) },
    },
    handler: async (request, reply) => {
      sameSiteOnly(request);
      reply.header('cache-control', 'no-store');
      const { caller } = request;
      if (caller?.person !== undefined) return reply.send({ session: await describeSession(identity, caller) });
      const { origin, set_cookie } = deviceOf(request);
      const flooding = strangers.refusal(request.client.address);
      if (flooding !== undefined) return sendRefusal(request, reply, flooding);
      const signedIn = await persons.signInAnonymously(origin, request.body.timezone);
      if (isRefusal(signedIn)) {
        strangers.count(request.client.address);
        return sendRefusal(request, reply, signedIn);
      }
      reply.code(201).header('set-cookie', set_cookie);
      return sendStarted(reply, signedIn, request.body.cookie);
    },
  });

  app.route({
    method: 'POST',
    url: '/api/auth/sign-in/magic-link',
    config,
    schema: {
      tags: ['Session'],
      summary: 'Sends a link to a mailbox that signs in whoever opens it',
      body: z.strictObject({ email: z.email().max(320), callbackURL }),
      response: { 202: z.object({ sent: z.literal(true) }), ...problems(400, 403, 429, 501, 503) },
    },
    handler: async (request, reply) => {
      sameSiteOnly(request);
      const { email, callbackURL: callback } = request.body;
      const sent = await persons.requestLink(email, request.client.address, callback, request.caller?.person);
      if (isRefusal(sent)) return sendRefusal(request, reply, sent);
      return reply.code(202).send({ sent });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/auth/magic-link/verify',
    // Mail scanners look at links by HEAD, and would use this one up.
    exposeHeadRoute: false,
    config,
    schema: {
      tags: ['Session'],
      summary: 'Signs in by the token of a link; what an anonymous session that asked for it has goes over to the person',
      querystring: z.object({
        token: z.string().min(1).max(200),
        callbackURL,
        cookie: z.stringbool().default(true).describe('False: the token comes in the answer, and no session cookie is set.'),
      }),
      response: {
        200: startedSchema,
        303: z.undefined().describe('Signed in, on to `callbackURL`; with `?error=…` when the link was used or is too old'),
        ...problems(400, 401, 429, 503),
      },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const flooding = strangers.refusal(request.client.address);
      if (flooding !== undefined) return sendRefusal(request, reply, flooding);
      const { token, callbackURL: callback, cookie } = request.query;
      const onward = callback === undefined ? undefined : ownPath(callback, site.origin);
      if (callback !== undefined && onward === undefined) return sendRefusal(request, reply, NOT_OURS);
      const { origin, set_cookie } = deviceOf(request);
      const signedIn = await persons.takeLink(token, request.headers, origin);
      if (isRefusal(signedIn)) {
        strangers.count(request.client.address);
        if (onward === undefined || signedIn.code !== 'unauthenticated') return sendRefusal(request, reply, signedIn);
        return redirectWithin(reply, withError(onward));
      }
      reply.header('set-cookie', set_cookie);
      if (onward !== undefined) return redirectWithin(reply.header('set-cookie', signedIn.set_cookies), onward);
      return sendStarted(reply, signedIn, cookie);
    },
  });

  async function sendStarted(reply: FastifyReply, { token, set_cookies }: SignedIn, cookie: boolean): Promise<FastifyReply> {
    const caller = await identity.authenticate({ authorization: `Bearer ${token}` });
    if (isRefusal(caller)) throw new RefusalError(caller);
    const session = await describeSession(identity, caller);
    if (!cookie) return reply.send({ session, token });
    return reply.header('set-cookie', set_cookies).send({ session });
  }
}

/** Tells the page that a link led to that it did not open. */
function withError(onward: string): string {
  const page = new URL(onward, 'http://page');
  page.searchParams.set('error', 'INVALID_TOKEN');
  return page.pathname + page.search + page.hash;
}

/** Nobody is signed in, or out of what they had, by another site's page. */
function sameSiteOnly(request: FastifyRequest): void {
  if (request.headers.cookie === undefined && request.headers.origin === undefined) return;
  if (!changesFromElsewhere(request)) return;
  throw new RefusalError(refuse('forbidden', 'signing in with cookies must be asked for by a page of the same origin'));
}
