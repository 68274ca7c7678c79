import { RefusalError, refuse } from '@purser/core';
import type { FastifyRequest } from 'fastify';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that a browser signed with our cookie was made by our own page. Reading is free; changing wants
 * `Sec-Fetch-Site: same-origin`, or from browsers without it an `Origin` that is the host they called.
 */
export function changesFromElsewhere(request: FastifyRequest): boolean {
  if (SAFE.has(request.method)) return false;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin';
  const { origin } = request.headers;
  if (origin === undefined || !URL.canParse(origin)) return true;
  return new URL(origin).host !== request.client.host;
}

/** Nobody is signed in, or out of what they had, by another site's page. An app of an allowed origin keeps its token itself. */
export function refuseOtherSites(request: FastifyRequest, wantsCookie: boolean): void {
  const { cookie, origin } = request.headers;
  if (cookie === undefined && (origin === undefined || (request.origin_allowed && !wantsCookie))) return;
  if (!changesFromElsewhere(request)) return;
  throw new RefusalError(
    refuse(
      'forbidden',
      'signing in with cookies must be asked for by a page of the same origin; an app of an allowed one sends "cookie": false',
    ),
  );
}
