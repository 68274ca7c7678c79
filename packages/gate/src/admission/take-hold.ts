import { refuse, type Refusal, unreachable } from '@purser/core';
import type { Meters } from '@purser/meters';

import { denial, exposedOrSpent, waitForAll, withOffers, withWait } from './denial.ts';
import { type Held, holdFor } from './held.ts';
import { type Remaining, narrow, NOTHING_DENIED } from './remaining.ts';
import { fit, type Routed } from './route.ts';

/** How often a request is made smaller because others were faster, before it is refused. */
const ROUNDS_MAX = 4;

export type HoldStep = Held | Refusal | { readonly replay: string };

/**
 * Fits and holds. Nothing is read beforehand: the first hold is tried as if there were room, and a denial says how much is
 * left, so the request can be clamped or sent to a cheaper model and tried again.
 */
export async function takeHold(meters: Meters, { draft, candidates }: Routed, expires_at: Temporal.Instant): Promise<HoldStep> {
  let left: Remaining = NOTHING_DENIED;
  for (let round = 0; ; round++) {
    const fitted = fit(draft, candidates, left);
    if ('refused' in fitted) return withOffers(draft, withWait(draft, left, await exposedOrSpent(meters, draft, fitted)));
    const held = holdFor(draft, fitted, expires_at, left.granted);
    const outcome = await meters.hold(held.hold);
    switch (outcome.kind) {
      case 'held':
        return held;
      case 'replay':
        return { replay: outcome.hold };
      case 'mismatch':
        return refuse(
          'idempotency_mismatch',
          `the idempotency key was used before with another request; use a new key for a new request`,
        );
      case 'denied': {
        const narrower = round < ROUNDS_MAX ? narrow(draft, left, outcome, held.hold) : undefined;
        if (narrower === undefined) return waitForAll(meters, draft, held.hold, denial(draft, outcome));
        left = narrower;
        break;
      }
      default:
        return unreachable(outcome);
    }
  }
}
