import { isRefusal, type Refusal } from '@purser/core';
import { metersFor } from '@purser/policy';

import type { Engine } from './deps.ts';
import { type Ask, type Draft, identify } from './draft.ts';
import { checkFeature } from './steps/feature.ts';
import { confirmLicense } from './steps/license.ts';
import { checkRate, countRefused } from './steps/rate.ts';
import { fit, route, type Routed } from './steps/route.ts';
import { checkSize } from './steps/size.ts';
import { type HoldStep, takeHold } from './steps/hold.ts';

/** A call that every step before the hold has let through, with the models that may serve it. */
export interface Cleared extends Routed {
  /** `performance.now()` at which the call's time is over. */
  readonly deadline_ms: number;
}

/** identify → plan feature → license → size → rate → route. Each step passes, adjusts or denies; none of them reserves anything. */
export async function clear(engine: Engine, ask: Ask): Promise<Cleared | Refusal> {
  const deadline_ms = performance.now() + engine.call_timeout_ms;
  let draft: Draft | Refusal = identify(engine, ask);
  for (const step of [checkFeature, checkSize]) {
    if (!isRefusal(draft)) draft = step(draft);
  }
  if (isRefusal(draft)) return countRefused(engine, ask.caller, ask.arrival, draft);
  const rated = checkRate(engine, draft);
  draft = rated instanceof Promise ? await rated : rated;
  if (isRefusal(draft)) return draft;
  const opening = engine.openPeriod(draft.policy, draft.now);
  if (opening) await opening;
  const limits = engine.memberMeters(draft.policy, draft.user);
  const member_meters = limits instanceof Promise ? await limits : limits;
  const caller = { user: draft.user ?? ask.caller.actor, allocated: member_meters };
  const routed = route({ ...draft, meters: metersFor('text', draft.policy, caller, draft.now) }, engine);
  return isRefusal(routed) ? routed : { ...routed, deadline_ms };
}

/** Beyond the call's own time: for the drain and for a settle that waits for the database. */
const EXPIRY_SLACK_MS = 30_000;

/** The hold on the first of the candidates that fits. */
export async function admit(engine: Engine, { draft, candidates }: Routed): Promise<HoldStep> {
  if (engine.pause) await engine.pause('before hold');
  const lasts_ms = engine.call_timeout_ms + engine.drain.timeout_ms + EXPIRY_SLACK_MS;
  const expires_at = Temporal.Instant.fromEpochMilliseconds(draft.now.epochMilliseconds + lasts_ms);
  const step = await takeHold(engine.meters, draft, candidates, expires_at, (left) => fit(draft, candidates, left));
  if (engine.pause) await engine.pause('after hold');
  return 'hold' in step ? confirmLicense(engine, step) : step;
}
