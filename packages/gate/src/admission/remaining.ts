import type { HoldOutcome, HoldRequest, MeterSpec } from '@purser/meters';
import { compare, type Currency, type Money, money, multiply } from '@purser/money';
import { PAY_AS_YOU_GO } from '@purser/policy';
import type { Headroom } from '@purser/routing';
import { allocationOf } from '@purser/wallet';

import { BUDGET, EXPOSURE } from './amounts.ts';
import type { Draft } from './draft.ts';

export type Denied = Extract<HoldOutcome, { kind: 'denied' }>;

/** How much is left where a hold did not fit, so that the request may be made to fit. */
export interface Remaining {
  readonly headrooms: readonly Headroom[];
  /** What quotas leave of their units, and which quota leaves so few. */
  readonly units: ReadonlyMap<string, UnitRemaining>;
  /** Credits the grants have left, where the rest of what a call needs is paid as one goes. */
  readonly granted?: bigint;
  /** The most that a provider may bill for the call, where what is under way leaves less than it could. */
  readonly dearest?: Headroom;
}

interface UnitRemaining {
  readonly left: bigint;
  readonly of: MeterSpec;
}

export const NOTHING_DENIED: Remaining = Object.freeze({ headrooms: [], units: new Map<string, UnitRemaining>() });

/** Adds what a denial said is left; undefined when a smaller request would not help. */
export function narrow(
  { catalog, policy }: Draft,
  left: Remaining,
  denied: Denied,
  { legs }: HoldRequest,
): Remaining | undefined {
  const { meter, available, leg } = denied;
  const room = (of: Money, code: Headroom['code'], name: string): Remaining => ({
    ...left,
    headrooms: [...left.headrooms, { remaining: of, code, name }],
  });
  if (meter.class === 'credit' && policy.pay_as_you_go) return { ...left, granted: available > 0n ? available : 0n };
  if (meter.key === EXPOSURE) return leastDearest(left, money(available + (legs[leg - 1]?.amount ?? 0n), meter.unit as Currency));
  const spendable = meter.key === PAY_AS_YOU_GO ? available + (left.granted ?? 0n) : available;
  if (spendable <= 0n) return undefined;
  const credits = () => multiply(catalog.credit.cost, spendable);
  switch (meter.class) {
    case 'credit':
      return room(credits(), 'credits_exhausted', `${spendable} credits`);
    case 'cost': {
      const of = money(available, meter.unit as Currency);
      if (meter.key === BUDGET) return room(of, 'budget_exhausted', 'the shared budget');
      return room(of, 'cost_ceiling_reached', 'the plan’s cost ceiling');
    }
    case 'gauge':
      return undefined;
    case 'quota': {
      if (meter.key === PAY_AS_YOU_GO) return room(credits(), 'credits_exhausted', `${spendable} credits`);
      const whose = allocationOf(meter);
      if (whose) return room(credits(), 'quota_exceeded', `what is allocated to ${whose.kind} ${whose.name}`);
      // What takes one of a unit cannot take less.
      return (legs[leg]?.amount ?? 0n) > 1n ? fewerUnits(left, meter, available) : undefined;
    }
  }
}

/** What cost and exposure leave together, for a call's cost and exposure together. */
function leastDearest(left: Remaining, most: Money): Remaining | undefined {
  if (most.nanos <= 0n) return undefined;
  const room: Headroom = { remaining: most, code: 'concurrency_exceeded', name: 'the plan’s cost ceiling' };
  return left.dearest && compare(left.dearest.remaining, most) <= 0 ? left : { ...left, dearest: room };
}

/** Several quotas may leave few: the least counts. */
function fewerUnits(left: Remaining, of: MeterSpec, available: bigint): Remaining {
  const known = left.units.get(of.unit);
  if (known !== undefined && known.left <= available) return left;
  return { ...left, units: new Map(left.units).set(of.unit, { left: available, of }) };
}
