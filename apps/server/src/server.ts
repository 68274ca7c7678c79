import { randomBytes } from 'node:crypto';
import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';

import { BrokenInvariant, isRefusal, type Refusal, refuse } from '@purser/core';
import { type Authentication, USER_NAME } from '@purser/identity';
import type { Module } from '@purser/module';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from 'fastify';
import {
  refusalOfThrown,
  sendRefusal,
  sendThrown,
  presentedCredentials,
  refusedAccess,
  UNAUTHENTICATED,
  InFlight,
  clientReader,
  isOwnProxy,
  boundConnections,
  readJsonBodies,
  answerUnknownRoute,
  crossOrigin,
  unpackBodies,
  guardRedirects,
  API_HEADERS,
  showByView,
  AnonymousLimiter,
  type App,
  type RouteFacts,
  compileSerializer,
  compileValidator,
} from '@purser/http';

import type { ServerDeps } from './deps.ts';
import { refusedFeature } from './governed-feature.ts';
import { MODULES } from './modules.ts';
import { registerRoutes } from './routes/index.ts';

/** How long a reader waits at most for settles that are under way. */
const SETTLED_WITHIN_MS = 1_000;

const NO_TEXT = refuse('invalid_request', 'the address holds %00, which no name and no text may');

const SLOW_CLIENTS_EVERY_MS = 1_000;

/** A server that is built and not yet listening. */
export interface BuiltServer {
  readonly app: App;
  readonly routes: readonly RouteFacts[];
  readonly inFlight: InFlight;
}

/**
 * The whole HTTP server around the packages it is given: who calls, within which bounds, to which route, answered how.
 * It decides nothing about money.
 */
export async function buildServer(deps: ServerDeps, modules: readonly Module<ServerDeps>[] = MODULES): Promise<BuiltServer> {
  const { bounds, log } = deps;
  const debugs = log.isLevelEnabled('debug');
  const loggerInstance: FastifyBaseLogger = log;
  const inFlight = new InFlight(bounds);
  const { metrics } = deps;
  metrics.watchInFlight(() => inFlight.requests);
  const { anonymousLimiter } = deps;
  const visitors = new AnonymousLimiter(bounds.public_per_minute_max);
  const registered: RouteOptions[] = [];
  const routes: RouteFacts[] = [];

  const origins = crossOrigin(deps.allowed_origins);

  const app: App = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    // A logger of its own for each request costs more than the id, which the few lines that are written carry themselves.
    childLoggerFactory: (logger) => logger,
    bodyLimit: bounds.small_body_bytes_max,
    requestTimeout: bounds.request_timeout_ms,
    // Node looks for slow clients every 30 s unless told otherwise.
    http: { headersTimeout: bounds.headers_timeout_ms, connectionsCheckingInterval: SLOW_CLIENTS_EVERY_MS },
    forceCloseConnections: 'idle',
    // The name of a member: 256 characters, of two units each at most.
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler: answerUnreadable,
    frameworkErrors(error, request, reply) {
      origins.permit(request, reply);
      sendThrown(request, reply, error);
    },
  }).withTypeProvider();
  app.server.maxConnections = bounds.connections_max;
  boundConnections(app.server, bounds.connections_address_max, isOwnProxy(deps.trust_proxy));
  const readClient = clientReader(deps.trust_proxy);
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(compileSerializer);
  app.decorateRequest('client');
  app.decorateRequest('origin_allowed', false);
  app.decorateRequest('unrecognised', null);
  app.decorateRequest('caller', null);
  app.decorateRequest('body_sha256', null);
  app.decorateRequest('outcome_code', null);
  app.decorateRequest('arrival', null);
  showByView(app, deps.catalog);
  readJsonBodies(app, countArrival);
  unpackBodies(app);
  guardRedirects(app, deps.site.origin);

  // Read when all are there: a plugin's own hook says who may use its routes after this one has seen them.
  app.addHook('onRoute', (route) => {
    registered.push(route);
  });
  app.addHook('onReady', (done) => {
    routes.push(...registered.flatMap(routeFacts));
    const open = routes.find((route) => route.access === undefined);
    done(open === undefined ? undefined : new BrokenInvariant(`route ${open.method} ${open.url} does not say who may use it`));
  });

  app.addHook('onRequest', async (request, reply) => {
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
      metrics.answered(route.url ?? 'unknown', request.method, reply.raw.statusCode, (performance.now() - started_ms) / 1000);
      logAnswer(request, reply, debugs);
    });
    if (isProbe(route.url)) return undefined;
    if (origins.isPreflight(request)) return origins.sendPreflight(request, reply);
    return request.is404 ? receive(request, reply) : admit(request, reply);
  });

  /** What anybody may ask for, as often as one address may. */
  function receive(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const flooding = visitors.refusal(request.client.address);
    if (flooding !== undefined) return sendRefusal(request, reply, flooding);
    visitors.count(request.client.address);
    return undefined;
  }

  /** Who calls, and may they use this route? Before a byte of the body is read. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
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
    // Who reads what calls have left behind reads at least what this server has answered.
    if (request.method === 'GET') await deps.gate.settled(SETTLED_WITHIN_MS);
    const refused =
      refusedAccess(caller, config) ?? (feature === undefined ? undefined : refusedFeature(deps, caller, request, feature));
    return refused === undefined ? undefined : sendRefusal(request, reply, refused);
  }

  /** Who calls too often is refused before what it sends is parsed; the user is the one that the body names. */
  function countArrival(request: FastifyRequest, named: string | undefined): Refusal | undefined | Promise<Refusal | undefined> {
    if (request.caller === null || request.routeOptions.config.spends !== true) return undefined;
    const user = named !== undefined && USER_NAME.test(named) ? named : undefined;
    const arrived = deps.gate.arrive(request.caller, user);
    const settle = (arrival: Awaited<typeof arrived>): Refusal | undefined => {
      if (isRefusal(arrival)) return arrival;
      request.arrival = arrival ?? null;
      return undefined;
    };
    return arrived instanceof Promise ? arrived.then(settle) : settle(arrived);
  }

  function identified(request: FastifyRequest): Authentication {
    const credentials = presentedCredentials(request);
    if (credentials === undefined) return UNAUTHENTICATED;
    return isRefusal(credentials) ? credentials : deps.authenticate(credentials);
  }

  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOfThrown(error);
    if (refusal === undefined || request.caller === null || request.routeOptions.config.spends !== true) {
      return sendThrown(request, reply, error);
    }
    // A body that is refused before the gate has seen it is a mistake of its user as much as one that is refused there.
    return deps.gate
      .mistaken(request.caller, refusal, request.arrival ?? undefined)
      .then((told) => sendRefusal(request, reply, told));
  });
  app.setNotFoundHandler((request, reply) => answerUnknownRoute(request, reply, routes));
  await registerRoutes(app, deps, { inFlight, modules });
  await app.ready();
  return { app, routes, inFlight };
}

function routeFacts({ method, url, config }: RouteOptions): RouteFacts[] {
  const methods = [method].flat().filter((one) => one !== 'HEAD');
  return methods.map((one) => ({ method: one, url, access: config?.access, spends: config?.spends === true }));
}

/** Short, unique over restarts, and cheap: a random word of this process and a count. */
function requestIds(): () => string {
  const word = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${word}-${(count++).toString(36)}`;
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

const NOT_HTTP = [400, 'Bad Request', 'this is not a whole HTTP request'] as const;
/** What Node says of a request that was never one. */
const UNREADABLE: Readonly<Record<string, readonly [status: number, reason: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    `the address and the headers (cookies too) have more than ${maxHeaderSize} bytes; send fewer, or clear the cookies of this site`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come to its end in time'],
};

/** Bytes that are not HTTP, headers too large or too slow: one line, and the connection ends. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason, detail] = UNREADABLE[error.code ?? ''] ?? NOT_HTTP;
  const body = JSON.stringify({
    type: '/problems/invalid_request',
    title: 'The request is not valid',
    status,
    code: 'invalid_request',
    detail,
  });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
