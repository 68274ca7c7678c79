import { unreachable, type WorkspaceId } from '@purser/core';

import {
  type Closing,
  type FailedEvent,
  NOTHING_AGAINST,
  type OwnClosing,
  type Proof,
  type RouteEvent,
  type RouteKey,
  type RouteLimits,
  type RouteRecord,
} from './route-record.ts';

/** Of a route at most; the one that failed longest ago is forgotten first. */
const OWN_MAX = 100;
/** For so long a workspace's overruns are remembered, and its failures. */
const OVERRUNS_KEPT_MS = 86_400_000;
const FAILURES_KEPT_MS = 600_000;

type Event<Kind extends RouteEvent['kind']> = Extract<RouteEvent, { kind: Kind }>;

/** What is known of a route after an event; the same object when the event says nothing new. */
export function afterEvent(key: RouteKey, known: RouteRecord | undefined, event: RouteEvent, limits: RouteLimits): RouteRecord {
  const before = known ? withoutOver(known) : { ...NOTHING_AGAINST, ...key, proof: null, output_limit: null, own: [] };
  switch (event.kind) {
    case 'failed':
      return afterFailure(before, event, limits);
    case 'served':
      return afterServed(before, event, limits);
    case 'overran':
      return afterOverrun(before, event, limits);
    case 'proved':
      return afterProof(before, event, limits);
    case 'claim':
      return afterClaim(before, event);
    case 'returned':
      return afterReturn(before, event.probe);
    case 'resolved':
      return before.reason === event.reason ? afterResolved(before) : before;
    default:
      return unreachable(event);
  }
}

/** A workspace whose call overran is kept away by time alone: by then a probe has shown that the limit is kept. */
function withoutOver(known: RouteRecord): RouteRecord {
  const isPast = ({ state, reason, wait_ms }: OwnClosing): boolean => state !== 'open' && reason === 'overrun' && wait_ms === 0;
  if (!known.own.some(isPast)) return known;
  return { ...known, own: known.own.map((one) => (isPast(one) ? { ...one, state: 'open', reason: null, why: null } : one)) };
}

function afterFailure(before: RouteRecord, event: FailedEvent, limits: RouteLimits): RouteRecord {
  const trial = isTriedBy(before, event.probe);
  // What is said of our account or of a model is nobody's doing.
  const doer = event.at_once === 'everybody' && !before.own.some((one) => isTriedBy(one, event.probe)) ? null : event.by;
  const own = doer === null ? before.own : ownAfterFailure(before.own, doer, event, trial, limits);
  const seen = { ...before, failures: before.failures + 1, own };
  if (before.state === 'closed' && before.wait_ms > 0) {
    // What was sent before it closed changes nothing, unless the wait is to be longer.
    const { reason, why, wait_ms } = event;
    return wait_ms !== undefined && wait_ms > before.wait_ms ? { ...seen, reason, why, wait_ms } : seen;
  }
  const witnesses = own.filter(({ witness }) => witness);
  const everybody = event.at_once === 'everybody';
  const closes = everybody || trial || (before.state === 'open' && isProven(seen, witnesses, event, limits));
  if (!closes) return before.state === 'open' ? { ...seen, why: event.why } : seen;
  const wait =
    event.by === null || everybody
      ? failingWait(before.times, limits)
      : Math.min(limits.witness_closed_ms * Math.max(1, witnesses.length), limits.failing_closed_ms_max);
  return {
    ...seen,
    state: 'closed',
    reason: event.reason,
    why: event.why,
    times: before.times + 1,
    wait_ms: event.wait_ms ?? wait,
    probe: null,
    // Whoever bears witness has had its say: the next try is another's.
    own: own.map((one) => (one.witness && one.state === 'open' ? closedAlone(one, event, limits) : one)),
  };
}

/**
 * Whether what fails, fails for everybody. A workspace alone proves nothing, for its prompts may be what fails, and who has one can have
 * several: so many of them are wanted that are independent, within a short time, and nobody's call served in between.
 */
function isProven(
  { failures }: RouteRecord,
  witnesses: readonly OwnClosing[],
  { by, half }: FailedEvent,
  { failures_max, witnesses_min, witness_ms }: RouteLimits,
): boolean {
  if (half.everybody) return true;
  if (failures < failures_max) return false;
  return by === null || witnesses.filter(({ age_ms }) => age_ms <= witness_ms).length >= witnesses_min;
}

function ownAfterFailure(
  own: readonly OwnClosing[],
  workspace: WorkspaceId,
  event: FailedEvent,
  triedForAll: boolean,
  limits: RouteLimits,
): readonly OwnClosing[] {
  return changed(own, workspace, (before) => {
    const witness = before.witness || event.independent;
    const seen = { ...before, failures: before.failures + 1, age_ms: 0, witness };
    if (before.state === 'closed' && before.wait_ms > 0) return seen;
    const often = before.state === 'open' && (seen.failures >= limits.failures_max || event.half.own);
    const closes = often || triedForAll || event.at_once === 'workspace' || isTriedBy(before, event.probe);
    return closes ? closedAlone(seen, event, limits) : { ...seen, why: event.why };
  });
}

function closedAlone(one: OwnClosing, { reason, why }: FailedEvent, limits: RouteLimits): OwnClosing {
  const wait_ms = failingWait(one.times, limits);
  return { ...one, state: 'closed', reason, why, times: one.times + 1, wait_ms, probe: null };
}

function afterServed(before: RouteRecord, { workspace, probe }: Event<'served'>, limits: RouteLimits): RouteRecord {
  const tried = isTriedBy(before, probe);
  // It answers, and has shown nothing of the limit: the next probe waits, or it would be sent again and again.
  if (tried && before.proof === 'needed') return stillUnproven(before, before.why, limits);
  // What was sent before it closed proves nothing about now.
  if (before.state !== 'open' && !tried) return ownServed(before, workspace, probe);
  const after = ownServed(before, workspace, probe);
  const witnesses = after.own.some(({ witness }) => witness);
  if (!tried && before.failures === 0 && !witnesses) return after;
  const own = witnesses ? after.own.map((one) => (one.witness ? { ...one, witness: false } : one)) : after.own;
  return { ...after, ...NOTHING_AGAINST, own };
}

function ownServed(before: RouteRecord, workspace: WorkspaceId, probe: string | null): RouteRecord {
  const one = before.own.find((other) => other.workspace === workspace);
  if (one === undefined || (one.state !== 'open' && !isTriedBy(one, probe))) return before;
  if (one.state === 'open' && one.failures === 0) return before;
  const rest = before.own.filter((other) => other !== one);
  return { ...before, own: one.overruns === 0 ? rest : [...rest, { ...one, ...NOTHING_AGAINST, witness: false }] };
}

function afterOverrun(before: RouteRecord, { workspace, why }: Event<'overran'>, limits: RouteLimits): RouteRecord {
  const own = changed(before.own, workspace, (one) => ({
    ...one,
    state: 'closed',
    reason: 'overrun',
    why,
    overruns: one.overruns + 1,
    wait_ms: Math.max(one.wait_ms, doubled(limits.workspace_closed_ms, one.overruns, limits.workspace_closed_ms_max)),
    probe: null,
    age_ms: 0,
  }));
  const workspaces = own.filter(({ overruns }) => overruns > 0).length;
  const wait_ms = doubled(limits.overrun_closed_ms, workspaces - 1, limits.probe_within_ms);
  return {
    ...before,
    state: 'closed',
    reason: 'overrun',
    why,
    times: 0,
    wait_ms: before.state === 'closed' ? Math.max(before.wait_ms, wait_ms) : wait_ms,
    probe: null,
    proof: 'needed',
    output_limit: null,
    own,
  };
}

function afterProof(
  before: RouteRecord,
  { proof, probe }: { proof: Proof; probe: string | null },
  limits: RouteLimits,
): RouteRecord {
  // It closed while the probe was under way, so that what the probe found is of before.
  if (before.state !== 'open' && !isTriedBy(before, probe)) return before;
  if (proof.kept) {
    const { output_limit } = proof;
    const own = before.own.map((one) => ({ ...one, witness: false }));
    return { ...before, ...NOTHING_AGAINST, proof: 'kept', output_limit, own };
  }
  return stillUnproven(before, proof.why, limits);
}

function stillUnproven(before: RouteRecord, why: string | null, limits: RouteLimits): RouteRecord {
  const times = before.times + 1;
  const wait_ms = doubled(limits.overrun_closed_ms, times, limits.unproven_closed_ms_max);
  return { ...before, state: 'closed', reason: 'overrun', why, times, wait_ms, probe: null, proof: 'needed', output_limit: null };
}

/** The one call that tries it: for everybody, and for its workspace where that alone was kept away. Both or neither. */
function afterClaim(before: RouteRecord, { workspace, probe, lease_ms }: Event<'claim'>): RouteRecord {
  const one = before.own.find((other) => other.workspace === workspace);
  if (before.state !== 'open' && before.wait_ms > 0) return before;
  if (one !== undefined && one.state !== 'open' && one.wait_ms > 0) return before;
  const tried = { state: 'tried', probe, wait_ms: lease_ms } as const;
  const alone = one !== undefined && one.state !== 'open';
  if (!alone) return before.state === 'open' ? before : { ...before, ...tried };
  const own = before.own.map((other) => (other === one ? { ...other, ...tried } : other));
  return { ...before, ...(before.state === 'open' ? {} : tried), own };
}

function afterResolved(before: RouteRecord): RouteRecord {
  if (before.proof !== 'needed') return { ...before, ...NOTHING_AGAINST };
  return { ...before, state: 'closed', reason: 'overrun', wait_ms: 0, probe: null };
}

function afterReturn(before: RouteRecord, probe: string): RouteRecord {
  const free = { state: 'closed', probe: null, wait_ms: 0 } as const;
  const own = before.own.some((one) => isTriedBy(one, probe))
    ? before.own.map((one) => (isTriedBy(one, probe) ? { ...one, ...free } : one))
    : before.own;
  if (!isTriedBy(before, probe)) return own === before.own ? before : { ...before, own };
  return { ...before, ...free, own };
}

function changed(
  own: readonly OwnClosing[],
  workspace: WorkspaceId,
  change: (before: OwnClosing) => OwnClosing,
): readonly OwnClosing[] {
  const found = own.find((one) => one.workspace === workspace);
  const before = found ?? { ...NOTHING_AGAINST, workspace, overruns: 0, age_ms: 0, witness: false };
  const rest = own.filter((one) => one !== found && !isOver(one));
  if (rest.length >= OWN_MAX)
    rest.splice(rest.indexOf(rest.reduce((oldest, one) => (one.age_ms > oldest.age_ms ? one : oldest))), 1);
  return [...rest, change(before)];
}

function isOver({ wait_ms, age_ms, overruns }: OwnClosing): boolean {
  return wait_ms === 0 && age_ms > (overruns > 0 ? OVERRUNS_KEPT_MS : FAILURES_KEPT_MS);
}

export function isTriedBy({ state, probe }: Closing, by: string | null): boolean {
  return state === 'tried' && probe !== null && probe === by;
}

function failingWait(times: number, { failing_closed_ms, failing_closed_ms_max }: RouteLimits): number {
  return doubled(failing_closed_ms, times, failing_closed_ms_max);
}

function doubled(first_ms: number, times: number, longest_ms: number): number {
  return Math.min(first_ms * 2 ** Math.min(times, 30), Math.max(first_ms, longest_ms));
}
