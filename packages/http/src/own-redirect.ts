import { ownPath } from '@purser/core';
import type { FastifyReply } from 'fastify';

import type { App } from './types.ts';

const FIRST_PAGE = '/';

/** Sends a browser on to a page of this site. */
export function redirectWithin(reply: FastifyReply, onward: string): FastifyReply {
  return reply.redirect(onward, 303);
}

/** Whatever any route, of a plugin too, names as the address to go on to: what leads away from this site leads to its first page. */
export function guardRedirects(app: App, site: string): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location');
    if (location !== undefined) reply.header('location', ownPath(String(location), site) ?? FIRST_PAGE);
    done(null, payload);
  });
}
