import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import type { GrantId } from '@purser/meters';
import { currency, ratio } from '@purser/money';

import type { Sale } from './book.ts';
import type { CheckoutId } from '../payment-action.ts';

/** A pack that was paid for, as its row says. Amounts are nano-units of `currency`. */
export interface Purchase {
  readonly workspace: WorkspaceId;
  readonly checkout: CheckoutId;
  readonly payment: string;
  readonly code: string;
  readonly plan: string;
  readonly paid_at: Temporal.Instant;
  readonly credits: bigint;
  readonly currency: string;
  readonly paid: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
  readonly reported_unit: string;
  readonly rate_numerator: bigint;
  readonly rate_denominator: bigint;
  readonly reversed: bigint;
  readonly reversal_fees: bigint;
  readonly repaid: bigint;
  readonly owed: bigint;
  readonly owed_paid: bigint;
  readonly raised: bigint;
  readonly raise_steps: number;
  /** What was offered with it. */
  readonly ceiling_raise: bigint;
  readonly expires_months: number | null;
}

const COLUMNS = `p.workspace_id as workspace, p.checkout_id as checkout, p.payment_intent as payment, p.code, p.plan, p.paid_at, p.credits,
  p.currency, p.paid, p.tax, p.fees, p.reported_unit, p.rate_numerator, p.rate_denominator, p.reversed, p.reversal_fees, p.repaid,
  p.owed, p.owed_paid, p.raised, p.raise_steps, coalesce(p.ceiling_raise, c.ceiling_raise) as ceiling_raise, c.expires_months`;
const FROM = 'from marketplace.purchase p join marketplace.checkout c using (checkout_id)';

/** Whoever changes a purchase has the workspace's guard (`lockGrants`); so these are read after it. */
export async function purchaseOf(
  tx: Connection,
  by: { payment: string } | { checkout: CheckoutId },
): Promise<Purchase | undefined> {
  const [where, name] = 'payment' in by ? ['p.payment_intent', by.payment] : ['p.checkout_id', by.checkout];
  const { rows } = await tx.query<Purchase>(`select ${COLUMNS} ${FROM} where ${where} = $1`, [name]);
  return rows[0];
}

/** Purchases of a workspace that still owe credits, the oldest first. */
export async function purchasesThatOwe(tx: Connection, workspace: WorkspaceId): Promise<Purchase[]> {
  const { rows } = await tx.query<Purchase>(
    `select ${COLUMNS} ${FROM} where p.workspace_id = $1 and p.owed > p.owed_paid order by p.paid_at, p.checkout_id`,
    [workspace],
  );
  return rows;
}

/** A grant that a purchase made; `ordinal` 0 is the pack itself, later ones gave back what a dispute had taken. */
export interface PurchaseGrant {
  readonly grant: GrantId;
  readonly ordinal: number;
  readonly credits: bigint;
  readonly taken: bigint;
}

export async function grantsOf(tx: Connection, checkout: CheckoutId): Promise<PurchaseGrant[]> {
  const { rows } = await tx.query<PurchaseGrant>(
    'select grant_id as grant, ordinal, credits, taken from marketplace.purchase_grant where checkout_id = $1 order by ordinal',
    [checkout],
  );
  return rows;
}

export function saleOf(purchase: Purchase): Sale {
  return {
    workspace: purchase.workspace,
    code: purchase.code,
    plan: purchase.plan,
    currency: currency(purchase.currency),
    reported_unit: currency(purchase.reported_unit),
    rate: ratio(purchase.rate_numerator, purchase.rate_denominator),
    payment: purchase.payment,
  };
}
