import { unreachable } from '@purser/base';
import type { LicenceTerms } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import type { Window } from '@purser/meters';

import type { LicenceStage } from './policy.ts';

export interface LicenceEffect {
  readonly stage: LicenceStage;
  /** What is left of the features. */
  readonly features: ReadonlySet<string>;
  readonly lost: readonly string[];
  /** How long this stage lasts by itself. */
  readonly valid: Window;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);
const DAY_HOURS = 24;

/** A failed payment takes the first step of the terms at once, and the rest when the grace is over; a cancelled licence has none of them. */
export function licenceEffect(question: {
  workspace: Pick<Workspace, 'license' | 'license_since'>;
  terms: LicenceTerms;
  features: readonly string[];
  now: Temporal.Instant;
}): LicenceEffect {
  const { stage, valid } = licenceStage(question.workspace, question.terms.grace_days, question.now);
  const taken = takenAt(stage, question.terms.degrade);
  return {
    stage,
    features: new Set(question.features.filter((feature) => !taken.includes(feature))),
    lost: question.features.filter((feature) => taken.includes(feature)),
    valid,
  };
}

/**
 * How far a failed payment has taken things at `now`, and how long that lasts by itself. A day of grace is 24 hours, not a date:
 * the same instant for everyone, which no time zone and no change to summer time moves.
 */
export function licenceStage(
  { license, license_since }: Pick<Workspace, 'license' | 'license_since'>,
  grace_days: number,
  now: Temporal.Instant,
): { stage: LicenceStage; valid: Window } {
  switch (license) {
    case 'active':
    case 'cancelled':
      return { stage: license, valid: { start: EPOCH, end: null } };
    case 'grace': {
      const over = license_since.add({ hours: grace_days * DAY_HOURS });
      return Temporal.Instant.compare(now, over) < 0
        ? { stage: 'grace', valid: { start: EPOCH, end: over } }
        : { stage: 'degraded', valid: { start: over, end: null } };
    }
    default:
      return unreachable(license);
  }
}

function takenAt(stage: LicenceStage, degrade: LicenceTerms['degrade']): readonly string[] {
  switch (stage) {
    case 'active':
      return [];
    case 'grace':
      return degrade[0] ?? [];
    case 'degraded':
    case 'cancelled':
      return degrade.flat();
    default:
      return unreachable(stage);
  }
}
