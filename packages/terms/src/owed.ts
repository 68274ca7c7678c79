import type { Currency, ExchangeRates } from '@purser/money';

import type { AllowedIn } from './allowed-in.ts';
import { sumIn } from './proceeds.ts';

/** An amount in nano-units of its currency. */
export interface Amount {
  readonly unit: Currency;
  readonly nanos: bigint;
}

/** What raises paid for beyond what months themselves allowed. */
export interface RaisesSpent {
  readonly before: readonly Amount[];
  /** In the month that began then, at most `current`. */
  readonly since: Temporal.Instant | undefined;
  readonly current: readonly Amount[];
}

export interface SpentMonth {
  readonly from: Temporal.Instant;
  readonly allowed: readonly AllowedIn[];
  /** What was taken in it, in nano-units of the asked currency. */
  readonly taken: bigint;
}

/**
 * What each month owes of those before it, in nano-units of `unit`: spent of money that went back since. It is paid by what later months are allowed,
 * before anything of that may be spent; what a month leaves unspent pays for no other. What raises paid for is nobody's debt.
 */
export function owedBy(months: readonly SpentMonth[], unit: Currency, raises: RaisesSpent, fx: ExchangeRates): bigint[] {
  const owed: bigint[] = [];
  let debt = 0n;
  let slack = sumIn(unit, raises.before, fx);
  if (slack < 0n) slack = 0n;
  for (const { from, allowed, taken } of months) {
    owed.push(debt);
    if (raises.since?.equals(from) === true) slack += sumIn(unit, raises.current, fx);
    const sum = sumIn(
      unit,
      allowed.map((one) => ({ unit: one.unit, nanos: one.ceiling })),
      fx,
    );
    const over = debt + taken - (sum > 0n ? sum : 0n);
    const paid = over <= 0n ? 0n : over < slack ? over : slack;
    slack -= paid;
    debt = over > 0n ? over - paid : 0n;
  }
  return owed;
}
