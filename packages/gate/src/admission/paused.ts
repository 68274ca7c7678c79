import { type Refusal, refuse } from '@purser/core';
import type { Ladder } from '@purser/catalog';
import type { Policy } from '@purser/policy';

import { buyOffers } from './offers.ts';

const CODES = {
  ceiling: 'cost_ceiling_reached',
  global_budget: 'budget_exhausted',
  pool: 'pool_paused',
} as const satisfies Record<Ladder['watches'], string>;

/** Refuses a feature that a level has paused, with the code of the meter that its ladder watches. */
export function refusePaused(policy: Policy, feature: string): Refusal {
  const pausing = policy.levels.find(({ ladder, level }) =>
    ladder.levels.slice(0, level).some(({ effects }) => effects.pause?.includes(feature) === true),
  );
  const why = policy.degraded.get(`features.${feature}`)?.why ?? 'throttling is active';
  const watches = pausing?.ladder.watches ?? 'ceiling';
  return refuse(CODES[watches], `${feature} is paused: ${why}`, {
    offers: buyOffers(policy.catalog, policy, feature),
    ...(watches === 'pool' && { retryAfterSeconds: PAUSE_LOOKED_AT_SECONDS }),
  });
}

/** A pool frees when its window ends; asking again sooner than this tells nothing new. */
const PAUSE_LOOKED_AT_SECONDS = 3_600;
