import { isRefusal, type Refusal } from '@purser/core';
import { type App, createApp, type InFlight, type RouteFacts } from '@purser/http';
import { USER_NAME } from '@purser/identity';
import type { Module } from '@purser/module';
import type { FastifyRequest } from 'fastify';

import type { ServerDeps } from './deps.ts';
import { refusedFeature } from './governed-feature.ts';
import { MODULES } from './modules.ts';
import { registerRoutes } from './routes/index.ts';

/** How long a reader waits at most for settles that are under way. */
const SETTLED_WITHIN_MS = 1_000;

/** A server that is built and not yet listening. */
export interface BuiltServer {
  readonly app: App;
  readonly routes: readonly RouteFacts[];
  readonly inFlight: InFlight;
}

/** The whole HTTP server around the parts it is given. It decides nothing about money. */
export async function buildServer(deps: ServerDeps, modules: readonly Module<ServerDeps>[] = MODULES): Promise<BuiltServer> {
  const { gate, metrics } = deps;
  const built = createApp({
    ...deps,
    views: deps.catalog,
    refusedFeature: (caller, request, feature) => refusedFeature(deps, caller, request, feature),
    settled: async () => {
      await gate.settled(SETTLED_WITHIN_MS);
    },
    beforeParsing: (request, user) => countArrival(deps, request, user),
    // A body that is refused before the gate has seen it is a mistake of its user as much as one that is refused there.
    refused: (request, refusal) => {
      const caller = spender(request);
      return caller && gate.recordClientError(caller, refusal, request.arrival ?? undefined);
    },
    answered: (route, method, status, seconds) => metrics.answered(route, method, status, seconds),
  });
  const { app, inFlight } = built;
  app.decorateRequest('arrival', null);
  metrics.watchInFlight(() => inFlight.requests);
  await registerRoutes(app, deps, { inFlight, modules });
  await app.ready();
  return built;
}

/** Who calls a route that spends; undefined: nobody whose mistakes are counted. */
function spender({ caller, routeOptions }: FastifyRequest): NonNullable<FastifyRequest['caller']> | undefined {
  return caller !== null && routeOptions.config.spends === true ? caller : undefined;
}

/** Who calls too often is refused before what it sends is parsed; the user is the one that the body names. */
function countArrival(
  { gate }: Pick<ServerDeps, 'gate'>,
  request: FastifyRequest,
  named: string | undefined,
): Refusal | undefined | Promise<Refusal | undefined> {
  const caller = spender(request);
  if (caller === undefined) return undefined;
  const user = named !== undefined && USER_NAME.test(named) ? named : undefined;
  const arrived = gate.arrive(caller, user);
  const settle = (arrival: Awaited<typeof arrived>): Refusal | undefined => {
    if (isRefusal(arrival)) return arrival;
    request.arrival = arrival ?? null;
    return undefined;
  };
  return arrived instanceof Promise ? arrived.then(settle) : settle(arrived);
}
