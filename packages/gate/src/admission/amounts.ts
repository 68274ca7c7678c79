import { assert } from '@purser/core';
import type { HoldRequest, MeterSpec } from '@purser/meters';
import { convertCost, type Currency, type ExchangeRates, type Money } from '@purser/money';
import { PAY_AS_YOU_GO } from '@purser/policy';
import { allocationOf } from '@purser/wallet';

/** What a call takes of each meter: its worst case before, its real amounts after. */
export interface Amounts {
  readonly cost: Money;
  /** The most its provider may bill, whatever limit it was sent; once that is known, the cost. */
  readonly dearest_cost: Money;
  /** By the units of quotas. */
  readonly counted: Readonly<Record<string, number>>;
  /** Calls in flight: one while held, none when settled. */
  readonly in_flight: bigint;
  readonly credits: Charge;
}

/** Credits by where they come from. */
export interface Charge {
  readonly granted: bigint;
  /** Sold one by one, when the granted ones are exhausted. */
  readonly sold: bigint;
}

export const EXPOSURE = 'exposure';
export const BUDGET = 'budget';

export function amountFor(meter: MeterSpec, amounts: Amounts, fx: ExchangeRates): bigint {
  switch (meter.class) {
    case 'credit':
      return amounts.credits.granted;
    case 'cost':
      return convertCost(amounts.cost, meter.unit as Currency, fx).nanos;
    case 'gauge': {
      if (meter.key !== EXPOSURE) return amounts.in_flight;
      const of = meter.unit as Currency;
      return convertCost(amounts.dearest_cost, of, fx).nanos - convertCost(amounts.cost, of, fx).nanos;
    }
    case 'quota':
      return ofQuota(meter, amounts);
  }
}

function ofQuota(meter: MeterSpec, { credits, counted }: Amounts): bigint {
  if (meter.key === PAY_AS_YOU_GO) return credits.sold;
  const amount = counted[meter.unit];
  if (amount !== undefined) return BigInt(amount);
  assert(allocationOf(meter), `the quota ${meter.key} counts ${meter.unit}s on a task that uses none`);
  return credits.granted + credits.sold;
}

/** Of the meters of a call those it takes from: credits sold one by one only when the granted ones are known (`granted`) to be too few. */
export function takesFrom({ class: kind, key }: MeterSpec, granted: bigint | undefined): boolean {
  if (key === PAY_AS_YOU_GO) return granted !== undefined;
  // Where nothing is left there is nothing to hold; a meter below nothing, after an expiry, would refuse even that.
  return kind !== 'credit' || granted !== 0n;
}

/** Granted, sold one by one, or allocated to whoever calls. */
export function countsCredits(meter: MeterSpec): boolean {
  return meter.class === 'credit' || meter.key === PAY_AS_YOU_GO || allocationOf(meter) !== undefined;
}

/** What was held of each kind of credits. */
export function creditsHeld({ legs }: HoldRequest): Charge {
  let granted = 0n;
  let sold = 0n;
  for (const { meter, amount } of legs) {
    if (meter.class === 'credit') granted = amount;
    else if (meter.key === PAY_AS_YOU_GO) sold = amount;
  }
  return { granted, sold };
}

/** The granted ones go first. */
export function chargeOf(credits: bigint, granted_max: bigint): Charge {
  const granted = credits < granted_max ? credits : granted_max;
  return { granted, sold: credits - granted };
}
