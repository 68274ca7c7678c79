import { type Connection, Fault, type WorkspaceId } from '@purser/base';
import { paymentFees } from '@purser/catalog';
import { recordPayment } from '@purser/license';
import { currency, findRate, money, ONE, type Ratio } from '@purser/money';
import type { Policy } from '@purser/policy';

import { bookInvoice } from './book.ts';
import { type Reversal, reversalFees, reversedOf, stillPaidFor } from './entitlement.ts';
import type { StripeEvent } from './event.ts';
import type { SubscriptionSaying } from './event-subscription.ts';
import type { Verdict } from './receive-event.ts';

type Said = Extract<SubscriptionSaying, { is: 'invoice' }>;

/** A month was paid for, or was not: the licence follows, and what no period books is booked. */
export async function applyInvoice(
  on: Connection,
  now: Temporal.Instant,
  event: StripeEvent,
  said: Said,
  buyer: Policy | undefined,
): Promise<Verdict> {
  if (buyer === undefined) return { outcome: 'kept', detail: 'its customer is not known here' };
  const workspace = buyer.workspace.id;
  if (!said.paid) {
    // Who never paid has nothing to lose yet.
    if (said.reason === 'create') return { outcome: 'kept', detail: 'a subscription that did not begin' };
    await recordPayment(on, now, { id: event.id, workspace, kind: 'failed', at: event.at, reference: said.invoice });
    return { outcome: 'applied' };
  }
  await recordPayment(on, now, { id: event.id, workspace, kind: 'paid', at: event.at, reference: said.invoice });
  if (said.payment !== undefined) await notePayment(on, said.invoice, said.payment);
  if (said.total.nanos > 0n) await writeDown(on, now, event, said, buyer);
  await settleInvoice(on, now, said.invoice, event.at, buyer);
  return { outcome: 'applied' };
}

export async function notePayment(on: Connection, invoice: string, payment: string): Promise<void> {
  await on.query('insert into marketplace.invoice_payment (payment_intent, invoice_id) values ($1, $2) on conflict do nothing', [
    payment,
    invoice,
  ]);
}

/** A month's price and fees are booked when its period opens; what a change of plan cost in between is booked here, and any tax. */
async function writeDown(on: Connection, now: Temporal.Instant, event: StripeEvent, said: Said, buyer: Policy): Promise<void> {
  const { total, tax } = said;
  const net = total.nanos - tax.nanos;
  const within = said.reason === 'update';
  const fixed = buyer.plan.payment_fees.fixed;
  const fees =
    within && fixed.currency === total.currency ? paymentFees(money(net, total.currency), buyer.plan.payment_fees).nanos : 0n;
  const { rowCount } = await on.query(
    `insert into marketplace.invoice (workspace_id, invoice_id, plan, paid_at, currency, paid, tax, revenue, fees)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      buyer.workspace.id,
      said.invoice,
      buyer.plan.code,
      event.at.toString(),
      total.currency,
      total.nanos,
      tax.nanos,
      within ? net : 0n,
      fees,
    ],
  );
  if (rowCount === 0) return;
  await bookInvoice(
    on,
    now,
    saleOf(buyer.workspace.id, buyer, said.invoice, total.currency),
    { revenue: 0n, tax: 0n, fees: 0n },
    {
      revenue: within ? net : 0n,
      tax: tax.nanos,
      fees,
    },
  );
}

interface InvoiceRow {
  readonly workspace: WorkspaceId;
  readonly currency: string;
  readonly paid: bigint;
  readonly tax: bigint;
  readonly reversed: bigint;
  readonly reversal_fees: bigint;
  readonly given_back: boolean;
  readonly told: number;
}

/** Brings books and licence to what is known of an invoice's payment: what went back of it, and whether that is all. */
export async function settleInvoice(
  on: Connection,
  now: Temporal.Instant,
  invoice: string,
  at: Temporal.Instant,
  buyer: Policy | undefined,
): Promise<void> {
  const { rows } = await on.query<InvoiceRow>(
    `select workspace_id as workspace, currency, paid, tax, reversed, reversal_fees, given_back, told
     from marketplace.invoice where invoice_id = $1 for update`,
    [invoice],
  );
  const row = rows[0];
  if (row === undefined) return;
  const { rows: reversals } = await on.query<Reversal>(
    `select r.kind, r.amount, r.fee, r.state from marketplace.reversal r join marketplace.invoice_payment using (payment_intent)
     where invoice_id = $1`,
    [invoice],
  );
  const reversed = reversedOf(reversals, row.paid);
  const reversal_fees = reversalFees(reversals);
  const given_back = reversed === row.paid;
  if (reversed === row.reversed && reversal_fees === row.reversal_fees) return;
  // The invoice came to be known while this event was on its way here; the next delivery knows whose it is.
  if (buyer === undefined) throw new Fault('an invoice was written down at this very moment', { retryable: true });
  const sale = saleOf(row.workspace, buyer, invoice, currency(row.currency));
  await bookInvoice(on, now, sale, amountsOf(row, row.reversed, row.reversal_fees), amountsOf(row, reversed, reversal_fees));
  await on.query(
    `update marketplace.invoice set reversed = $2, reversal_fees = $3, given_back = $4, told = told + $5 where invoice_id = $1`,
    [invoice, reversed, reversal_fees, given_back, given_back === row.given_back ? 0 : 1],
  );
  if (given_back === row.given_back) return;
  const id = `${given_back ? 'given-back' : 'kept'}:${invoice}:${row.told}`;
  await recordPayment(on, now, {
    id,
    workspace: row.workspace,
    kind: given_back ? 'refunded' : 'paid',
    at,
    reference: invoice,
  });
}

/** Only differences are booked, so the price that the period booked cancels out. */
function amountsOf({ paid, tax }: Pick<InvoiceRow, 'paid' | 'tax'>, reversed: bigint, fees: bigint) {
  const left = stillPaidFor(tax, reversed, paid);
  return { revenue: paid - reversed - left, tax: left, fees };
}

function saleOf(workspace: WorkspaceId, { plan, catalogue }: Policy, invoice: string, of: ReturnType<typeof currency>) {
  const rate: Ratio | undefined = findRate(catalogue.fx, of, plan.price.currency);
  return {
    workspace,
    plan: plan.code,
    currency: of,
    reported_unit: rate ? plan.price.currency : of,
    rate: rate ?? ONE,
    payment: invoice,
  };
}
