import type { WorkspaceId } from '@purser/core';
import { type Pool, workspaceTransaction } from '@purser/database';
import { currency, type Money, money } from '@purser/money';

import type { CheckoutId } from '../payment-action.ts';
import { stillPaidFor } from './entitlement.ts';

/** What a workspace bought, as it may show to its accountant. */
export interface Receipt {
  readonly id: CheckoutId;
  readonly paid_at: Temporal.Instant;
  readonly code: string;
  readonly name: string;
  readonly quantity: number;
  readonly credits: bigint;
  /** Without tax. */
  readonly net: Money;
  readonly tax: Money;
  readonly total: Money;
  /** Of the total: what went back, or is disputed. */
  readonly reversed: Money;
  /** What of the credits is paid for now. */
  readonly credits_paid_for: bigint;
  /** Spent of those that are not. */
  readonly credits_owed: bigint;
  /** The payment provider's own receipt, once it is known. */
  readonly url: string | null;
}

interface Row {
  readonly id: CheckoutId;
  readonly paid_at: Temporal.Instant;
  readonly code: string;
  readonly name: string;
  readonly quantity: number;
  readonly credits: bigint;
  readonly currency: string;
  readonly paid: bigint;
  readonly tax: bigint;
  readonly reversed: bigint;
  readonly owed: bigint;
  readonly url: string | null;
}

const RECEIPTS_PAGE = 50;

export interface ReceiptSearch {
  /** `next_cursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** The newest first. */
export async function receiptsOf(
  pool: Pool,
  workspace: WorkspaceId,
  { cursor, limit = RECEIPTS_PAGE }: ReceiptSearch = {},
): Promise<{ receipts: Receipt[]; next_cursor: string | null }> {
  const { rows } = await workspaceTransaction(pool, workspace, (connection) =>
    connection.query<Row>(
      `select p.checkout_id as id, p.paid_at, p.code, c.name, c.quantity, p.credits, p.currency, p.paid, p.tax, p.reversed,
         p.owed - p.owed_paid as owed, l.url
       from marketplace.purchase p join marketplace.checkout c using (checkout_id) left join marketplace.receipt_link l using (payment_intent)
       where p.workspace_id = $1 and ($2::uuid is null or (p.paid_at, p.checkout_id) <
         (select b.paid_at, b.checkout_id from marketplace.purchase b where b.checkout_id = $2 and b.workspace_id = $1))
       order by p.paid_at desc, p.checkout_id desc limit $3`,
      [workspace, cursor ?? null, limit + 1],
    ),
  );
  const receipts = rows.slice(0, limit).map(toReceipt);
  return { receipts, next_cursor: rows.length > limit ? (receipts.at(-1)?.id ?? null) : null };
}

function toReceipt({ currency: code, paid, tax, reversed, owed, ...row }: Row): Receipt {
  const of = currency(code);
  return {
    ...row,
    net: money(paid - tax, of),
    tax: money(tax, of),
    total: money(paid, of),
    reversed: money(reversed, of),
    credits_paid_for: stillPaidFor(row.credits, reversed, paid),
    credits_owed: owed,
  };
}
