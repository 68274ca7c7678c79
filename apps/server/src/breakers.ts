import type { Clock, Log, Pool } from '@purser/base';
import type { Catalogue } from '@purser/catalog';
import { keepWithinBound } from '@purser/gate';
import type { Meters } from '@purser/meters';
import { breakerStore, CircuitBreakers, localBreakerStore, RouteStates, routeStore } from '@purser/routing';

/** Beyond the call's own time, for its drain. */
const LEASE_SLACK_MS = 15_000;
const ROUTE_CLOSED_MS = 5_000;
const ROUTE_CLOSED_FOR_WORKSPACE_MS = 60_000;

/** The breakers that all servers share; of a world that is played, its own. */
export function openBreakers(parts: {
  readonly pool: Pool;
  readonly log: Log;
  readonly played: boolean;
  readonly call_timeout_ms: number;
}): CircuitBreakers {
  const { pool, log, played, call_timeout_ms } = parts;
  return new CircuitBreakers({
    store: played ? localBreakerStore() : breakerStore(pool),
    lease_ms: call_timeout_ms + LEASE_SLACK_MS,
    ...(played && { read_every_ms: 0 }),
    failed: (err) => log.error({ err }, 'which providers fail could not be read or written'),
    onOpened: ({ provider, model, reason, why, wait_ms }) =>
      log.error({ provider, model, reason, why, wait_ms }, 'a provider fails and is not called for a while'),
  });
}

/** Which models do not keep their output limit, shared and played as the breakers are. */
export function openRouteStates({ pool, log, played }: { pool: Pool; log: Log; played: boolean }): RouteStates {
  return new RouteStates({
    closed_ms: ROUTE_CLOSED_MS,
    workspace_closed_ms: ROUTE_CLOSED_FOR_WORKSPACE_MS,
    ...(!played && { store: routeStore(pool) }),
    failed: (err) => log.error({ err }, 'which models are closed could not be read or written'),
    onClosed: (closed) => log.error(closed, 'a model is closed until a probe has shown that it keeps its output limit'),
  });
}

/** Closes providers with which too much is unresolved, and opens them again when it no longer is. */
export function watchUnresolved(parts: {
  readonly meters: Meters;
  readonly clock: Clock;
  readonly breakers: CircuitBreakers;
  readonly catalogue: Catalogue;
}): () => Promise<void> {
  return () => keepWithinBound(parts, parts.catalogue);
}
