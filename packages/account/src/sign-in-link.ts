import { isRefusal, ownPath, type Refusal, refuse } from '@purser/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { startedSchema } from '@purser/api';
import {
  problemOfThrown,
  sendRefusal,
  sendThrown,
  callerIfAny,
  redirectWithin,
  escaped,
  type PlainPage,
  problemPage,
  sendPage,
  problemOf,
  problems,
  refuseOtherSites,
  type App,
} from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { deviceOf } from './device.ts';
import { sendStarted, wantsCookie } from './started-session.ts';

const LINK = '/api/auth/magic-link/verify';
const FORM = 'application/x-www-form-urlencoded';
const NOT_OURS = refuse('invalid_request', 'callbackURL wants a path on this site, such as /studio');
const callbackURL = z.string().max(500).optional().describe('A path on this site, such as /studio.');
const token = z.string().min(1).max(200);
const page = z.string().describe('A page');

/**
 * Signing in by a link that goes to a mailbox. Programs that guard mailboxes open links as well, so opening one shows a page and
 * changes nothing; the button on it signs in.
 */
export function registerSignInLink(app: App, deps: AccountDeps): void {
  app.route({
    method: 'POST',
    url: '/api/auth/sign-in/magic-link',
    config: { access: 'public' },
    schema: {
      tags: ['Session'],
      summary: 'Emails a link; its page signs in',
      body: z.strictObject({ email: z.email().max(320), callbackURL }),
      response: { 202: z.object({ sent: z.literal(true) }), ...problems(400, 403, 429, 501, 503) },
    },
    handler: async (request, reply) => {
      refuseOtherSites(request, false);
      const { email, callbackURL: callback } = request.body;
      const sent = await deps.identity.persons.requestLink(email, request.client.address, callback, callerIfAny(request)?.person);
      if (isRefusal(sent)) return sendRefusal(request, reply, sent);
      return reply.code(202).send({ sent });
    },
  });
  void app.register((pages: App, _options: object, done: () => void) => {
    // Forms come from our own page alone, and no other route takes them.
    pages.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, parsed) => {
      parsed(null, Object.fromEntries(new URLSearchParams(String(body))));
    });
    registerPage(pages, deps);
    registerButton(pages, deps);
    done();
  });
}

function registerPage(app: App, { identity, site }: AccountDeps): void {
  const { anonymousLimiter } = app;
  app.route({
    method: 'GET',
    url: LINK,
    config: { access: 'public' },
    errorHandler: failAsPage,
    schema: {
      tags: ['Session'],
      summary: 'The page of a sign-in link: its button signs in. Opening the page changes nothing',
      querystring: z.object({ token, callbackURL }),
      response: { 200: page, ...problems(400, 401, 429, 503) },
    },
    handler: async (request, reply) => {
      const onward = ownPath(request.query.callbackURL ?? '/', site.origin);
      if (onward === undefined) return refuseAsPage(reply, NOT_OURS);
      const flooding = anonymousLimiter.refusal(request.client.address);
      if (flooding !== undefined) return refuseAsPage(reply, flooding);
      const email = await identity.persons.mailboxOf(request.query.token);
      if (!isRefusal(email)) return sendPage(reply, 200, signInPage(email, request.query.token, onward));
      anonymousLimiter.count(request.client.address);
      return refuseAsPage(reply, email);
    },
  });
}

function registerButton(app: App, { identity, site }: AccountDeps): void {
  const { anonymousLimiter } = app;
  app.route({
    method: 'POST',
    url: LINK,
    config: { access: 'public' },
    errorHandler: failAsWanted,
    schema: {
      tags: ['Session'],
      summary: 'Signs in with the token of a link; data of the anonymous session that asked for it moves to the person',
      description: `As ${FORM} it is the form of the link’s page, and redirects to \`callbackURL\`.`,
      body: z.strictObject({ token, callbackURL, cookie: wantsCookie }),
      response: {
        200: startedSchema,
        303: z.undefined().describe('A form: signed in, redirected to `callbackURL`'),
        ...problems(400, 401, 403, 429, 503),
      },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      refuseOtherSites(request, request.body.cookie);
      callerIfAny(request);
      const onward = ownPath(request.body.callbackURL ?? '/', site.origin);
      if (onward === undefined) return refuseAsWanted(request, reply, NOT_OURS);
      const flooding = anonymousLimiter.refusal(request.client.address);
      if (flooding !== undefined) return refuseAsWanted(request, reply, flooding);
      const { origin, set_cookie } = deviceOf(request);
      const signedIn = await identity.persons.takeLink(request.body.token, request.headers, origin);
      if (isRefusal(signedIn)) {
        anonymousLimiter.count(request.client.address);
        return refuseAsWanted(request, reply, signedIn);
      }
      reply.header('set-cookie', set_cookie);
      if (isForm(request)) return redirectWithin(reply.header('set-cookie', signedIn.set_cookies), onward);
      return sendStarted(identity, reply, signedIn, request.body.cookie);
    },
  });
}

function signInPage(email: string, link: string, onward: string): PlainPage {
  return {
    title: `Sign in to Purser as ${email}`,
    body: `<form method="post" action="${LINK}">
<input type="hidden" name="token" value="${escaped(link)}">
<input type="hidden" name="callbackURL" value="${escaped(onward)}">
<button>Sign in</button>
</form>
<p>If you did not ask to sign in, close this page. Nothing happens until the button is pressed.</p>`,
  };
}

const NO_LINK: PlainPage = {
  title: 'This link no longer works',
  body: '<p>It was used already, or has expired.</p>\n<p><a href="/">Ask for a new link</a></p>',
};

function isForm({ headers }: FastifyRequest): boolean {
  return headers['content-type']?.toLowerCase().startsWith(FORM) === true;
}

function refuseAsPage(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const problem = problemOf(refusal, reply.request.view);
  if (problem.retry_after !== undefined) reply.header('retry-after', String(problem.retry_after));
  return sendPage(reply, problem.status, problem.code === 'unauthenticated' ? NO_LINK : problemPage(problem));
}

/** Somebody who pressed a button sees a page; a program reads a problem. */
function refuseAsWanted(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  return isForm(request) ? refuseAsPage(reply, refusal) : sendRefusal(request, reply, refusal);
}

function failAsPage(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOfThrown(error, request.view);
  if (problem.status >= 500) request.log.error({ err: error, request_id: request.id }, 'a link could not be opened');
  if (problem.retry_after !== undefined) reply.header('retry-after', String(problem.retry_after));
  void sendPage(reply, problem.status, problemPage(problem));
}

function failAsWanted(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (isForm(request)) failAsPage(error, request, reply);
  else void sendThrown(request, reply, error);
}
