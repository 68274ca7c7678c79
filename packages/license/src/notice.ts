import type { Offer } from '@purser/base';
import { licenceStage, type LicenceStage, type Policy } from '@purser/policy';

import { PAY } from './refusal.ts';
import { WHAT_TO_DO } from './words.ts';

/** What a customer is shown while the licence is not active, with the one thing to do. */
export interface LicenceNotice {
  readonly stage: Exclude<LicenceStage, 'active'>;
  readonly since: Temporal.Instant;
  /** When the stage gives way to the next by itself; null: never. */
  readonly ends_at: Temporal.Instant | null;
  /** Features of the plan that are off now, and those that go off at `ends_at`. */
  readonly off: readonly string[];
  readonly off_next: readonly string[];
  readonly text: string;
  readonly what_to_do: string;
  readonly action: Offer;
}

/** Null while the licence is active. */
export function licenceNotice(policy: Policy, now: Temporal.Instant): LicenceNotice | null {
  const { workspace, catalogue, plan } = policy;
  const { stage, valid } = licenceStage(workspace, catalogue.licence.grace_days, now);
  if (stage === 'active') return null;
  const [first = [], ...rest] = catalogue.licence.degrade.map((step) =>
    step.filter((feature) => plan.features.includes(feature)),
  );
  const off = stage === 'grace' ? first : [...first, ...rest.flat()];
  const off_next = stage === 'grace' ? rest.flat() : [];
  return {
    stage,
    since: workspace.license_since,
    ends_at: valid.end,
    off,
    off_next,
    text: [because(stage, off), warning(off_next, valid.end, workspace.timezone)].filter((part) => part !== '').join(' '),
    what_to_do: WHAT_TO_DO[stage],
    action: PAY[stage],
  };
}

function because(stage: Exclude<LicenceStage, 'active'>, off: readonly string[]): string {
  const cause = stage === 'cancelled' ? 'The subscription has ended' : 'A payment failed';
  return off.length === 0 ? `${cause}.` : `${cause}, so these are off: ${off.join(', ')}.`;
}

/** The end is an instant; it is told on the customer's own clock. */
function warning(features: readonly string[], end: Temporal.Instant | null, timezone: string): string {
  if (features.length === 0 || end === null) return '';
  const local = end.toZonedDateTimeISO(timezone);
  return `Off from ${local.toPlainDate()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })} (${timezone}): ${features.join(', ')}.`;
}
