import { localTime, type Offer } from '@purser/core';
import { licenseStage, type LicenseStage, type Policy } from '@purser/policy';

import { PAY } from './refusal.ts';
import { WHAT_TO_DO } from './words.ts';

/** What a customer is shown while the license is not active, with the one thing to do. */
export interface LicenseNotice {
  readonly stage: Exclude<LicenseStage, 'active'>;
  readonly since: Temporal.Instant;
  /** When more features go off; null: never. */
  readonly ends_at: Temporal.Instant | null;
  /** Features of the plan that are off now, and those that go off at `ends_at`. */
  readonly off: readonly string[];
  readonly off_next: readonly string[];
  readonly text: string;
  readonly what_to_do: string;
  readonly action: Offer;
}

const DAY_HOURS = 24;

/** Null while the license is active. */
export function licenseNotice(policy: Policy, now: Temporal.Instant): LicenseNotice | null {
  const { workspace, catalog, plan } = policy;
  const { stage, steps } = licenseStage(workspace, catalog.license, now);
  if (stage === 'active') return null;
  const ofPlan = catalog.license.degrade.map(({ features, days }) => ({
    features: features.filter((feature) => plan.features.includes(feature)),
    at: workspace.license_since.add({ hours: days * DAY_HOURS }),
  }));
  const off = ofPlan.slice(0, steps).flatMap(({ features }) => features);
  const later = ofPlan.slice(steps).filter(({ features }) => features.length > 0);
  const [next] = later;
  return {
    stage,
    since: workspace.license_since,
    ends_at: next?.at ?? null,
    off,
    off_next: later.flatMap(({ features, at }) => (next && at.equals(next.at) ? features : [])),
    text: [because(stage, off), ...later.map(({ features, at }) => warning(features, at, workspace.timezone))].join(' '),
    what_to_do: WHAT_TO_DO[stage],
    action: PAY[stage],
  };
}

function because(stage: Exclude<LicenseStage, 'active'>, off: readonly string[]): string {
  const cause = stage === 'cancelled' ? 'The subscription has ended' : 'A payment failed';
  return off.length === 0 ? `${cause}.` : `${cause}, so these are off: ${off.join(', ')}.`;
}

function warning(features: readonly string[], at: Temporal.Instant, timezone: string): string {
  return `Off from ${localTime(at, timezone)}: ${features.join(', ')}.`;
}
