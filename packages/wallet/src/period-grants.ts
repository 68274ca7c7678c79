import { createHash } from 'node:crypto';

import type { GrantId, NewGrant } from '@purser/meters';
import { windowAt } from '@purser/meters';
import type { Policy } from '@purser/policy';

/**
 * The credits a billing period begins with. What may roll over is a grant of its own that lives longer: the rest expires sooner, so it
 * burns first, and what is left of the longer one when the period ends is exactly min(unused, what may roll). Nothing is carried
 * over by anyone, so nothing can be carried twice.
 */
export function grantsOfPeriod(policy: Policy): NewGrant[] {
  const { plan, credits_monthly, billing_period } = policy;
  const { rollover } = plan;
  const rolls = rollover ? least(rollover.credits_max, credits_monthly) : 0n;
  const grants = [
    { what: 'monthly', credits: credits_monthly - rolls, expires_at: billing_period.end },
    { what: 'monthly rolling', credits: rolls, expires_at: monthsAfterEnd(policy, rollover?.months ?? 0) },
  ];
  return grants
    .filter(({ credits }) => credits > 0n)
    .map(({ what, credits, expires_at }) => ({
      id: periodGrantId(policy, what),
      workspace: policy.workspace.id,
      source: 'monthly',
      credits,
      expires_at,
      reason: `monthly credits of ${plan.code}`,
    }));
}

/** Counted from the anchor, as the periods themselves: 31 January, 28 February, 31 March. */
function monthsAfterEnd({ workspace, billing_period }: Policy, months: number): Temporal.Instant | null {
  let { end } = billing_period;
  for (let month = 0; month < months && end !== null; month++) {
    end = windowAt('billing_period', { anchor: workspace.anchored_at, timezone: 'UTC', now: end }).end;
  }
  return end;
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/** The same for every server that opens this period of this plan: a UUIDv8 of what it is. */
function periodGrantId({ workspace, plan, billing_period }: Policy, what: string): GrantId {
  const hash = createHash('sha256')
    .update(`${what}\n${workspace.id}\n${plan.code}\n${billing_period.start.toString()}`)
    .digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}` as GrantId;
}
