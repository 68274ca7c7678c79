import { Random } from '../random.ts';
import { Agenda } from './agenda.ts';
import { monthsAfter, monthsOf } from './calendar.ts';
import type { Fact, Played, Slice, Told } from './facts.ts';
import type { Life } from './life.ts';
import type { PriceList } from './price-list.ts';
import {
  chargeOf,
  type Invoice,
  invoiceObject,
  metadataOf,
  paymentOf,
  type Subscription,
  subscriptionObject,
  type Wire,
} from './stripe-objects.ts';

const MONTHS_YEAR = 12;
const ID_LETTERS = 10;
const RETURNS: ReadonlySet<string> = new Set(['refund', 'dispute', 'credit_note']);
/** In these a customer is not to be served by its subscription, whatever was paid before. */
const SERVES: ReadonlySet<string> = new Set(['active', 'trialing', 'past_due']);

/** Writes down what Stripe says of one customer, and what an accountant who sees everything knows besides. */
export class StripeTeller {
  readonly life: Life;
  readonly prices: PriceList;
  /** In the id of everything, so that no two lives share one. */
  readonly key: string;
  readonly agenda = new Agenda();
  readonly #told: Told[] = [];
  readonly #facts: Fact[] = [];
  readonly #shown: { at: number; object: Wire }[] = [];
  readonly #checkouts: { at: number; plan: string }[] = [];
  readonly #sold = new Map<string, string>();
  readonly #random: Random;
  /** Only what goes back is found by its payment. */
  readonly #mayReturn: boolean;

  constructor(life: Life, prices: PriceList, key: string) {
    this.life = life;
    this.prices = prices;
    this.key = key;
    this.#random = new Random(life.shuffle);
    this.#mayReturn = life.deeds.some(([, { is }]) => RETURNS.has(is));
  }

  played(): Played {
    return { told: this.#told, facts: this.#facts, checkouts: this.#checkouts, shown: this.#shown };
  }

  /** Our own page, opened and gone through. Gives the place of the checkout among those of this life. */
  checkout(at: number, plan: string): number {
    return this.#checkouts.push({ at, plan }) - 1;
  }

  sold(of: Subscription): void {
    this.#sold.set(of.id, of.plan);
  }

  #soldAs(of: Subscription): string {
    return this.#sold.get(of.id) ?? of.plan;
  }

  /** Ids say nothing about order: within one second they sort in any. */
  tell(at: number, type: string, object: Wire): string {
    const letters = Array.from({ length: ID_LETTERS }, () => Math.floor(this.#random.uniform() * 36).toString(36)).join('');
    const id = `evt_${letters}_${this.key}_${this.#told.length}`;
    this.#told.push({ id, type, created: at, object });
    return id;
  }

  show(at: number, object: Wire): void {
    this.#shown.push({ at, object });
  }

  fact(fact: Fact): void {
    this.#facts.push(fact);
  }

  subscription(at: number, of: Subscription, what: 'created' | 'updated' | 'deleted' | 'paused' | 'resumed'): void {
    const object = subscriptionObject(of, this.#soldAs(of), this.life);
    this.show(at, object);
    const told_by = [this.tell(at, `customer.subscription.${what}`, object)];
    if (what === 'paused' || what === 'resumed') told_by.push(this.tell(at, 'customer.subscription.updated', object));
    const serves = SERVES.has(of.status) && of.pause_collection === null;
    this.fact({ is: 'state', at, subscription: of.id, serves, status: of.status, plan: of.plan, told_by });
  }

  /** That a period began says the invoice too; that a trial ended, nothing else does. */
  renewed(at: number, of: Subscription, tried: boolean): void {
    if (tried || this.life.tells !== 'least') this.subscription(at, of, 'updated');
    else this.show(at, subscriptionObject(of, this.#soldAs(of), this.life));
  }

  checkoutDone(at: number, of: Subscription): void {
    if (of.checkout === undefined || this.life.tells === 'least') return;
    const paid = this.life.trial_days > 0 ? 'no_payment_required' : 'paid';
    const object = {
      id: `{{session:${of.checkout}}}`,
      object: 'checkout.session',
      client_reference_id: '{{workspace}}',
      currency: of.currency,
      amount_subtotal: of.unit * of.quantity,
      amount_total: of.unit * of.quantity,
      customer: '{{customer}}',
      metadata: metadataOf(of, this.#soldAs(of)),
      mode: 'subscription',
      payment_intent: null,
      payment_status: paid,
      status: 'complete',
      subscription: of.id,
    };
    if (this.life.first !== 'fails' || this.life.trial_days > 0) this.tell(at, 'checkout.session.completed', object);
  }

  drafted(at: number, of: Invoice): void {
    const object = invoiceObject(of, this.#soldAs(of.subscription), this.life);
    this.show(at, object);
    if (this.life.tells === 'all') this.tell(at, 'invoice.created', object);
  }

  invoice(at: number, of: Invoice, what: string): string {
    const object = invoiceObject(of, this.#soldAs(of.subscription), this.life);
    this.show(at, object);
    const event = this.tell(at, `invoice.${what}`, object);
    if (this.life.tells === 'all' && what === 'paid') this.tell(at, 'invoice.payment_succeeded', object);
    return event;
  }

  /** Since 2025 this is where a payment names its invoice; before, the invoice named it. */
  invoicePayment(at: number, of: Invoice): void {
    const charge = this.charge(of);
    this.show(at, charge);
    if (this.life.tells === 'all') this.tell(at, 'charge.succeeded', charge);
    if (this.life.shape === 'old' || (this.life.tells === 'least' && !this.#mayReturn)) return;
    const object = {
      id: of.id.replace(/^in_/, 'inpay_'),
      object: 'invoice_payment',
      amount_paid: of.amount_paid,
      amount_requested: of.amount_due,
      created: at,
      currency: of.subscription.currency,
      invoice: of.id,
      is_default: true,
      livemode: true,
      payment: { type: 'payment_intent', payment_intent: paymentOf(of.id) },
      status: 'paid',
      status_transitions: { canceled_at: null, paid_at: at },
    };
    this.show(at, object);
    this.tell(at, 'invoice_payment.paid', object);
  }

  charge(of: Invoice): Wire {
    return {
      id: chargeOf(of.id),
      object: 'charge',
      amount: of.amount_paid,
      amount_captured: of.amount_paid,
      amount_refunded: of.refunded,
      captured: true,
      currency: of.subscription.currency,
      customer: '{{customer}}',
      disputed: false,
      metadata: {},
      paid: true,
      payment_intent: paymentOf(of.id),
      receipt_url: null,
      refunded: of.refunded === of.amount_paid,
      status: 'succeeded',
      ...(this.life.shape === 'old' && { invoice: of.id }),
    };
  }

  collected(at: number, of: Invoice, event: string): void {
    const { subscription } = of;
    const gross = of.amount_paid;
    const tax = Math.ceil((of.tax * gross) / of.total);
    const asked = of.lines.reduce((all, { amount }) => all + amount, 0);
    const beside = of.lines.filter(({ kind }) => kind === 'metered').reduce((all, { amount }) => all + amount, 0);
    const net = gross - tax;
    this.fact({
      is: 'collected',
      at,
      invoice: of.id,
      subscription: subscription.id,
      currency: subscription.currency,
      plan: subscription.plan,
      gross,
      tax,
      for_plan: asked > 0 ? Math.floor((net * (asked - beside)) / asked) : 0,
      slices: leftAt(this.#slices(of), at),
      event,
      plain: of.reason !== 'subscription_update' && of.lines.every(({ kind }) => kind === 'plan'),
    });
  }

  /** The months that the money of an invoice is for: of a proration, what is left of the period. */
  #slices(of: Invoice): readonly Slice[] {
    const { subscription, created } = of;
    if (this.life.shape === 'sparse') {
      const to = of.reason === 'subscription_update' ? subscription.to : monthsAfter(created, 1);
      return [{ from: created, to, part: 1 }];
    }
    const line = of.lines.find(({ kind }) => kind === 'plan') ?? of.lines.findLast(({ kind }) => kind === 'proration');
    if (line === undefined) return [{ from: created, to: monthsAfter(created, 1), part: 1 }];
    if (!line.yearly) return [{ from: line.from, to: line.to, part: 1 }];
    const months = monthsOf(subscription.from, line.to, MONTHS_YEAR).filter(({ to }) => to > line.from);
    return months.map(({ from, to }) => ({ from: Math.max(from, line.from), to, part: 1 }));
  }
}

/** Months that are over when they are paid serve nobody: their money is for those that are left, and where none is, for a month from then on. */
function leftAt(slices: readonly Slice[], at: number): readonly Slice[] {
  const left = slices.filter(({ to }) => to > at);
  return left.length > 0 ? left : [{ from: at, to: monthsAfter(at, 1), part: 1 }];
}
