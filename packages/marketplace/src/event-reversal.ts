import { fromMinor, type Money } from '@purser/money';
import { z } from 'zod';

import { paymentNamed, reference } from './event-subscription.ts';

/** Money that went back, or is disputed, in the currency it is told in. */
export interface ToldReversal {
  readonly is: 'reversal';
  readonly payment: string;
  readonly object: string;
  readonly kind: 'charge' | 'refund' | 'dispute';
  readonly amount: Money;
  /** What the payment service takes for it. */
  readonly fee: Money | undefined;
  /** What was taken from the seller's balance for it. */
  readonly withdrawn: Money | undefined;
  readonly state: 'open' | 'failed' | 'won' | 'lost';
  readonly seen: readonly Money[];
}

/** A payment as its buyer saw it, and where its receipt is. */
export interface ToldCharge {
  readonly is: 'charge';
  readonly payment: string;
  readonly receipt_url: string | undefined;
  /** What it was, in each currency that is told. */
  readonly seen: readonly Money[];
}

/** What a seller credited on an invoice that was paid. */
export interface ToldCreditNote {
  readonly is: 'credit_note';
  readonly object: string;
  readonly invoice: string;
  /** Given back by other means than the payment service. */
  readonly amount: Money;
  /** Put onto the balance of its customer. */
  readonly to_balance: Money;
  readonly void: boolean;
}

const minor = z.int().min(0);
const presentment = z.object({ presentment_amount: minor, presentment_currency: z.string() }).nullish();

const charge = z.object({
  id: z.string(),
  currency: z.string(),
  amount: minor.nullish(),
  amount_refunded: minor,
  payment_intent: reference.nullish(),
  receipt_url: z.string().nullish(),
  presentment_details: presentment,
});
const refund = z.object({
  id: z.string(),
  amount: minor,
  currency: z.string(),
  status: z.string().nullish(),
  payment_intent: reference.nullish(),
  charge: reference.nullish(),
});
const dispute = z.object({
  id: z.string(),
  amount: minor,
  currency: z.string(),
  status: z.string(),
  payment_intent: reference.nullish(),
  charge: reference.nullish(),
  balance_transactions: z
    .array(z.object({ amount: z.int().nullish(), fee: z.int(), currency: z.string() }))
    .nullish()
    .transform((listed) => listed ?? []),
});
const creditNote = z.object({
  id: z.string(),
  invoice: reference,
  currency: z.string(),
  status: z.string().nullish(),
  out_of_band_amount: minor.nullish(),
  total: minor.nullish(),
  type: z.string().nullish(),
  post_payment_amount: minor.nullish(),
  customer_balance_transaction: reference.nullish(),
  refund: reference.nullish(),
  refunds: z.array(z.object({ amount_refunded: minor.nullish() })).nullish(),
});

export function reversalSaying(type: string, object: unknown): ToldReversal | ToldCharge | ToldCreditNote | undefined {
  switch (type) {
    case 'charge.succeeded':
    case 'charge.updated':
      return charged(charge.parse(object));
    case 'charge.refunded':
      return refundedCharge(charge.parse(object));
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return refunded(refund.parse(object));
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return disputed(dispute.parse(object));
    case 'credit_note.created':
    case 'credit_note.updated':
    case 'credit_note.voided':
      return credited(creditNote.parse(object));
    default:
      return undefined;
  }
}

function charged(object: z.infer<typeof charge>): ToldCharge {
  const { receipt_url } = object;
  const url = receipt_url && /^https?:\/\//.test(receipt_url) ? receipt_url : undefined;
  const seen = seenIn(object);
  return { is: 'charge', payment: object.payment_intent ?? object.id, receipt_url: url, seen };
}

/** A charge without its own amount says nothing of what it was. */
function seenIn({ amount, currency, presentment_details }: z.infer<typeof charge>): Money[] {
  return [
    ...(amount === null || amount === undefined ? [] : [fromMinor(amount, currency)]),
    ...(presentment_details ? [fromMinor(presentment_details.presentment_amount, presentment_details.presentment_currency)] : []),
  ];
}

function refundedCharge(object: z.infer<typeof charge>): ToldReversal {
  const { id, amount_refunded, currency, payment_intent } = object;
  const amount = fromMinor(amount_refunded, currency);
  const none = { fee: undefined, withdrawn: undefined };
  return {
    is: 'reversal',
    payment: payment_intent ?? id,
    object: id,
    kind: 'charge',
    amount,
    state: 'open',
    seen: seenIn(object),
    ...none,
  };
}

/** A refund that failed or was called off leaves the money where it was. */
function refunded({ id, amount, currency, status, ...of }: z.infer<typeof refund>): ToldReversal | undefined {
  const payment = paymentNamed(of);
  if (payment === undefined) return undefined;
  const state = status === 'failed' || status === 'canceled' ? 'failed' : 'open';
  const none = { fee: undefined, withdrawn: undefined, seen: [] };
  return {
    is: 'reversal',
    payment,
    object: id,
    kind: 'refund',
    amount: fromMinor(amount, currency),
    state,
    ...none,
  };
}

/** An inquiry (`warning_…`) takes no money; a prevented one never did. */
function disputed(object: z.infer<typeof dispute>): ToldReversal | undefined {
  const { id, amount, currency, status, balance_transactions } = object;
  const payment = paymentNamed(object);
  if (payment === undefined || status.startsWith('warning_') || status === 'prevented') return undefined;
  const state = status === 'won' || status === 'lost' ? status : 'open';
  const settled = balance_transactions[0]?.currency;
  const own = balance_transactions.filter((transaction) => transaction.currency === settled);
  const fees = own.reduce((sum, { fee }) => sum + Math.max(0, fee), 0);
  const taken = own.reduce((sum, transaction) => sum + Math.max(0, -(transaction.amount ?? 0)), 0);
  return {
    is: 'reversal',
    payment,
    object: id,
    kind: 'dispute',
    amount: fromMinor(amount, currency),
    fee: settled === undefined ? undefined : fromMinor(fees, settled),
    withdrawn: settled === undefined || taken === 0 ? undefined : fromMinor(taken, settled),
    state,
    seen: [],
  };
}

function credited(object: z.infer<typeof creditNote>): ToldCreditNote {
  const { id, invoice, currency, status } = object;
  const amount = fromMinor(object.out_of_band_amount ?? 0, currency);
  const to_balance = fromMinor(creditedToBalance(object), currency);
  return { is: 'credit_note', object: id, invoice, amount, to_balance, void: status === 'void' };
}

/** What was neither refunded nor given back by other means. Older versions of Stripe's API name a refund without its amount: then nobody knows. */
function creditedToBalance({ customer_balance_transaction, refunds, ...object }: z.infer<typeof creditNote>): number {
  const unknown = object.refund !== null && object.refund !== undefined && !refunds;
  if (customer_balance_transaction === null || customer_balance_transaction === undefined || unknown) return 0;
  const all = object.post_payment_amount ?? (object.type === 'pre_payment' ? 0 : (object.total ?? 0));
  const by_refunds = (refunds ?? []).reduce((sum, { amount_refunded }) => sum + (amount_refunded ?? 0), 0);
  return Math.max(0, all - by_refunds - (object.out_of_band_amount ?? 0));
}
