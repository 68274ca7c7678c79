import { unreachable } from '@purser/base';

/** A model of a provider, or (`model` null) all of them. */
export interface BreakerKey {
  readonly provider: string;
  readonly model: string | null;
}

/**
 * Why calls are kept away: it failed again and again, it refuses our key, or so much is unresolved with it that more would endanger the
 * margin.
 */
export type BreakerReason = 'failing' | 'key' | 'unresolved';

/** What is known of a route that has failed since it last served. One that has not has no record. */
export interface BreakerRecord extends BreakerKey {
  /** `closed`: calls go there. `open`: none does until the wait is over. `half_open`: one call tries it, for as long as the wait lasts. */
  readonly state: 'closed' | 'open' | 'half_open';
  readonly reason: BreakerReason;
  /** What it said last, for operators. */
  readonly why: string;
  /** In a row, over all servers. */
  readonly failures: number;
  /** How often in a row it opened. */
  readonly openings: number;
  /** Left of the wait; 0 when it is over. */
  readonly wait_ms: number;
  /** Who tries it. */
  readonly probe: string | null;
  /** The one caller all of whose calls failed: it is kept away alone, or its prompts would close the route for the others. Null: several, or all. */
  readonly by: string | null;
}

export type BreakerEvent =
  /** `now`: it opens whatever came before. */
  | {
      readonly kind: 'failed';
      readonly reason: BreakerReason;
      readonly why: string;
      readonly now: boolean;
      readonly probe: string | null;
      readonly wait_ms?: number;
      readonly by: string | null;
    }
  | { readonly kind: 'served'; readonly probe: string | null }
  | { readonly kind: 'claim'; readonly probe: string; readonly lease_ms: number }
  /** A probe that told nothing gives its place to the next. */
  | { readonly kind: 'returned'; readonly probe: string }
  /** What kept it closed for that reason is over. */
  | { readonly kind: 'resolved'; readonly reason: BreakerReason };

export interface BreakerLimits {
  /** So many failures in a row open it. */
  readonly failures_max: number;
  /** How long it stays open the first time; doubles each time a probe fails. */
  readonly open_ms: number;
  readonly open_ms_max: number;
}

/** What a breaker is after an event; null: nothing stands against the route. */
export function afterEvent(
  key: BreakerKey,
  before: BreakerRecord | null,
  event: BreakerEvent,
  limits: BreakerLimits,
): BreakerRecord | null {
  switch (event.kind) {
    case 'failed':
      return afterFailure(key, before, event, limits);
    case 'served':
      // What was sent before it opened proves nothing about now.
      return before === null || before.state === 'closed' || isProbe(before, event.probe) ? null : before;
    case 'claim':
      if (before === null || before.state === 'closed' || before.wait_ms > 0) return before;
      return { ...before, state: 'half_open', probe: event.probe, wait_ms: event.lease_ms };
    case 'returned':
      return before && isProbe(before, event.probe) ? { ...before, state: 'open', probe: null, wait_ms: 0 } : before;
    case 'resolved':
      return before?.reason === event.reason ? null : before;
    default:
      return unreachable(event);
  }
}

function afterFailure(
  { provider, model }: BreakerKey,
  before: BreakerRecord | null,
  { reason, why, now, probe, wait_ms, by }: Extract<BreakerEvent, { kind: 'failed' }>,
  { failures_max, open_ms, open_ms_max }: BreakerLimits,
): BreakerRecord {
  const failures = (before?.failures ?? 0) + 1;
  const openings = before?.openings ?? 0;
  const seen = { provider, model, reason, why, failures, by: before === null || before.by === by ? by : null };
  if (before?.state === 'open' && before.wait_ms > 0) {
    // It is open already: what was sent before changes nothing, unless the wait is to be longer.
    return wait_ms !== undefined && wait_ms > before.wait_ms
      ? { ...seen, state: 'open', openings, wait_ms, probe: null }
      : { ...before, failures, by: seen.by };
  }
  const first = before === null || before.state === 'closed';
  if (!now && !(first ? failures >= failures_max : isProbe(before, probe))) {
    return first ? { ...seen, state: 'closed', openings, wait_ms: 0, probe: null } : { ...before, failures, by: seen.by };
  }
  const wait = wait_ms ?? Math.min(open_ms * 2 ** Math.min(openings, 20), open_ms_max);
  return { ...seen, state: 'open', openings: openings + 1, wait_ms: wait, probe: null };
}

function isProbe({ state, probe }: BreakerRecord, by: string | null): boolean {
  return state === 'half_open' && probe !== null && probe === by;
}
