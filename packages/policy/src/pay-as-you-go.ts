import type { MeterSpec } from '@purser/meters';

import type { Policy } from './policy.ts';

/** The key of the meter that counts credits sold one by one. */
export const PAY_AS_YOU_GO = 'credits:pay_as_you_go';

const meters = new WeakMap<Policy, MeterSpec>();

/** The meter of the credits that are sold one by one when the granted ones are exhausted; undefined when none are. */
export function payAsYouGoMeter(policy: Policy): MeterSpec | undefined {
  const { pay_as_you_go, workspace, billing_period } = policy;
  if (pay_as_you_go === undefined) return undefined;
  let meter = meters.get(policy);
  if (meter === undefined) {
    meter = soldMeter(workspace.id, billing_period, pay_as_you_go.credits_max);
    meters.set(policy, meter);
  }
  return meter;
}

/** The same meter of any period. */
export function soldMeter(
  workspace: MeterSpec['workspace'],
  period: { readonly start: Temporal.Instant; readonly end: Temporal.Instant | null },
  cap: bigint,
): MeterSpec {
  return Object.freeze({
    workspace,
    key: PAY_AS_YOU_GO,
    unit: 'credit',
    class: 'quota',
    window_start: period.start,
    window_end: period.end,
    cap,
  });
}
