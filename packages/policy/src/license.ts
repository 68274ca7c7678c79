import { unreachable } from '@purser/core';
import type { LicenseTerms } from '@purser/catalog';
import type { Workspace } from '@purser/identity';
import type { Window } from '@purser/meters';

import type { LicenseStage } from './policy.ts';

export interface LicenseEffect {
  readonly stage: LicenseStage;
  /** What is left of the features. */
  readonly features: ReadonlySet<string>;
  readonly lost: readonly string[];
  /** How long this stage lasts by itself. */
  readonly valid: Window;
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);
const DAY_HOURS = 24;

/** A failed payment takes the first step of the terms at once, the others each at its time; a cancelled license has none of them. */
export function licenseEffect(question: {
  workspace: Pick<Workspace, 'license' | 'license_since'>;
  terms: LicenseTerms;
  features: readonly string[];
  now: Temporal.Instant;
}): LicenseEffect {
  const { stage, steps, valid } = licenseStage(question.workspace, question.terms, question.now);
  const taken = question.terms.degrade.slice(0, steps).flatMap(({ features }) => features);
  return {
    stage,
    features: new Set(question.features.filter((feature) => !taken.includes(feature))),
    lost: question.features.filter((feature) => taken.includes(feature)),
    valid,
  };
}

export interface LicenseState {
  readonly stage: LicenseStage;
  /** How many steps of the terms are taken. */
  readonly steps: number;
  /** How long this lasts by itself. */
  readonly valid: Window;
}

/**
 * How far a failed payment has taken things at `now`, and how long that lasts by itself. A day of grace is 24 hours, not a date:
 * the same instant for everyone, which no time zone and no change to summer time moves.
 */
export function licenseStage(
  { license, license_since }: Pick<Workspace, 'license' | 'license_since'>,
  { grace_days, degrade }: LicenseTerms,
  now: Temporal.Instant,
): LicenseState {
  switch (license) {
    case 'active':
      return { stage: license, steps: 0, valid: { start: EPOCH, end: null } };
    case 'cancelled':
      return { stage: license, steps: degrade.length, valid: { start: EPOCH, end: null } };
    case 'grace': {
      const turns = [grace_days, ...degrade.map(({ days }) => days)]
        .filter((days) => days > 0)
        .map((days) => license_since.add({ hours: days * DAY_HOURS }))
        .toSorted((one, other) => Temporal.Instant.compare(one, other));
      const passed = (at: Temporal.Instant): boolean => Temporal.Instant.compare(at, now) <= 0;
      const over = passed(license_since.add({ hours: grace_days * DAY_HOURS }));
      return {
        stage: over ? 'degraded' : 'grace',
        // The first step is taken at once; a server whose clock is a little behind the failure takes it too.
        steps: degrade.filter(({ days }) => days === 0 || passed(license_since.add({ hours: days * DAY_HOURS }))).length,
        valid: { start: turns.findLast(passed) ?? EPOCH, end: turns.find((at) => !passed(at)) ?? null },
      };
    }
    default:
      return unreachable(license);
  }
}
