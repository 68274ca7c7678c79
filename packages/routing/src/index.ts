export {
  allowedModels,
  AUTO,
  type Candidates,
  candidatesFor,
  type Degradation,
  namable,
  OFFLINE,
  type RoutingPolicy,
  type RoutingQuestion,
} from './candidates.ts';
export { type FitQuestion, fitRequest, type FittedRequest, type Room } from './fit-request.ts';
export { type PromptBounds, promptBounds, serialisedBounds } from './prompt-bounds.ts';
export { type Proof, type RouteState, RouteStates } from './route-states.ts';
export { closedLately, routeStore, routingMigrations } from './route-store.ts';
export type { BreakerReason, BreakerRecord } from './breaker.ts';
export { type BreakerStore, breakerStore, localBreakerStore, openedLately } from './breaker-store.ts';
export { type BreakerStanding, CircuitBreakers, type Failure, type Probe, type Route } from './circuit-breakers.ts';
