import type { Currency } from '@purser/money';

/** Half open, as a payment provider states it. */
export interface Span {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** Something that a subscription charges for. */
export interface SubscriptionItem {
  readonly item: string;
  readonly price: string;
  /** The plan that its price names. */
  readonly plan: string | undefined;
  readonly metered: boolean;
}

/** What a subscription was at one moment, as its provider told it. */
export interface SubscriptionSnapshot {
  readonly subscription: string;
  readonly at: Temporal.Instant;
  /** Within one moment the higher rank is the later: statuses follow one another in one direction. */
  readonly rank: number;
  readonly status: 'incomplete' | 'trialing' | 'active' | 'owing' | 'paused' | 'ended';
  readonly plan: string;
  /** Names what the plan is sold at: another price is another sale. Empty: not told. */
  readonly price: string;
  readonly items: readonly SubscriptionItem[];
  /** The period that is under way. */
  readonly period: Span | undefined;
  readonly trial: Span | undefined;
  /** What was for sale when this came to be known. */
  readonly version: string;
  /** It was paid for before what was collected was kept: what it is served, it had already. */
  readonly paid_before: boolean;
  /** What the checkout offered that it was bought by. */
  readonly sold: { readonly plan: string; readonly version: string } | undefined;
}

export interface InvoiceLine {
  readonly item: string | undefined;
  readonly price: string | undefined;
  /** The plan that the line's own price names, where the line has it. */
  readonly plan: string | undefined;
  readonly metered: boolean;
  readonly proration: boolean;
  /** Before discounts and tax, in nano-units; a credit is negative. */
  readonly amount: bigint;
  readonly period: Span | undefined;
}

/** An invoice of a subscription, and the money that came in by it. Amounts are nano-units of `currency`. */
export interface InvoiceFact {
  readonly invoice: string;
  readonly subscription: string;
  /** `change`: of something within a period. */
  readonly reason: 'create' | 'cycle' | 'change';
  readonly made_at: Temporal.Instant;
  readonly paid_at: Temporal.Instant;
  readonly currency: Currency;
  /** What was paid: neither what a balance, a coupon nor a credit note covered. */
  readonly gross: bigint;
  readonly tax: bigint;
  /** What went back of it, or is disputed. */
  readonly reversed: bigint;
  /** What the payment provider took for that. */
  readonly reversal_fees: bigint;
  /** What the payment provider took of it; undefined: nobody knows yet, and the catalog's counts. */
  readonly fees?: bigint | undefined;
  /** What it put onto the balance of its customer, and what of that balance paid it. */
  readonly to_balance: bigint;
  readonly from_balance: bigint;
  readonly lines: readonly InvoiceLine[];
  /** The plan that the subscription named when the invoice was made. */
  readonly plan: string | undefined;
  readonly version: string;
}

/** What a seller put onto the balance of its customer of what an invoice had brought in, tax included. */
export interface CreditFact {
  readonly note: string;
  readonly invoice: string;
  readonly at: Temporal.Instant;
  readonly amount: bigint;
}

/** All that is known of the payments of one workspace, in any order. */
export interface PaymentFacts {
  /** Absent: none. */
  readonly credits?: readonly CreditFact[];
  readonly snapshots: readonly SubscriptionSnapshot[];
  readonly invoices: readonly InvoiceFact[];
}

/** The later of two snapshots by time and rank; what happened in one moment without telling is put in an order of its own, the same for everyone. */
export function bySnapshotTime(one: SubscriptionSnapshot, other: SubscriptionSnapshot): number {
  return Temporal.Instant.compare(one.at, other.at) || one.rank - other.rank || (contentOf(one) < contentOf(other) ? -1 : 1);
}

function contentOf({ status, plan, price, period }: SubscriptionSnapshot): string {
  return [status, period?.from.toString() ?? '', plan, price].join('\n');
}
