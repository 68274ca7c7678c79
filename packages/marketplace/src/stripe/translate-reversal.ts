import { fromMinor, type Money } from '@purser/money';
import { z } from 'zod';

import type { ChargeAction, CreditNoteAction, ReversalAction } from '../payment-action.ts';
import { paymentNamed, reference } from './objects.ts';

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

export function reversalAction(type: string, object: unknown): ReversalAction | ChargeAction | CreditNoteAction | undefined {
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

function charged(object: z.infer<typeof charge>): ChargeAction {
  const { receipt_url } = object;
  const url = receipt_url && /^https?:\/\//.test(receipt_url) ? receipt_url : undefined;
  const seen = seenIn(object);
  return { kind: 'charge', payment: object.payment_intent ?? object.id, receipt_url: url, seen };
}

/** A charge without its own amount says nothing of what it was. */
function seenIn({ amount, currency, presentment_details }: z.infer<typeof charge>): Money[] {
  return [
    ...(amount === null || amount === undefined ? [] : [fromMinor(amount, currency)]),
    ...(presentment_details ? [fromMinor(presentment_details.presentment_amount, presentment_details.presentment_currency)] : []),
  ];
}

function refundedCharge(object: z.infer<typeof charge>): ReversalAction {
  const { id, amount_refunded, currency, payment_intent } = object;
  const amount = fromMinor(amount_refunded, currency);
  const none = { fee: undefined, withdrawn: undefined };
  return {
    kind: 'reversal',
    payment: payment_intent ?? id,
    object: id,
    source: 'charge',
    amount,
    state: 'open',
    seen: seenIn(object),
    ...none,
  };
}

/** A refund that failed or was called off leaves the money where it was. */
function refunded({ id, amount, currency, status, ...of }: z.infer<typeof refund>): ReversalAction | undefined {
  const payment = paymentNamed(of);
  if (payment === undefined) return undefined;
  const state = status === 'failed' || status === 'canceled' ? 'failed' : 'open';
  const none = { fee: undefined, withdrawn: undefined, seen: [] };
  return {
    kind: 'reversal',
    payment,
    object: id,
    source: 'refund',
    amount: fromMinor(amount, currency),
    state,
    ...none,
  };
}

/** An inquiry (`warning_…`) takes no money; a prevented one never did. */
function disputed(object: z.infer<typeof dispute>): ReversalAction | undefined {
  const { id, amount, currency, status, balance_transactions } = object;
  const payment = paymentNamed(object);
  if (payment === undefined || status.startsWith('warning_') || status === 'prevented') return undefined;
  const state = status === 'won' || status === 'lost' ? status : 'open';
  const settled = balance_transactions[0]?.currency;
  const own = balance_transactions.filter((transaction) => transaction.currency === settled);
  const fees = own.reduce((sum, { fee }) => sum + Math.max(0, fee), 0);
  const taken = own.reduce((sum, transaction) => sum + Math.max(0, -(transaction.amount ?? 0)), 0);
  return {
    kind: 'reversal',
    payment,
    object: id,
    source: 'dispute',
    amount: fromMinor(amount, currency),
    fee: settled === undefined ? undefined : fromMinor(fees, settled),
    withdrawn: settled === undefined || taken === 0 ? undefined : fromMinor(taken, settled),
    state,
    seen: [],
  };
}

function credited(object: z.infer<typeof creditNote>): CreditNoteAction {
  const { id, invoice, currency, status } = object;
  const amount = fromMinor(object.out_of_band_amount ?? 0, currency);
  const to_balance = fromMinor(creditedToBalance(object), currency);
  return { kind: 'credit_note', object: id, invoice, amount, to_balance, void: status === 'void' };
}

/** What was neither refunded nor given back by other means. Older versions of Stripe's API name a refund without its amount: then nobody knows. */
function creditedToBalance({ customer_balance_transaction, refunds, ...object }: z.infer<typeof creditNote>): number {
  const unknown = object.refund !== null && object.refund !== undefined && !refunds;
  if (customer_balance_transaction === null || customer_balance_transaction === undefined || unknown) return 0;
  const all = object.post_payment_amount ?? (object.type === 'pre_payment' ? 0 : (object.total ?? 0));
  const by_refunds = (refunds ?? []).reduce((sum, { amount_refunded }) => sum + (amount_refunded ?? 0), 0);
  return Math.max(0, all - by_refunds - (object.out_of_band_amount ?? 0));
}
