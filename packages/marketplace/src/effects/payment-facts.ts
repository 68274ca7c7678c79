import type { WorkspaceId } from '@purser/core';
import type { Connection } from '@purser/database';
import { currency } from '@purser/money';
import type {
  CreditFact,
  InvoiceFact,
  InvoiceLine,
  PaymentFacts,
  Span,
  SubscriptionItem,
  SubscriptionSnapshot,
} from '@purser/terms';

/** A snapshot with the event that told it. */
export interface KnownSnapshot extends SubscriptionSnapshot {
  readonly event_id: string;
}

export interface KnownFacts extends PaymentFacts {
  readonly snapshots: readonly KnownSnapshot[];
}

interface SnapshotRow {
  readonly event_id: string;
  readonly subscription: string;
  readonly at: Temporal.Instant;
  readonly rank: number;
  readonly status: SubscriptionSnapshot['status'];
  readonly plan: string;
  readonly price: string;
  readonly items: readonly { item: string; price: string; plan?: string; metered: boolean }[];
  readonly period_start: Temporal.Instant | null;
  readonly period_end: Temporal.Instant | null;
  readonly trial_start: Temporal.Instant | null;
  readonly trial_end: Temporal.Instant | null;
  readonly version: string;
  readonly paid_before: boolean;
  readonly sold_plan: string | null;
  readonly sold_version: string | null;
}

interface InvoiceRow {
  readonly invoice: string;
  readonly subscription: string;
  readonly reason: InvoiceFact['reason'];
  readonly made_at: Temporal.Instant;
  readonly paid_at: Temporal.Instant;
  readonly currency: string;
  readonly gross: bigint;
  readonly tax: bigint;
  readonly reversed: bigint;
  readonly reversal_fees: bigint;
  readonly fees: bigint | null;
  readonly to_balance: bigint;
  readonly from_balance: bigint;
  readonly lines: readonly KeptLine[];
  readonly plan: string | null;
  readonly version: string;
}

/** A line as it is kept: what JSON has no word for is text. */
export interface KeptLine {
  readonly item?: string;
  readonly price?: string;
  readonly plan?: string;
  readonly metered: boolean;
  readonly proration: boolean;
  readonly amount: string;
  readonly from?: string;
  readonly to?: string;
}

/** All that is known of the payments of a workspace, but for packs; `since`: from then on, with these snapshots of before. */
export async function paymentFacts(
  tx: Connection,
  workspace: WorkspaceId,
  since?: { readonly until: Temporal.Instant; readonly snapshots: readonly string[] },
): Promise<KnownFacts> {
  const from = since?.until.toString() ?? null;
  const snapshots = await tx.query<SnapshotRow>(
    `select s.event_id, s.subscription_id as subscription, s.at, s.rank, s.status, s.plan, s.price, s.items, s.period_start, s.period_end, s.trial_start,
       s.trial_end, s.catalogue_version as version, s.event_id like 'before:%' as paid_before, c.code as sold_plan, c.catalogue_version as sold_version
     from marketplace.snapshot s left join marketplace.checkout c on c.checkout_id = s.checkout_id and c.workspace_id = s.workspace_id and c.kind = 'plan'
     where s.workspace_id = $1 and ($2::timestamptz is null or s.at >= $2 or s.event_id = any ($3::text[]))`,
    [workspace, from, since?.snapshots ?? []],
  );
  const invoices = await tx.query<InvoiceRow>(
    `select invoice_id as invoice, coalesce(subscription_id, '') as subscription, reason, coalesce(made_at, paid_at) as made_at, paid_at, currency,
       paid as gross, tax, reversed, reversal_fees, fees, to_balance, from_balance, lines, case when subscription_id is not null then plan end as plan,
       catalogue_version as version
     from marketplace.invoice where workspace_id = $1 and ($2::timestamptz is null or paid_at >= $2)`,
    [workspace, from],
  );
  const credits = await tx.query<CreditFact>(
    `select n.stripe_id as note, n.invoice_id as invoice, coalesce(n.at, i.paid_at) as at, n.to_balance as amount
     from marketplace.credit_note n join marketplace.invoice i using (invoice_id)
     where i.workspace_id = $1 and n.to_balance > 0 and not n.void`,
    [workspace],
  );
  return { snapshots: snapshots.rows.map(snapshotOf), invoices: invoices.rows.map(invoiceOf), credits: credits.rows };
}

function snapshotOf({
  period_start,
  period_end,
  trial_start,
  trial_end,
  sold_plan,
  sold_version,
  ...row
}: SnapshotRow): KnownSnapshot {
  return {
    ...row,
    items: row.items.map((item): SubscriptionItem => ({ ...item, plan: item.plan })),
    period: spanOf(period_start, period_end),
    trial: spanOf(trial_start, trial_end),
    sold: sold_plan !== null && sold_version !== null ? { plan: sold_plan, version: sold_version } : undefined,
  };
}

function invoiceOf({ plan, lines, fees, ...row }: InvoiceRow): InvoiceFact {
  return { ...row, fees: fees ?? undefined, currency: currency(row.currency), plan: plan ?? undefined, lines: lines.map(lineOf) };
}

function lineOf({ item, price, plan, metered, proration, amount, from, to }: KeptLine): InvoiceLine {
  const period =
    from !== undefined && to !== undefined ? { from: Temporal.Instant.from(from), to: Temporal.Instant.from(to) } : undefined;
  return { item, price, plan, metered, proration, amount: BigInt(amount), period };
}

function spanOf(from: Temporal.Instant | null, to: Temporal.Instant | null): Span | undefined {
  return from !== null && to !== null ? { from, to } : undefined;
}
