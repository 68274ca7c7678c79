import { BrokenInvariant, localTime, PLATFORM, type Refusal, refuse } from '@purser/core';
import type { HoldRequest, Meters, MeterSpec } from '@purser/meters';
import { PAY_AS_YOU_GO, quotaOf } from '@purser/policy';
import { allocationOf } from '@purser/wallet';

import { BUDGET } from './amounts.ts';
import type { Draft } from './draft.ts';
import type { Denied, Remaining } from './remaining.ts';
import { buyOffers, upgradeOffers } from './offers.ts';

/** What the caller is told when a meter has too little left, and a smaller request would not help. */
export function denial(draft: Draft, { meter, available }: Denied): Refusal {
  const over = resets(draft, meter.window_end);
  switch (meter.class) {
    case 'credit': {
      const left = available < 0n ? 0n : available;
      return withOffers(draft, refuse('credits_exhausted', `${left} credits are left, and this call may need more`));
    }
    case 'cost':
      if (meter.key === BUDGET) return withOffers(draft, refuse('budget_exhausted', `the shared budget is used up${over}`));
      return withOffers(draft, ceilingReached(over));
    case 'gauge':
      if (meter.key === draft.policy.exposure_meter.key) return withOffers(draft, ceilingReached(over));
      return refuse('concurrency_exceeded', `the plan allows ${meter.cap ?? 0n} calls at once`, { retryAfterSeconds: 1 });
    case 'quota':
      return quotaDenial(draft, meter, available, over);
  }
}

/** When what is used up can be used again, on the clock of the workspace. */
function resets({ policy, now }: Draft, at: Temporal.Instant | null): string {
  return at === null ? '' : `; it resets on ${localTime(at, policy.workspace.timezone, now)}`;
}

function ceilingReached(over: string): Refusal {
  return refuse('cost_ceiling_reached', `the cost ceiling of the plan is reached in this billing period${over}`);
}

const SPANS: Readonly<Record<string, string>> = { week: 'a week', day: 'a day' };

function quotaDenial(draft: Draft, meter: MeterSpec, available: bigint, over: string): Refusal {
  if (meter.key === PAY_AS_YOU_GO) {
    const detail = `no credits are left, and the ${meter.cap ?? 0n} pay-as-you-go credits of this billing period are used up${over}`;
    return withOffers(draft, refuse('credits_exhausted', detail));
  }
  const wait =
    meter.window_end === null ? {} : { retryAfterSeconds: Math.ceil(draft.now.until(meter.window_end).total('seconds')) };
  if (meter.workspace === PLATFORM) return poolPaused(draft, over, wait);
  const whose = allocationOf(meter);
  if (whose) {
    const left = available < 0n ? 0n : available;
    const detail = `of the ${meter.cap ?? 0n} credits allocated to ${whose.kind} ${whose.name} ${left} are left, and this call may need more${over}`;
    return refuse('quota_exceeded', detail, wait);
  }
  const quota = quotaOf(draft.catalog, meter);
  if (quota === undefined) throw new BrokenInvariant(`a call has no meter ${meter.key}`);
  const what = quota.unit === 'job' ? 'requests' : `${quota.unit}s`;
  const span = SPANS[quota.window];
  if (span === undefined) return refuse('quota_exceeded', `the plan’s ${what} are used up${over}`, wait);
  const who = quota.scope === 'user' ? 'this user' : 'this workspace';
  return refuse('quota_exceeded', `${who} may use ${meter.cap ?? 0n} ${what} ${span}, and they are used up${over}`, wait);
}

/** What all workspaces share of a provider's free plan is not sent to its end: the rest waits for the next window, or for a plan of its own. */
function poolPaused({ policy, operation }: Draft, over: string, wait: { retryAfterSeconds?: number }): Refusal {
  const detail = `the e-mails that plans like ${policy.plan.name} share are used up${over}; a plan with e-mail of its own sends now`;
  return refuse('pool_paused', detail, { ...wait, offers: upgradeOffers(policy.catalog, policy, operation.feature) });
}

/** Calls that are under way end and leave more; where none is, there is no more in this billing period. */
export async function exposedOrSpent(meters: Meters, draft: Draft, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'concurrency_exceeded') return refusal;
  const { policy } = draft;
  const [exposure] = await meters.read([policy.exposure_meter]);
  if (exposure && exposure.held > 0n) return { ...refusal, retryAfterSeconds: 1 };
  return refuse('cost_ceiling_reached', refusal.detail + resets(draft, policy.billing_period.end));
}

/** Who waits for the quota that was named meets no other one that is used up as well. */
export async function waitForAll(meters: Meters, draft: Draft, { legs }: HoldRequest, refusal: Refusal): Promise<Refusal> {
  if (refusal.code !== 'quota_exceeded') return refusal;
  const quotas = legs.filter(({ meter }) => meter.class === 'quota' && meter.window_end !== null);
  if (quotas.length < 2) return refusal;
  const states = await meters.read(quotas.map(({ meter }) => meter));
  let wait = refusal.retryAfterSeconds ?? 0;
  for (const [index, { cap, held, used, unreconciled, overrun, window_end }] of states.entries()) {
    if (cap - held - used - unreconciled - overrun >= (quotas[index]?.amount ?? 0n) || window_end === null) continue;
    wait = Math.max(wait, Math.ceil(draft.now.until(window_end).total('seconds')));
  }
  return { ...refusal, retryAfterSeconds: wait };
}

/** A quota starts anew with its window, an allocation with the billing period. */
export function withWait({ policy, now }: Draft, { units }: Remaining, refusal: Refusal): Refusal {
  if (refusal.code !== 'quota_exceeded' || refusal.retryAfterSeconds !== undefined) return refusal;
  let end = units.size === 0 ? policy.billing_period.end : null;
  for (const { of } of units.values()) {
    const ends = of.window_end ?? policy.billing_period.end;
    if (ends !== null && (end === null || Temporal.Instant.compare(ends, end) > 0)) end = ends;
  }
  return end === null ? refusal : { ...refusal, retryAfterSeconds: Math.ceil(now.until(end).total('seconds')) };
}

export function withOffers(draft: Draft, refusal: Refusal): Refusal {
  if (!['credits_exhausted', 'cost_ceiling_reached', 'budget_exhausted'].includes(refusal.code)) return refusal;
  // Credits bought now could not be spent before the shared budget starts anew, so none are offered.
  const offersOf = refusal.code === 'budget_exhausted' ? upgradeOffers : buyOffers;
  return { ...refusal, offers: offersOf(draft.catalog, draft.policy, draft.operation.feature) };
}
