import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where browser apps of other origins may call; pages and files are for our own alone. */
const API = /^\/(?:api|v1)\//;
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** What our own clients and those of the shapes we speak send. */
const HEADERS =
  /^(?:accept|authorization|content-type|content-encoding|idempotency-key|x-api-key|x-request-id|(?:purser|x-stainless|openai)-[a-z-]{1,40})$/;
const HEADERS_MAX = 50;
const USUAL_HEADERS = ['authorization', 'content-type', 'idempotency-key', 'purser-user', 'purser-workspace', 'x-api-key'];
const EXPOSED = [
  'purser-transaction-id, purser-cost, purser-credits-charged, purser-degraded, purser-offline, idempotency-replayed, retry-after, x-should-retry, x-request-id',
  'x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens',
  'allow, accept-encoding, content-disposition, www-authenticate',
].join(', ');
/** As long as a browser remembers it at most. */
const REMEMBERED_SECONDS = 7_200;

/** Answers for browser apps of other origins. */
export interface CrossOrigin {
  /** Lets an allowed origin read whatever this request is answered with, refusals too. */
  permit(request: FastifyRequest, reply: FastifyReply): void;
  /** Whether a browser asks what an allowed origin may send. */
  isPreflight(request: FastifyRequest): boolean;
  sendPreflight(request: FastifyRequest, reply: FastifyReply): FastifyReply;
}

/**
 * Apps of the allowed origins call with a key or a token that they hold themselves. Cookies are never theirs: no answer allows
 * credentials, and what a cookie signs is changed by our own pages alone.
 */
export function crossOrigin(allowed: readonly string[]): CrossOrigin {
  const origins = new Set(allowed);
  const isAllowed = ({ headers: { origin }, url }: FastifyRequest): boolean =>
    origin !== undefined && origins.has(origin) && API.test(url);
  return {
    permit(request, reply) {
      if (origins.size === 0) return;
      reply.header('vary', 'Origin');
      request.origin_allowed = isAllowed(request);
      if (!request.origin_allowed) return;
      reply.header('access-control-allow-origin', request.headers.origin);
      reply.header('access-control-expose-headers', EXPOSED);
    },
    isPreflight: (request) =>
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined && isAllowed(request),
    sendPreflight: (request, reply) =>
      reply
        .code(204)
        .headers({
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': allowedHeaders(request.headers['access-control-request-headers']),
          'access-control-max-age': String(REMEMBERED_SECONDS),
          vary: 'Origin, Access-Control-Request-Headers',
        })
        .send(),
  };
}

/** Those that are asked for and known here; the usual ones, whatever is asked. */
function allowedHeaders(asked: string | undefined): string {
  const names = (asked ?? '').split(',', HEADERS_MAX).map((name) => name.trim().toLowerCase());
  return [...new Set([...USUAL_HEADERS, ...names.filter((name) => HEADERS.test(name))])].join(', ');
}
