import { isRefusal, type Refusal } from '@purser/core';
import { metersFor } from '@purser/policy';

import type { Engine } from '../deps.ts';
import type { CallWatch } from '../execution/call-watch.ts';
import { type Ask, identify, type SizedDraft } from './draft.ts';
import { checkFeature } from './feature.ts';
import { confirmLicense } from './license.ts';
import { checkRate, countRefused } from './rate.ts';
import { route, type Routed } from './route.ts';
import { type HoldStep, takeHold } from './take-hold.ts';

/** A call that every step before the hold has let through, with the models that may serve it. */
export interface Cleared extends Routed {
  /** `performance.now()` at which the call's time is over. */
  readonly deadline_ms: number;
}

/** identify → plan feature → size → rate → route. Each step passes, adjusts or refuses; none of them reserves anything. */
export async function clear(engine: Engine, ask: Ask, watch: CallWatch): Promise<Cleared | Refusal> {
  const deadline_ms = performance.now() + engine.call_timeout_ms;
  const identified = identify(engine, ask);
  if (isRefusal(identified)) return countRefused(engine, ask.caller, ask.arrival, identified);
  const featured = checkFeature(identified);
  const size = isRefusal(featured) ? featured : ask.task.size(featured);
  if (isRefusal(size)) return countRefused(engine, ask.caller, ask.arrival, size);
  const rated = ask.task.rated === false ? undefined : checkRate(engine, identified);
  const refused = rated instanceof Promise ? await rated : rated;
  if (refused !== undefined) return refused;
  const { policy, now, user } = identified;
  const opening = engine.openPeriod(policy, now);
  if (opening) await opening;
  const limits = engine.memberMeters(policy, user);
  const allocated = limits instanceof Promise ? await limits : limits;
  const draft: SizedDraft = {
    ...identified,
    size,
    watch,
    meters: metersFor(ask.task.name, policy, { user: user ?? ask.caller.actor, allocated }, now),
    degraded: size.cut === undefined ? identified.degraded : [...identified.degraded, size.cut],
  };
  const routed = route(draft, engine);
  if (isRefusal(routed)) return routed;
  watch.chose(draft.operation.name, routed.candidates[0]?.id ?? null);
  return { ...routed, deadline_ms };
}

/** Beyond the call's own time: for the drain and for a settle that waits for the database. */
const EXPIRY_SLACK_MS = 30_000;

/** The hold on the first of the candidates that fits. */
export async function admit(engine: Engine, routed: Routed): Promise<HoldStep> {
  if (engine.pause) await engine.pause('before hold');
  const lasts_ms = engine.call_timeout_ms + engine.drain.timeout_ms + EXPIRY_SLACK_MS;
  const expires_at = Temporal.Instant.fromEpochMilliseconds(routed.draft.now.epochMilliseconds + lasts_ms);
  const step = await takeHold(engine.meters, routed, expires_at);
  if (engine.pause) await engine.pause('after hold');
  return 'hold' in step ? confirmLicense(engine, step) : step;
}
