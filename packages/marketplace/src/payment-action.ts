import type { Id, WorkspaceId } from '@purser/core';
import type { Money } from '@purser/money';
import type { SubscriptionSnapshot } from '@purser/terms';

export type CheckoutId = Id<'checkout'>;

/**
 * What a payment provider tells, in words that are no provider's: `stripe/` translates to it, `effects/` applies it. `payment` is the provider's
 * id of a payment, `customer` that of whoever pays.
 */
export type PaymentAction =
  | PackPaidAction
  | ReversalAction
  | ChargeAction
  | CreditNoteAction
  | SubscriptionAction
  | InvoiceAction
  | InvoicePaymentAction;

/** An event that is known to be the provider's, read once. Without `action` it is of a type, or in a state, that changes nothing here. */
export interface PaymentEvent {
  readonly id: string;
  readonly type: string;
  readonly at: Temporal.Instant;
  readonly customer: string | undefined;
  readonly payload: unknown;
  readonly action: PaymentAction | undefined;
  /** What the provider took of payments, where it is told with them. */
  readonly fees: readonly ToldFee[];
  /** Why its object could not be understood. */
  readonly unreadable?: string;
}

/** What the provider took of a payment. */
export interface ToldFee {
  readonly payment: string;
  readonly fee: Money;
}

/** How ledger and audit log name what the provider has under this id. */
export function providerReference(id: string): string {
  return `stripe:${id}`;
}

/** A pack was paid for on the page of a checkout. */
export interface PackPaidAction {
  readonly kind: 'pack_paid';
  readonly checkout: CheckoutId;
  readonly workspace: WorkspaceId;
  readonly session: string;
  readonly payment: string;
  readonly subtotal: Money;
  readonly total: Money;
  readonly tax: Money;
  /** What the buyer saw. */
  readonly seen: readonly Money[];
}

/** Money that went back, or is disputed, in the currency it is told in. */
export interface ReversalAction {
  readonly kind: 'reversal';
  readonly payment: string;
  readonly object: string;
  readonly source: 'charge' | 'refund' | 'dispute';
  readonly amount: Money;
  /** What the payment service takes for it. */
  readonly fee: Money | undefined;
  /** What was taken from the seller's balance for it. */
  readonly withdrawn: Money | undefined;
  readonly state: 'open' | 'failed' | 'won' | 'lost';
  readonly seen: readonly Money[];
}

/** A payment as its buyer saw it, and where its receipt is. */
export interface ChargeAction {
  readonly kind: 'charge';
  readonly payment: string;
  readonly receipt_url: string | undefined;
  /** What it was, in each currency that is told. */
  readonly seen: readonly Money[];
}

/** What a seller credited on an invoice that was paid. */
export interface CreditNoteAction {
  readonly kind: 'credit_note';
  readonly object: string;
  readonly invoice: string;
  /** Given back by other means than the payment service. */
  readonly amount: Money;
  /** Put onto the balance of its customer. */
  readonly to_balance: Money;
  readonly void: boolean;
}

/** What an event says of a subscription. Names of plans are as its prices have them, whoever knows them. */
export interface SubscriptionAction {
  readonly kind: 'subscription';
  readonly subscription: string;
  readonly status: SubscriptionSnapshot['status'];
  readonly rank: number;
  readonly workspace: string | undefined;
  /** The checkout that it was bought by. */
  readonly checkout: string | undefined;
  /** Of the whole subscription: what a price that we made on the spot leaves to it. */
  readonly plan: string | undefined;
  readonly items: readonly SubscribedItem[];
  readonly period: Period | undefined;
  readonly trial: Period | undefined;
  readonly latest_invoice: string | undefined;
}

export interface SubscribedItem {
  readonly item: string;
  readonly price: string;
  readonly plan: string | undefined;
  readonly metered: boolean;
  readonly period: Period | undefined;
}

export interface Period {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** What an event says of an invoice of a subscription. */
export interface InvoiceAction {
  readonly kind: 'invoice';
  readonly invoice: string;
  readonly subscription: string;
  /** `void`: it was called off, and nobody owes it. */
  readonly state: 'paid' | 'failed' | 'void';
  readonly reason: 'create' | 'cycle' | 'change';
  readonly made_at: Temporal.Instant | undefined;
  /** What came in by it, and what of that is tax. */
  readonly gross: Money;
  readonly tax: Money;
  /** What it put onto the balance of its customer, and what of that balance paid it. */
  readonly to_balance: Money;
  readonly from_balance: Money;
  /** There was something to pay for, whoever paid it: an invoice of a trial is none. */
  readonly charged: boolean;
  readonly plan: string | undefined;
  readonly lines: readonly InvoicedLine[];
  readonly payment: string | undefined;
}

export interface InvoicedLine {
  readonly item: string | undefined;
  readonly price: string | undefined;
  readonly plan: string | undefined;
  readonly metered: boolean;
  readonly proration: boolean;
  readonly amount: bigint;
  readonly period: Period | undefined;
}

export interface InvoicePaymentAction {
  readonly kind: 'invoice_payment';
  readonly invoice: string;
  readonly payment: string;
}
