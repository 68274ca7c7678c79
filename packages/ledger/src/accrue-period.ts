import { assert, type Connection, type WorkspaceId } from '@purser/base';
import type { Money } from '@purser/money';

/** A subscription period that was paid for: `fees` is what the payment provider keeps of `price`, in its currency. */
export interface Period {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly price: Money;
  readonly fees: Money;
  readonly period_start: Temporal.Instant;
  readonly now: Temporal.Instant;
}

/**
 * Books the revenue of a period in the caller's transaction, once per (workspace, period_start) whatever the number of callers:
 * debit `receivable`, credit `revenue:subscription`, and debit `fees`, credit `payable:payments`. It counts at `now`.
 * Returns false when the period is booked already. Asserts amounts of at least zero in one currency.
 */
export async function accruePeriod(connection: Connection, period: Period): Promise<boolean> {
  const { price, fees } = period;
  assert(price.currency === fees.currency, `a price in ${price.currency} cannot have fees in ${fees.currency}`);
  assert(price.nanos >= 0n && fees.nanos >= 0n, 'a period has a price and fees of at least zero');
  const { rows } = await connection.query<{ booked: boolean }>(
    'select ledger.accrue_period($1, $2, $3, $4, $5, $6, $7) as booked',
    [
      period.now.toString(),
      period.workspace,
      period.plan,
      period.period_start.toString(),
      price.nanos,
      fees.nanos,
      price.currency,
    ],
  );
  return rows[0]?.booked === true;
}
