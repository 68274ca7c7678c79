import { existsSync } from 'node:fs';
import { join } from 'node:path';

import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { SESSION_COOKIE } from './authenticate.ts';
import { PAGE_POLICY } from './security-headers.ts';
import type { App } from './types.ts';

/**
 * The web client's built files. Those under /assets carry their content's hash in their name and never change; the page
 * itself is asked for again each time. Paths of the client's own screens all answer with the page.
 */
export async function registerWebClient(app: App, web_directory: string | undefined): Promise<void> {
  if (web_directory === undefined || !existsSync(join(web_directory, 'index.html'))) return;
  await app.register(async (pages: FastifyInstance) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' };
      route.schema = { ...route.schema, hide: true };
    });
    await pages.register(fastifyStatic, {
      root: web_directory,
      wildcard: false,
      // What stands at `/` depends on who asks.
      index: false,
      // The build leaves `.br` and `.gz` beside each file; they have no address of their own.
      preCompressed: true,
      globIgnore: ['**/*.br', '**/*.gz'],
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header('content-security-policy', PAGE_POLICY);
        reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    const has_signed_out = existsSync(join(web_directory, SIGNED_OUT));
    pages.get('/*', async (request, reply) => {
      if (!isScreen(request)) return reply.callNotFound();
      reply.header('vary', 'accept-encoding, cookie');
      return reply.sendFile(has_signed_out && isFirstVisit(request) ? SIGNED_OUT : 'index.html');
    });
  });
}

/** The page with its first screen in it, for those who have no session: they see it before a script has run. */
const SIGNED_OUT = 'signed-out.html';

function isFirstVisit({ url, headers }: FastifyRequest): boolean {
  return url.split('?', 1)[0] === '/' && headers.cookie?.includes(`${SESSION_COOKIE}=`) !== true;
}

/** The areas of the API: an unknown path in them is an error, and never the page. */
const API = /^\/(?:api|v1|problems|metrics|healthz|readyz)(?:\/|$)/;

/** Whether somebody looks at a page: a browser asks for HTML, at a path without a file's ending. */
function isScreen(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '/';
  return request.headers.accept?.includes('text/html') === true && !API.test(path) && !/\.[^/]*$/.test(path);
}
