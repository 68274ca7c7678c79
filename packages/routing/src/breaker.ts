import type { RouteOverview } from './route-status.ts';

export type BreakerState = 'closed' | 'half_open' | 'open';

/** A route that is closed because its provider fails, in the words of circuit breakers: an open breaker lets no call through. */
export function breakerOf({ state, reason }: RouteOverview): BreakerState {
  if (reason === null || reason === 'overrun') return 'closed';
  return state === 'closed' ? 'open' : 'half_open';
}
