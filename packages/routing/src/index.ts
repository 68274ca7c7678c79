export { breakerOf, type BreakerState } from './breaker.ts';
export {
  AUTO,
  type Candidates,
  candidatesFor,
  type Degradation,
  namable,
  OFFLINE,
  type RoutingPolicy,
  type RoutingQuestion,
} from './candidates.ts';
export { type FitQuestion, fitRequest, type FittedRequest, type Headroom } from './fit-request.ts';
export { type PromptBounds, promptBounds, serialisedBounds } from './prompt-bounds.ts';
export { type ClosedReason, type Proof, type Route, ROUTE_LIMITS, type RouteLimits, type RouteRecord } from './route-record.ts';
export type { RouteOverview, RouteStatus } from './route-status.ts';
export { type Failure, type Probe, RouteStates, type RouteStatesOptions } from './route-states.ts';
export { type ClosedRoute, closedLately, routeStore, routingMigrations } from './route-store.ts';
