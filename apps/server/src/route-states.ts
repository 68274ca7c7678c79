import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import type { Log } from '@purser/log';
import type { Catalog } from '@purser/catalog';
import { keepWithinBound } from '@purser/gate';
import type { Meters } from '@purser/meters';
import { RouteStates, routeStore } from '@purser/routing';

/** Beyond the call's own time, for its drain. */
const LEASE_SLACK_MS = 15_000;

/** Which models may be called, as all servers share it; of a world that is played, its own. */
export function openRouteStates(parts: {
  readonly pool: Pool;
  readonly log: Log;
  readonly played: boolean;
  readonly call_timeout_ms: number;
}): RouteStates {
  const { pool, log, played, call_timeout_ms } = parts;
  return new RouteStates({
    ...(!played && { store: routeStore(pool) }),
    lease_ms: call_timeout_ms + LEASE_SLACK_MS,
    failed: (err) => log.error({ err }, 'which models may be called could not be read or written'),
    onClosed: (closing) =>
      log.error(
        closing,
        closing.reason === 'overrun'
          ? 'a model is closed until a probe shows that it keeps its output limit'
          : 'a provider fails and is not called for a while',
      ),
  });
}

/** Closes providers with which too much is unresolved, and opens them again when it no longer is. */
export function watchUnresolved(parts: {
  readonly meters: Meters;
  readonly clock: Clock;
  readonly routes: RouteStates;
  readonly catalog: Catalog;
}): () => Promise<void> {
  return () => keepWithinBound(parts, parts.catalog);
}
