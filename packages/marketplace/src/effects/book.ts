import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { type Currency, divide, type Ratio } from '@purser/money';

import { providerReference } from '../payment-action.ts';

/** Whose money it is, and what a nano-unit of it is worth in the currency of the buyer's plan. */
interface Payment {
  readonly workspace: WorkspaceId;
  readonly plan: string;
  readonly currency: Currency;
  readonly reported_unit: Currency;
  readonly rate: Ratio;
  /** Names the payment in each posting. */
  readonly payment: string;
}

export interface Sale extends Payment {
  /** Of the pack. */
  readonly code: string;
}

/** What moves, in nano-units of the payment's currency; less than zero moves it back. */
export interface Amounts {
  /** Without tax. */
  readonly revenue: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
}

/**
 * Books what a pack brought (or took back) in the caller's transaction: `receivable` ← `revenue:pack:<code>`,
 * `receivable` ← `payable:tax` (owed to the state, so no part of any margin), `fees:pack:<code>` ← `payable:payments`.
 * `before` is what was booked already, so that parts add up exactly to the whole in the plan's currency too.
 */
export function bookSale(tx: Connection, now: Temporal.Instant, sale: Sale, before: Amounts, after: Amounts): Promise<void> {
  return book(tx, now, sale, { revenue: `revenue:pack:${sale.code}`, fees: `fees:pack:${sale.code}` }, before, after);
}

async function book(
  tx: Connection,
  now: Temporal.Instant,
  of: Payment,
  accounts: { readonly revenue: string; readonly fees: string },
  before: Amounts,
  after: Amounts,
): Promise<void> {
  const lines: [debit: string, credit: string, before: bigint, after: bigint][] = [
    ['receivable', accounts.revenue, before.revenue, after.revenue],
    ['receivable', 'payable:tax', before.tax, after.tax],
    [accounts.fees, 'payable:payments', before.fees, after.fees],
  ];
  for (const [debit, credit, was, is] of lines) {
    if (was === is) continue;
    const forward = is > was;
    const amount = forward ? is - was : was - is;
    const reported = reportedOf(of, is) - reportedOf(of, was);
    await tx.query('select ledger.post($1, $2, null, $3, $4, $5, $6, $7, $8, $9, $10)', [
      now.toString(),
      of.workspace,
      forward ? debit : credit,
      forward ? credit : debit,
      amount,
      of.currency,
      forward ? reported : -reported,
      of.reported_unit,
      of.plan,
      providerReference(of.payment),
    ]);
  }
}

function reportedOf({ rate }: Payment, amount: bigint): bigint {
  return divide(amount * rate.numerator, rate.denominator, 'down');
}
