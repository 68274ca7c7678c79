import { assert, type WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { Money } from '@purser/money';

/** A subscription period that was paid for: `fees` is what the payment provider keeps of `price`, in its currency. */
export interface Period {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly price: Money;
  readonly fees: Money;
  readonly period_start: Temporal.Instant;
}

/**
 * Books the revenue of periods in the caller's transaction, each once per (workspace, period_start) whatever the number of callers:
 * debit `receivable`, credit `revenue:subscription`, and debit `fees`, credit `payable:payments`. They count at `now`.
 * Returns how many were not booked before. Asserts amounts of at least zero in one currency.
 */
export async function accruePeriods(connection: Connection, now: Temporal.Instant, periods: readonly Period[]): Promise<number> {
  if (periods.length === 0) return 0;
  for (const { price, fees } of periods) {
    assert(price.currency === fees.currency, `a price in ${price.currency} cannot have fees in ${fees.currency}`);
    assert(price.nanos >= 0n && fees.nanos >= 0n, 'a period has a price and fees of at least zero');
  }
  const { rows } = await connection.query<{ booked: number }>(
    'select ledger.accrue_periods($1, $2::uuid[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::text[]) as booked',
    [
      now.toString(),
      periods.map(({ workspace }) => workspace),
      periods.map(({ plan }) => plan),
      periods.map(({ period_start }) => period_start.toString()),
      periods.map(({ price }) => price.nanos),
      periods.map(({ fees }) => fees.nanos),
      periods.map(({ price }) => price.currency),
    ],
  );
  return rows[0]?.booked ?? 0;
}
