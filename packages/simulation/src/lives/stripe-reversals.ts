import { DAY_S } from './calendar.ts';
import type { AuditEvent } from './life.ts';
import type { StripeAccount } from './stripe-account.ts';
import { chargeOf, type Invoice, paymentOf, type Wire } from './stripe-objects.ts';
import type { StripeTeller } from './stripe-teller.ts';

type Refund = Extract<AuditEvent, { is: 'refund' }>;
type Dispute = Extract<AuditEvent, { is: 'dispute' }>;
type CreditNote = Extract<AuditEvent, { is: 'credit_note' }>;

/** What a bank tells a dispute in, and how many of its coins one of the payment's is: by its amount alone it looks like a part. */
const FOREIGN = { currency: 'gbp', rate: 0.86 } as const;

/** Money that goes back, and at times comes again: of the latest invoice that was paid. */
export class StripeReversals {
  readonly #teller: StripeTeller;
  readonly #account: StripeAccount;
  readonly #disputed = new Set<string>();
  #made = 0;

  constructor(teller: StripeTeller, account: StripeAccount) {
    this.#teller = teller;
    this.#account = account;
  }

  refund(at: number, { percent, fails_after }: Omit<Refund, 'is'>): number {
    const of = this.#account.lastPaid;
    if (of === undefined || this.#disputed.has(of.id)) return 0;
    const amount = Math.min(of.amount_paid - of.refunded, Math.ceil((of.amount_paid * percent) / 100));
    if (amount <= 0) return 0;
    of.refunded += amount;
    const id = this.#name('re', of);
    const object = {
      id,
      object: 'refund',
      amount,
      charge: chargeOf(of.id),
      created: at,
      currency: of.subscription.currency,
      metadata: {},
      payment_intent: paymentOf(of.id),
      reason: 'requested_by_customer',
      status: 'succeeded',
    };
    const told_by = [this.#charge(at, of), this.#say(at, 'refund.created', object)];
    const back = fails_after === undefined ? undefined : { at: at + fails_after * DAY_S, told_by: [] as string[] };
    this.#teller.fact({ is: 'returned', at, object: id, invoice: of.id, gross: amount, told_by, back });
    if (back === undefined) return amount;
    this.#teller.agenda.at(back.at, (then) => {
      of.refunded -= amount;
      const failed = { ...object, status: 'failed', failure_reason: 'lost_or_stolen_card' };
      back.told_by.push(this.#say(then, 'refund.failed', failed), this.#say(then, 'refund.updated', failed));
      this.#teller.show(then, this.#teller.charge(of));
    });
    return amount;
  }

  /** Told in the currency of the bank, while what was taken stands in the one of the payment. */
  dispute(at: number, { foreign, result, after, fee }: Omit<Dispute, 'is'>): void {
    const of = this.#account.lastPaid;
    if (of === undefined || this.#disputed.has(of.id) || of.refunded > 0) return;
    this.#disputed.add(of.id);
    const id = this.#name('dp', of);
    const own = of.subscription.currency;
    const rate = foreign ? FOREIGN.rate : 1;
    const moved = (amount: number, kind: string, of_fee: number): Wire => ({
      id: this.#name('txn', of),
      object: 'balance_transaction',
      amount,
      currency: own,
      exchange_rate: foreign ? 1 / rate : null,
      fee: of_fee,
      fee_details: of_fee === 0 ? [] : [{ amount: of_fee, currency: own, description: 'Dispute fee', type: 'stripe_fee' }],
      net: amount - of_fee,
      reporting_category: kind,
      type: 'adjustment',
    });
    const taken = moved(-of.amount_paid, 'dispute', fee);
    const object = {
      id,
      object: 'dispute',
      amount: Math.round(of.amount_paid * rate),
      balance_transactions: [taken],
      charge: chargeOf(of.id),
      created: at,
      currency: foreign ? FOREIGN.currency : own,
      is_charge_refundable: false,
      metadata: {},
      payment_intent: paymentOf(of.id),
      reason: 'fraudulent',
      status: 'needs_response',
    };
    const told_by = [this.#say(at, 'charge.dispute.created', object), this.#say(at, 'charge.dispute.funds_withdrawn', object)];
    const back = result === 'won' ? { at: at + after * DAY_S, told_by: [] as string[] } : undefined;
    this.#teller.fact({ is: 'returned', at, object: id, invoice: of.id, gross: of.amount_paid, told_by, back });
    if (result === 'open') return;
    this.#teller.agenda.at(at + after * DAY_S, (then) => {
      const given = result === 'won' ? [taken, moved(of.amount_paid, 'dispute_reversal', 0)] : [taken];
      const closed = { ...object, balance_transactions: given, status: result };
      const event = this.#say(then, 'charge.dispute.closed', closed);
      if (back !== undefined) back.told_by.push(event, this.#say(then, 'charge.dispute.funds_reinstated', closed));
    });
  }

  /** Either money goes back, or it stays here and pays a later invoice. */
  creditNote(at: number, { percent, to }: Omit<CreditNote, 'is'>): void {
    const of = this.#account.lastPaid;
    if (of === undefined || this.#disputed.has(of.id)) return;
    const amount = to === 'refund' ? this.refund(at, { percent }) : Math.ceil((of.amount_paid * percent) / 100);
    if (amount === 0) return;
    if (to === 'balance') {
      this.#account.giveBalance(amount, true);
      this.#teller.fact({ is: 'changed', at });
    }
    this.#say(at, 'credit_note.created', {
      id: this.#name('cn', of),
      object: 'credit_note',
      amount,
      created: at,
      currency: of.subscription.currency,
      customer: '{{customer}}',
      customer_balance_transaction: to === 'balance' ? this.#name('cbtxn', of) : null,
      invoice: of.id,
      out_of_band_amount: null,
      post_payment_amount: amount,
      pre_payment_amount: 0,
      reason: 'order_change',
      refunds: to === 'refund' ? [{ amount_refunded: amount, refund: `re_${of.id}` }] : [],
      status: 'issued',
      total: amount,
      type: 'post_payment',
    });
  }

  #charge(at: number, of: Invoice): string {
    return this.#say(at, 'charge.refunded', this.#teller.charge(of));
  }

  #say(at: number, type: string, object: Wire): string {
    this.#teller.show(at, object);
    return this.#teller.tell(at, type, object);
  }

  #name(prefix: string, of: Invoice): string {
    return `${prefix}_${of.id}_${this.#made++}`;
  }
}
