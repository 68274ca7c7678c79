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
