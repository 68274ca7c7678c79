import type { WorkspaceId } from '@purser/core';

import { isTriedBy } from './after-event.ts';
import type { Closing, ClosedReason, RouteRecord } from './route-record.ts';

/** How a route stands for a call. `why` is for operators: it may name a call of another workspace. */
export interface RouteStatus {
  /** `open`: calls go there. `due`: one call may try it. `to_prove`: a probe comes before the next call. `closed`: none goes there. */
  readonly state: 'open' | 'due' | 'to_prove' | 'closed';
  readonly reason: ClosedReason | null;
  readonly why: string | null;
  readonly retry_ms: number;
}

/** For operators: how it stands for everybody or, where it is open, for those whose own calls keep them away. */
export interface RouteOverview extends RouteStatus {
  /** How many workspaces are kept away by what their own calls have come to. */
  readonly workspaces_kept_away: number;
}

/** A record, and when (monotonic) its waits were as they are in it. */
export interface KnownRoute {
  readonly record: RouteRecord;
  readonly at_ms: number;
}

export const OPEN_ROUTE: RouteStatus = Object.freeze({ state: 'open', reason: null, why: null, retry_ms: 0 });
export const UNPROVEN_ROUTE: RouteStatus = Object.freeze({ ...OPEN_ROUTE, state: 'to_prove' });

/** A try is mostly over within seconds, whatever it may take at most. */
const TRY_MS = 5_000;

export function statusOf(asked: {
  readonly model: KnownRoute | undefined;
  readonly provider: KnownRoute | undefined;
  readonly workspace: WorkspaceId;
  readonly documented: boolean;
  /** Of the call that asks. */
  readonly probe: string | null;
  /** Whether this process has a probe under way, for which a call can wait. */
  readonly proving: boolean;
}): RouteStatus {
  const { model, provider, workspace, documented, probe, proving } = asked;
  const now = performance.now();
  const ofAll = provider && of(provider.record, provider.at_ms, now, probe);
  if (ofAll?.state === 'closed') return ofAll;
  const ofModel = model && of(model.record, model.at_ms, now, probe);
  const own = model?.record.own.find((one) => one.workspace === workspace);
  const ofOwn = own && model && of(own, model.at_ms, now, probe);
  const isClosed = ofModel?.state === 'closed' && !(proving && model?.record.state === 'tried');
  if (ofOwn?.state === 'closed') return isClosed && ofModel.retry_ms > ofOwn.retry_ms ? ofModel : ofOwn;
  if (isClosed) return ofModel;
  const proof = model?.record.proof ?? null;
  if (proof === 'needed' || (proof === null && !documented))
    return { ...(ofModel ?? UNPROVEN_ROUTE), state: 'to_prove', retry_ms: 0 };
  if (ofAll?.state === 'due') return ofAll;
  if (ofModel?.state === 'due') return ofModel;
  return ofOwn?.state === 'due' && own?.reason !== 'overrun' ? ofOwn : OPEN_ROUTE;
}

function of(closing: Closing, at_ms: number, now: number, probe: string | null): RouteStatus {
  const { state, reason, why, wait_ms } = closing;
  if (state === 'open' || isTriedBy(closing, probe)) return OPEN_ROUTE;
  const left_ms = wait_ms - (now - at_ms);
  if (left_ms <= 0) return { state: 'due', reason, why, retry_ms: 0 };
  return { state: 'closed', reason, why, retry_ms: state === 'tried' ? Math.min(left_ms, TRY_MS) : left_ms };
}

export function overviewOf(shared: RouteStatus, known: KnownRoute | undefined): RouteOverview {
  if (known === undefined) return { ...shared, workspaces_kept_away: 0 };
  const now = performance.now();
  const kept = known.record.own.map((one) => of(one, known.at_ms, now, null)).filter(({ state }) => state === 'closed');
  const due = known.record.own.filter(({ state, reason }) => state !== 'open' && reason !== 'overrun');
  const alone = kept.find(({ reason }) => reason !== 'overrun') ?? due.map((one) => of(one, known.at_ms, now, null))[0];
  return { ...(shared.state === 'open' && alone ? alone : shared), workspaces_kept_away: kept.length };
}
