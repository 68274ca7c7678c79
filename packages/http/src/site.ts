import { isIPv4 } from 'node:net';

import type { FastifyRequest } from 'fastify';

/** What the world calls this installation. */
export interface Site {
  /** The origin: `https://purser.example`. */
  readonly origin: string;
  /** Whether the operator said so, or it is only host and port. */
  readonly configured: boolean;
  /** The origin of the web client when that is served from elsewhere. */
  readonly web_origin?: string | undefined;
}

/**
 * Where a browser that called comes back to from another site. A caller writes its `Host` itself, so that is believed for the names of
 * this machine alone, and only while the operator has not said what the world calls it.
 */
export function siteFor(request: FastifyRequest, site: Site): string {
  if (site.web_origin !== undefined) return site.web_origin;
  const called = `http://${request.headers.host ?? ''}`;
  if (site.configured || !URL.canParse(called)) return site.origin;
  const { hostname, origin } = new URL(called);
  return isLoopback(hostname) ? origin : site.origin;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
