import { isRefusal, refuse } from '@purser/core';
import type { Authentication } from '@purser/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { AppOptions } from './app-options.ts';
import { AnonymousLimiter } from './anonymous-limiter.ts';
import { sendRefusal } from './answer-failure.ts';
import { presentedCredentials, refusedAccess, UNAUTHENTICATED } from './authenticate.ts';
import type { InFlight } from './bounds.ts';
import { clientReader } from './client.ts';
import type { crossOrigin } from './cross-origin.ts';
import { API_HEADERS } from './security-headers.ts';

const NO_TEXT = refuse('invalid_request', 'the URL contains %00, which is not allowed');

interface Around {
  readonly inFlight: InFlight;
  readonly origins: ReturnType<typeof crossOrigin>;
  readonly anonymousLimiter: AnonymousLimiter;
}

type Admit = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** What every request passes before a byte of its body is read: within the bounds, known where it has to be, and allowed. */
export function admission(options: AppOptions, { inFlight, origins, anonymousLimiter }: Around): Admit {
  const readClient = clientReader(options.trust_proxy);
  const debugs = options.log.isLevelEnabled('debug');
  const receive = receiver(options);
  const admit = admitter(options, anonymousLimiter, receive);
  return async (request, reply) => {
    request.client = readClient(request.raw);
    reply.headers(API_HEADERS).header('x-request-id', request.id);
    origins.permit(request, reply);
    const started_ms = performance.now();
    const route = request.routeOptions;
    if (request.url.includes('%00')) return sendRefusal(request, reply, NO_TEXT);
    const leave = inFlight.enter(announcedBytes(request, route.bodyLimit));
    if (isRefusal(leave) && !isProbe(route.url)) return sendRefusal(request, reply, leave);
    // `close` comes after every answer, also when the caller has gone before it was written; `finish` does not.
    reply.raw.once('close', () => {
      if (typeof leave === 'function') leave();
      const seconds = (performance.now() - started_ms) / 1000;
      options.answered(route.url ?? 'unknown', request.method, reply.raw.statusCode, seconds);
      logAnswer(request, reply, debugs);
    });
    if (isProbe(route.url)) return undefined;
    if (origins.isPreflight(request)) return origins.sendPreflight(request, reply);
    return request.is404 ? receive(request, reply) : admit(request, reply);
  };
}

type Receive = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined;

/** What anybody may ask for, as often as one address may. */
function receiver({ bounds }: AppOptions): Receive {
  const visitors = new AnonymousLimiter(bounds.public_per_minute_max);
  return (request, reply) => {
    const flooding = visitors.refusal(request.client.address);
    if (flooding !== undefined) return sendRefusal(request, reply, flooding);
    visitors.count(request.client.address);
    return undefined;
  };
}

/** Who calls, and may they use this route? */
function admitter(options: AppOptions, anonymousLimiter: AnonymousLimiter, receive: Receive): Admit {
  const identified = (request: FastifyRequest): Authentication => {
    const credentials = presentedCredentials(request);
    if (credentials === undefined) return UNAUTHENTICATED;
    return isRefusal(credentials) ? credentials : options.authenticate(credentials);
  };
  return async (request, reply) => {
    const { config } = request.routeOptions;
    const { access, feature } = config;
    const flooding = access === 'public' ? undefined : anonymousLimiter.refusal(request.client.address);
    const caller =
      flooding === undefined
        ? await identified(request)
        : ((await anonymousLimiter.lookUp(() => identified(request))) ?? flooding);
    if (isRefusal(caller)) {
      if (flooding !== undefined && caller.code === 'unauthenticated') return sendRefusal(request, reply, flooding);
      if (access === 'public') {
        if (caller.code === 'overloaded') request.unrecognised = caller;
        return receive(request, reply);
      }
      if (caller.code === 'unauthenticated') anonymousLimiter.count(request.client.address);
      return sendRefusal(request, reply, caller);
    }
    request.caller = caller;
    if (request.method === 'GET') await options.settled();
    const refused =
      refusedAccess(caller, config) ?? (feature === undefined ? undefined : options.refusedFeature(caller, request, feature));
    return refused === undefined ? undefined : sendRefusal(request, reply, refused);
  };
}

function announcedBytes(request: FastifyRequest, limit: number): number {
  // What a packed body comes to is known when it is unpacked.
  if (request.headers['transfer-encoding'] !== undefined || request.headers['content-encoding'] !== undefined) return limit;
  const length = Number(request.headers['content-length'] ?? 0);
  return length > 0 && length < limit ? length : length === 0 ? 0 : limit;
}

/** Probes and figures are answered while everything else is refused: that is when they matter. */
function isProbe(url: string | undefined): boolean {
  return url === '/healthz' || url === '/readyz' || url === '/metrics';
}

/** Above `debug` only what failed leaves a line: a line for every call would cost more than the call. */
function logAnswer(request: FastifyRequest, reply: FastifyReply, debugs: boolean): void {
  const failed = reply.raw.statusCode >= 500;
  if (!failed && !debugs) return;
  request.log[failed ? 'warn' : 'debug'](
    {
      request_id: request.id,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.raw.statusCode,
      code: request.outcome_code,
    },
    'answered',
  );
}
