import type { Connection, WorkspaceId } from '@purser/base';
import { type Currency, divide, type Ratio } from '@purser/money';

/** Whose money it is, of which pack, and what a nano-unit of it is worth in the currency of the buyer's plan. */
export interface Sale {
  readonly workspace: WorkspaceId;
  readonly code: string;
  readonly plan: string;
  readonly currency: Currency;
  readonly reported_unit: Currency;
  readonly rate: Ratio;
  /** Names the payment in each posting. */
  readonly payment: string;
}

/** What moves, in nano-units of the sale's currency; less than zero moves it back. */
export interface Amounts {
  /** Without tax. */
  readonly revenue: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
}

/**
 * Books what a payment brought (or took back) in the caller's transaction: `receivable` ← `revenue:pack:<code>`,
 * `receivable` ← `payable:tax` (owed to the state, so no part of any margin), `fees:pack:<code>` ← `payable:payments`.
 * `before` is what was booked already, so that parts add up exactly to the whole in the plan's currency too.
 */
export async function bookSale(
  on: Connection,
  now: Temporal.Instant,
  sale: Sale,
  before: Amounts,
  after: Amounts,
): Promise<void> {
  const lines: [debit: string, credit: string, before: bigint, after: bigint][] = [
    ['receivable', `revenue:pack:${sale.code}`, before.revenue, after.revenue],
    ['receivable', 'payable:tax', before.tax, after.tax],
    [`fees:pack:${sale.code}`, 'payable:payments', before.fees, after.fees],
  ];
  for (const [debit, credit, was, is] of lines) {
    if (was === is) continue;
    const forward = is > was;
    const amount = forward ? is - was : was - is;
    const reported = reportedOf(sale, is) - reportedOf(sale, was);
    await on.query('select ledger.post($1, $2, null, $3, $4, $5, $6, $7, $8, $9, $10)', [
      now.toString(),
      sale.workspace,
      forward ? debit : credit,
      forward ? credit : debit,
      amount,
      sale.currency,
      forward ? reported : -reported,
      sale.reported_unit,
      sale.plan,
      `stripe:${sale.payment}`,
    ]);
  }
}

function reportedOf({ rate }: Sale, amount: bigint): bigint {
  return divide(amount * rate.numerator, rate.denominator, 'down');
}
