import type { WorkspaceId } from '@purser/core';

/** A model of a provider that calls are sent to. */
export interface Route {
  readonly provider: string;
  /** Its id, which no other model has. */
  readonly model: string;
}

/** A model of a provider, or (`model` null) all of them. */
export interface RouteKey {
  readonly provider: string;
  readonly model: string | null;
}

/**
 * Why no call goes there: one cost more than its hold, it fails again and again, it refuses our key, or so much is unresolved with it
 * that more would endanger the margin.
 */
export type ClosedReason = 'overrun' | 'failing' | 'key' | 'unresolved';

/** What stands against a route, for everybody or for one workspace. */
export interface Closing {
  /** `open`: calls go there. `closed`: none does until the wait is over; then one may try it. `tried`: it is being tried, for as long as the wait lasts. */
  readonly state: 'open' | 'closed' | 'tried';
  readonly reason: ClosedReason | null;
  /** What was said last, for operators. */
  readonly why: string | null;
  /** In a row, over all servers. */
  readonly failures: number;
  /** How often in a row it closed. */
  readonly times: number;
  /** Left of the wait; 0 when it is over. */
  readonly wait_ms: number;
  /** Who tries it. */
  readonly probe: string | null;
}

/** What the calls of one workspace alone have come to: it is kept away alone. */
export interface OwnClosing extends Closing {
  readonly workspace: WorkspaceId;
  /** Calls of it that cost more than was held for them, each within a day of the one before. */
  readonly overruns: number;
  /** Since its last failure or overrun. */
  readonly age_ms: number;
  /** An independent workspace that failed since a call of anybody was served: what it met may close the route for everybody. */
  readonly witness: boolean;
}

/** Everything that is known of one route. One of which nothing is known has no record. */
export interface RouteRecord extends RouteKey, Closing {
  /** Whether it keeps the output limit: a probe showed it, or one has to before the next call. Null: nothing is known. */
  readonly proof: 'kept' | 'needed' | null;
  /** The name of the output limit with which a probe showed it; null where the protocol has but one. */
  readonly output_limit: string | null;
  readonly own: readonly OwnClosing[];
}

/** What a probe found: the output limit was kept, under which name, or it was not. */
export type Proof =
  | { readonly kept: true; readonly output_limit: string | null }
  | { readonly kept: false; readonly why: string };

export interface FailedEvent {
  readonly kind: 'failed';
  readonly reason: ClosedReason;
  readonly why: string;
  /** Whom it closes at once, whatever came before; null: nobody. */
  readonly at_once: 'everybody' | 'workspace' | null;
  /** Whose call it was; null: nobody's. */
  readonly by: WorkspaceId | null;
  /** Whether that is no workspace of somebody who can have any number of them. */
  readonly independent: boolean;
  /** Whether half of what was sent lately failed: of everybody's, by half of the workspaces, and of that workspace's own. */
  readonly half: { readonly everybody: boolean; readonly own: boolean };
  readonly probe: string | null;
  readonly wait_ms?: number;
}

export type RouteEvent =
  | FailedEvent
  | { readonly kind: 'served'; readonly workspace: WorkspaceId; readonly probe: string | null }
  | { readonly kind: 'overran'; readonly workspace: WorkspaceId; readonly why: string }
  | { readonly kind: 'proved'; readonly proof: Proof; readonly probe: string | null }
  | { readonly kind: 'claim'; readonly workspace: WorkspaceId; readonly probe: string; readonly lease_ms: number }
  /** A try that told nothing gives its place to the next. */
  | { readonly kind: 'returned'; readonly probe: string }
  /** What kept it closed for that reason is over. */
  | { readonly kind: 'resolved'; readonly reason: ClosedReason };

export interface RouteLimits {
  /** So many failures in a row close a route. */
  readonly failures_max: number;
  /** From so many independent workspaces at least, within `witness_ms`, for everybody. */
  readonly witnesses_min: number;
  readonly witness_ms: number;
  /** For each of them it stays closed so long. */
  readonly witness_closed_ms: number;
  /** For one workspace, and for what is said of our account or of a model: so long the first time; doubles each time a try fails. */
  readonly failing_closed_ms: number;
  readonly failing_closed_ms_max: number;
  /** After an overrun, until a probe: doubles for each further workspace up to `probe_within_ms`, and for each probe that fails up to `unproven_closed_ms_max`. */
  readonly overrun_closed_ms: number;
  readonly probe_within_ms: number;
  readonly unproven_closed_ms_max: number;
  /** For the workspace whose call overran; doubles each time. */
  readonly workspace_closed_ms: number;
  readonly workspace_closed_ms_max: number;
}

export const ROUTE_LIMITS: RouteLimits = {
  failures_max: 5,
  witnesses_min: 3,
  witness_ms: 60_000,
  witness_closed_ms: 5_000,
  failing_closed_ms: 30_000,
  failing_closed_ms_max: 300_000,
  overrun_closed_ms: 5_000,
  probe_within_ms: 60_000,
  unproven_closed_ms_max: 3_600_000,
  workspace_closed_ms: 60_000,
  workspace_closed_ms_max: 3_600_000,
};

export const NOTHING_AGAINST: Closing = Object.freeze({
  state: 'open',
  reason: null,
  why: null,
  failures: 0,
  times: 0,
  wait_ms: 0,
  probe: null,
});

/** Nothing is known that anybody has to be told. */
export function isIdle({ state, failures, proof, own }: RouteRecord): boolean {
  return state === 'open' && failures === 0 && proof === null && own.length === 0;
}

/** The record as it is so much later. */
export function later(record: RouteRecord, passed_ms: number): RouteRecord {
  const wait = (wait_ms: number): number => Math.max(0, wait_ms - passed_ms);
  return {
    ...record,
    wait_ms: wait(record.wait_ms),
    own: record.own.map((one) => ({ ...one, wait_ms: wait(one.wait_ms), age_ms: one.age_ms + passed_ms })),
  };
}
