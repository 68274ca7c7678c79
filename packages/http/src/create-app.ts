import { maxHeaderSize } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

import { BrokenInvariant } from '@purser/core';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RouteOptions,
} from 'fastify';

import { admission } from './admission.ts';
import { AnonymousLimiter } from './anonymous-limiter.ts';
import { refusalOfThrown, sendRefusal, sendThrown } from './answer-failure.ts';
import type { AppOptions } from './app-options.ts';
import { InFlight } from './bounds.ts';
import { isOwnProxy } from './client.ts';
import { boundConnections } from './connections.ts';
import { crossOrigin } from './cross-origin.ts';
import { unpackBodies } from './encoded-body.ts';
import { readJsonBodies } from './json-body.ts';
import { readMultipartBodies } from './multipart-body.ts';
import { answerUnknownRoute } from './not-found.ts';
import { guardRedirects } from './own-redirect.ts';
import { showByView } from './show-view.ts';
import type { App, RouteFacts } from './types.ts';
import { compileSerializer, compileValidator } from './zod-compilers.ts';

const SLOW_CLIENTS_EVERY_MS = 1_000;

/** A server that is not yet listening, and what is known of it once `ready`. */
export interface CreatedApp {
  readonly app: App;
  /** Every route, once the app is ready. */
  readonly routes: readonly RouteFacts[];
  readonly inFlight: InFlight;
}

/** An HTTP server without endpoints: who calls, within which bounds, to which route, answered how. */
export function createApp(options: AppOptions): CreatedApp {
  const { bounds } = options;
  const inFlight = new InFlight(bounds);
  const origins = crossOrigin(options.allowed_origins);
  const app = bareApp(options, (request, reply) => origins.permit(request, reply));
  app.server.maxConnections = bounds.connections_max;
  boundConnections(app.server, bounds.connections_address_max, isOwnProxy(options.trust_proxy));
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(compileSerializer);
  app.decorate('anonymousLimiter', new AnonymousLimiter(bounds.anonymous_per_minute_max));
  app.decorateRequest('client');
  app.decorateRequest('origin_allowed', false);
  app.decorateRequest('unrecognised', null);
  app.decorateRequest('caller', null);
  app.decorateRequest('body_sha256', null);
  app.decorateRequest('outcome_code', null);
  showByView(app, options.views);
  readJsonBodies(app, options.beforeParsing);
  readMultipartBodies(app, options.beforeParsing);
  unpackBodies(app);
  guardRedirects(app, options.site.origin);
  const routes = watchRoutes(app);
  app.addHook('onRequest', admission(options, { inFlight, origins, anonymousLimiter: app.anonymousLimiter }));
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOfThrown(error);
    const told = refusal && options.refused(request, refusal);
    if (told === undefined) return sendThrown(request, reply, error);
    return told.then((final) => sendRefusal(request, reply, final));
  });
  app.setNotFoundHandler((request, reply) => answerUnknownRoute(request, reply, routes));
  return { app, routes, inFlight };
}

function bareApp({ bounds, log }: AppOptions, permit: (request: FastifyRequest, reply: FastifyReply) => void): App {
  const loggerInstance: FastifyBaseLogger = log;
  return Fastify({
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
      permit(request, reply);
      sendThrown(request, reply, error);
    },
  }).withTypeProvider();
}

/** Every route as it is registered; one that does not say who may use it stops the start. */
function watchRoutes(app: App): readonly RouteFacts[] {
  const registered: RouteOptions[] = [];
  const routes: RouteFacts[] = [];
  // Read when all are there: a plugin's own hook says who may use its routes after this one has seen them.
  app.addHook('onRoute', (route) => {
    registered.push(route);
  });
  app.addHook('onReady', (done) => {
    routes.push(...registered.flatMap(routeFacts));
    const open = routes.find((route) => route.access === undefined);
    done(open === undefined ? undefined : new BrokenInvariant(`route ${open.method} ${open.url} does not say who may use it`));
  });
  return routes;
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

const NOT_HTTP = [400, 'Bad Request', 'this is not a complete HTTP request'] as const;
/** What Node says of a request that was never one. */
const UNREADABLE: Readonly<Record<string, readonly [status: number, reason: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    `URL and headers (with cookies) have more than ${maxHeaderSize} bytes; send fewer, or clear the cookies of this site`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request was not complete in time'],
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
