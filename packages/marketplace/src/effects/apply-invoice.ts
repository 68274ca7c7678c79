import { appendAudit } from '@purser/audit';
import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { type Catalog, findPlan } from '@purser/catalog';
import { recordPayment } from '@purser/license';
import { type Currency, findRate, formatMoney } from '@purser/money';

import { reversalFees, reversedOf } from './entitlement.ts';
import { type InvoiceAction, type InvoicedLine, type PaymentEvent, providerReference } from '../payment-action.ts';
import type { EffectParts } from './parts.ts';
import type { KeptLine } from './payment-facts.ts';
import type { Verdict } from './verdict.ts';
import { reversalsOfInvoice } from './reversal-facts.ts';
import { settleTerms } from './settle-terms.ts';

/** An invoice was paid, or was not: the license follows, and what was collected is a fact that terms follow from. */
export async function applyInvoice(
  tx: Connection,
  now: Temporal.Instant,
  parts: EffectParts,
  event: PaymentEvent,
  told: InvoiceAction,
  workspace: WorkspaceId | undefined,
): Promise<Verdict> {
  if (workspace === undefined) return { outcome: 'ignored', detail: 'its customer is not known here' };
  const { invoice, subscription } = told;
  const payment = { workspace, id: event.id, at: event.at, reference: invoice, subscription };
  if (told.state === 'void') {
    const { before, after } = await recordPayment(tx, now, { ...payment, kind: 'excused' });
    return before.license === after.license
      ? { outcome: 'ignored', detail: 'nobody was taken to owe it' }
      : { outcome: 'applied' };
  }
  if (told.state === 'failed') {
    const { before, after } = await recordPayment(tx, now, { ...payment, kind: 'failed' });
    if (before.license !== after.license) return { outcome: 'applied' };
    return { outcome: 'ignored', detail: 'its subscription was never paid, or owes already' };
  }
  if (told.charged) await recordPayment(tx, now, { ...payment, kind: 'paid', adds: addsTo(told.reason, told.lines) });
  if (told.payment !== undefined) await notePayment(tx, invoice, told.payment);
  const fresh = await keepInvoice(tx, event, told, {
    workspace,
    version: parts.catalog.version,
    isPlan: (code) => findPlan(parts.catalog, code) !== undefined,
  });
  if (fresh && told.gross.nanos > 0n && !isPriced(parts.catalog, told.gross.currency))
    await tellUnpriced(tx, now, workspace, told);
  await settleReversals(tx, now, parts, invoice, event.at);
  await settleTerms(tx, now, parts, workspace);
  return { outcome: 'applied' };
}

/** It charges for a change within a period; none of its lines is of a whole one. */
function addsTo(
  reason: InvoiceAction['reason'],
  lines: readonly (Pick<InvoicedLine, 'metered' | 'proration'> & {
    readonly period?: InvoicedLine['period'];
    readonly from?: string;
  })[],
): boolean {
  const whole = lines.some(({ metered, proration, period, from }) => !metered && !proration && (period ?? from) !== undefined);
  return reason === 'change' && !whole;
}

export async function notePayment(tx: Connection, invoice: string, payment: string): Promise<void> {
  await tx.query('insert into marketplace.invoice_payment (payment_intent, invoice_id) values ($1, $2) on conflict do nothing', [
    payment,
    invoice,
  ]);
}

/** Once for each invoice: an event that tells it again adds nothing, and this is false. */
async function keepInvoice(
  tx: Connection,
  event: PaymentEvent,
  told: InvoiceAction,
  as: { readonly workspace: WorkspaceId; readonly version: string; readonly isPlan: (code: string) => boolean },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `insert into marketplace.invoice (workspace_id, invoice_id, subscription_id, reason, plan, paid_at, made_at, currency, paid, tax, lines,
       catalogue_version, to_balance, from_balance)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing`,
    [
      as.workspace,
      told.invoice,
      told.subscription,
      told.reason,
      told.plan ?? null,
      event.at.toString(),
      told.made_at?.toString() ?? null,
      told.gross.currency,
      told.gross.nanos,
      told.tax.nanos,
      JSON.stringify(told.lines.map((line) => keptLine(line, as.isPlan))),
      as.version,
      told.to_balance.nanos,
      told.from_balance.nanos,
    ],
  );
  return rowCount === 1;
}

/** There is a plan that money of this currency can pay for. */
function isPriced({ plans, fx }: Catalog, of: Currency): boolean {
  return plans.some(({ price }) => price.currency === of || findRate(fx, of, price.currency) !== undefined);
}

/** It is booked, and pays for nothing: whoever paid waits for somebody to state a rate. */
async function tellUnpriced(
  tx: Connection,
  now: Temporal.Instant,
  workspace: WorkspaceId,
  { invoice, subscription, gross }: InvoiceAction,
): Promise<void> {
  const amount = formatMoney(gross);
  await appendAudit(tx, {
    at: now,
    actor: 'payments',
    workspace,
    action: 'payment.unpriced',
    subject: providerReference(invoice),
    detail: {
      subscription,
      paid: amount,
      text: `${invoice} was paid with ${amount}, and the catalog states no rate between ${gross.currency} and the currency of a plan: it is booked, and nothing may be spent for it. State one under fx.rates.`,
    },
  });
}

/** A price may have a look-up key that is no plan's. */
function keptLine(
  { item, price, plan, metered, proration, amount, period }: InvoicedLine,
  isPlan: (code: string) => boolean,
): KeptLine {
  return {
    ...(item !== undefined && { item }),
    ...(price !== undefined && { price }),
    ...(plan !== undefined && isPlan(plan) && { plan }),
    metered,
    proration,
    amount: amount.toString(),
    ...(period && { from: period.from.toString(), to: period.to.toString() }),
  };
}

interface InvoiceRow {
  readonly workspace: WorkspaceId;
  readonly subscription: string | null;
  readonly currency: string;
  readonly paid: bigint;
  readonly reversed: bigint;
  readonly reversal_fees: bigint;
  readonly given_back: boolean;
  readonly reason: InvoiceAction['reason'];
  readonly lines: readonly KeptLine[];
  readonly told: number;
  readonly told_at: Temporal.Instant | null;
}

/** Brings an invoice to what is known of its payments: what went back of it, and whether that is all. Returns whose it is, if anything changed. */
export async function settleReversals(
  tx: Connection,
  now: Temporal.Instant,
  { catalog }: Pick<EffectParts, 'catalog'>,
  invoice: string,
  at: Temporal.Instant,
): Promise<WorkspaceId | undefined> {
  const { rows } = await tx.query<InvoiceRow>(
    `select workspace_id as workspace, subscription_id as subscription, currency, paid, reversed, reversal_fees, given_back, reason, lines,
       told, told_at
     from marketplace.invoice where invoice_id = $1 for update`,
    [invoice],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const reversals = await reversalsOfInvoice(tx, invoice, row, catalog.fx);
  const reversed = reversedOf(reversals, row.paid);
  const reversal_fees = reversalFees(reversals);
  const given_back = row.paid > 0n && reversed === row.paid;
  if (reversed === row.reversed && reversal_fees === row.reversal_fees) return undefined;
  // What is told now corrects what was told before, though what it is told by may be older.
  const corrects = row.told_at !== null && Temporal.Instant.compare(at, row.told_at) <= 0;
  const told_at = corrects && row.told_at ? row.told_at.add({ seconds: 1 }) : at;
  const changed = given_back !== row.given_back;
  await tx.query(
    `update marketplace.invoice set reversed = $2, reversal_fees = $3, given_back = $4, told = told + $5, told_at = $6 where invoice_id = $1`,
    [
      invoice,
      reversed,
      reversal_fees,
      given_back,
      changed ? 1 : 0,
      changed ? told_at.toString() : (row.told_at?.toString() ?? null),
    ],
  );
  if (changed) {
    await recordPayment(tx, now, {
      id: `${given_back ? 'given-back' : 'kept'}:${invoice}:${row.told}`,
      workspace: row.workspace,
      kind: given_back ? 'refunded' : 'paid',
      at: told_at,
      reference: invoice,
      adds: addsTo(row.reason, row.lines),
      ...(row.subscription !== null && { subscription: row.subscription }),
    });
  }
  return row.workspace;
}
