import type { QuotaDefinition } from '@purser/catalog';
import type { MeterSpec } from '@purser/meters';

import { emailPoolMeter } from './meters.ts';
import { payAsYouGoMeter } from './pay-as-you-go.ts';
import type { Policy } from './policy.ts';
import { meterOf, type QuotaPlace } from './quota-meters.ts';

/** Whom a piece of work is for, as far as meters ask. */
export interface CountedFor {
  /** The end user, or the key or session that stands for one; absent: what is counted by user is left out. */
  readonly user?: string | undefined;
  /** What was allocated to that user and its team. */
  readonly allocated?: readonly MeterSpec[] | undefined;
}

/** Stands for every task and action at once: all that is counted of a workspace. */
export const EVERY_TASK = '*';

const EMAIL = 'email';

/** Good from the latest start of its windows to the first end: a clock may go back. */
interface SharedMeters {
  readonly from_ms: number;
  readonly until_ms: number;
  /** Those that do not depend on who calls. */
  readonly shared: readonly MeterSpec[];
  /** The quotas by user that the plan has. */
  readonly by_user: readonly QuotaDefinition[];
}
const known = new WeakMap<Policy, Map<string, SharedMeters>>();

/**
 * The one answer to "which meters does this count on", for the gate, replays, the usage page and alerts alike. In this order: what every
 * paid call takes from (credits, cost, concurrency, the shared budget), credits sold one by one where the plan sells them, the quotas of
 * the task with the longest window first (a call that several refuse hears of the longest wait), those of the user, what is allocated.
 * The same frozen meters as long as policy and windows last, so that what is derived from one may be kept by its object.
 *
 * Quotas of a platform or a resource are not among them: whoever acts on one adds its `quotaMeter`.
 */
export function metersFor(task: string, policy: Policy, caller: CountedFor, now: Temporal.Instant): readonly MeterSpec[] {
  const { shared, by_user } = knownOf(task, policy, now);
  const { user, allocated } = caller;
  const own = user === undefined || by_user.length === 0 ? undefined : metersOf(by_user, policy, { now, of: user });
  if (own === undefined) return allocated === undefined ? shared : [...shared, ...allocated];
  return allocated === undefined ? [...shared, ...own] : [...shared, ...own, ...allocated];
}

function knownOf(task: string, policy: Policy, now: Temporal.Instant): SharedMeters {
  let byTask = known.get(policy);
  if (byTask === undefined) known.set(policy, (byTask = new Map<string, SharedMeters>()));
  const found = byTask.get(task);
  const now_ms = now.epochMilliseconds;
  if (found !== undefined && now_ms >= found.from_ms && now_ms < found.until_ms) return found;
  const quotas = metersOf(quotasOf(task, policy.catalog, 'workspace'), policy, { now });
  const pool = task === EMAIL ? emailPoolMeter(policy.catalog, policy.plan, now) : undefined;
  const counted = [...quotas, ...(pool ? [pool] : [])];
  const sold = payAsYouGoMeter(policy);
  const fresh: SharedMeters = {
    from_ms: Math.max(-Infinity, ...counted.map(({ window_start }) => window_start.epochMilliseconds)),
    until_ms: Math.min(Infinity, ...counted.map(({ window_end }) => window_end?.epochMilliseconds ?? Infinity)),
    shared: Object.freeze([...policy.meters, ...(sold ? [sold] : []), ...counted]),
    by_user: quotasOf(task, policy.catalog, 'user').filter(({ key }) => policy.quotas[key] !== undefined),
  };
  byTask.set(task, fresh);
  return fresh;
}

function metersOf(quotas: readonly QuotaDefinition[], policy: Policy, place: QuotaPlace): MeterSpec[] {
  return quotas.flatMap((quota) => meterOf(quota, policy, place) ?? []);
}

const LONGEST_FIRST = ['billing_period', 'week', 'day'];

function quotasOf(task: string, { quotas }: Policy['catalog'], scope: 'workspace' | 'user'): readonly QuotaDefinition[] {
  return quotas
    .filter((quota) => quota.scope === scope && quota.window !== 'none' && (task === EVERY_TASK || quota.counts.includes(task)))
    .toSorted((one, other) => LONGEST_FIRST.indexOf(one.window) - LONGEST_FIRST.indexOf(other.window));
}
