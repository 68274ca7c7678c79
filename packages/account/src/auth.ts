import { isRefusal } from '@purser/core';
import { z } from 'zod';
import { startedSchema } from '@purser/api';
import { sendRefusal, callerIfAny, problems, refuseOtherSites, type App } from '@purser/http';

import type { AccountDeps } from './deps.ts';
import { deviceOf } from './device.ts';
import { describeSession } from './describe-session.ts';
import { registerSignInLink } from './sign-in-link.ts';
import { sendStarted, wantsCookie } from './started-session.ts';

/** Signing in as a person: without saying who one is, or by a link that goes to a mailbox. */
export function registerAuth(app: App, deps: AccountDeps): void {
  const { identity } = deps;
  const { anonymousLimiter } = app;
  const { persons } = identity;
  const config = { access: 'public' } as const;

  app.route({
    method: 'POST',
    url: '/api/auth/sign-in/anonymous',
    config,
    schema: {
      tags: ['Session'],
      summary: 'Starts an anonymous session with a personal workspace; a caller that has a session keeps it',
      body: z.strictObject({ timezone: z.string().min(1).max(100).optional().describe('IANA.'), cookie: wantsCookie }),
      response: { 200: startedSchema, 201: startedSchema, ...problems(400, 403, 409, 429, 503) },
    },
    handler: async (request, reply) => {
      refuseOtherSites(request, request.body.cookie);
      reply.header('cache-control', 'no-store');
      const caller = callerIfAny(request);
      if (caller?.person !== undefined) return reply.send({ session: await describeSession(identity, caller) });
      const { origin, set_cookie } = deviceOf(request);
      const flooding = anonymousLimiter.refusal(request.client.address);
      if (flooding !== undefined) return sendRefusal(request, reply, flooding);
      const signedIn = await persons.signInAnonymously(origin, request.body.timezone);
      if (isRefusal(signedIn)) {
        anonymousLimiter.count(request.client.address);
        return sendRefusal(request, reply, signedIn);
      }
      reply.code(201).header('set-cookie', set_cookie);
      return sendStarted(identity, reply, signedIn, request.body.cookie);
    },
  });
  registerSignInLink(app, deps);
}
