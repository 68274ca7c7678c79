import { DAY_S, HOUR_S, monthsAfter } from './calendar.ts';
import type { AuditEvent, DunningEnd, Proration } from './life.ts';
import { appliedBalance, type Invoice, type Line, type Subscription } from './stripe-objects.ts';
import { invoiceSums, paidByCredit } from './invoice-sums.ts';
import type { StripeTeller } from './stripe-teller.ts';
import { unitPrice } from './price-list.ts';

type Fails = Extract<AuditEvent, { is: 'fails' }>;

/** After so long a draft is finalised and charged. */
const DRAFT_S = HOUR_S;
const RETRIES_S = [3 * DAY_S, 8 * DAY_S, 15 * DAY_S] as const;

/**
 * One customer's account at Stripe, as its documentation says that subscriptions go: periods that are anchored and never chained, drafts of
 * an hour, prorations by the second, balances, retries and what they come to. It moves by the agenda of its teller, which writes down
 * what Stripe says and what really happened.
 */
export class StripeAccount {
  readonly #teller: StripeTeller;
  /** Less than nothing: what the customer has to its credit, and what of that came of money and was not given. */
  #balance = 0;
  #credited = 0;
  readonly subscriptions: Subscription[] = [];
  readonly #invoices: Invoice[] = [];
  #fails: Fails | undefined;
  #made = 0;

  constructor(teller: StripeTeller) {
    this.#teller = teller;
  }

  get current(): Subscription | undefined {
    return this.subscriptions.findLast(({ ended_at }) => ended_at === null);
  }

  /** The latest invoice that money came in by. */
  get lastPaid(): Invoice | undefined {
    return this.#invoices.findLast(({ amount_paid }) => amount_paid > 0);
  }

  subscribe(at: number, plan: string, checkout: number | undefined): void {
    const { life, prices, key } = this.#teller;
    const { unit, currency } = unitPrice(prices, at, plan, life.yearly, life.currency);
    const trial = this.subscriptions.length === 0 ? life.trial_days : 0;
    const made: Subscription = {
      id: `sub_${key}_${this.subscriptions.length}`,
      plan,
      quantity: life.quantity,
      currency,
      yearly: life.yearly,
      unit,
      status: trial > 0 ? 'trialing' : life.sent || life.first === 'at_once' ? 'active' : 'incomplete',
      created: at,
      anchor: trial > 0 ? at + trial * DAY_S : at,
      period: 0,
      from: at,
      to: 0,
      trial_end: trial > 0 ? at + trial * DAY_S : null,
      cancel_at_period_end: false,
      pause_collection: null,
      ended_at: null,
      latest_invoice: null,
      checkout,
      listed: false,
      card: 0,
      coupon_left: life.coupon?.invoices ?? 0,
      pending: [],
    };
    made.to = made.trial_end ?? this.#end(made);
    this.subscriptions.push(made);
    this.#teller.sold(made);
    const invoice = this.#invoice(at, made, 'subscription_create', trial > 0 ? [] : this.#planLines(made));
    this.#teller.subscription(at, made, 'created');
    if (checkout !== undefined) this.#teller.checkoutDone(at, made);
    const due = made.to;
    this.#teller.agenda.at(due, (then) => this.#renew(then, made, due));
    if (trial > 0) this.#settle(at, invoice);
    else if (life.sent) this.#send(at, invoice);
    else this.#first(at, made, invoice);
  }

  #first(at: number, of: Subscription, invoice: Invoice): void {
    const { life, agenda } = this.#teller;
    if (of.status === 'active') return invoice.amount_due === 0 ? this.#settle(at, invoice) : this.#pay(at, invoice);
    const begin = (then: number): void => {
      if (of.status !== 'incomplete') return;
      of.status = 'active';
      this.#teller.subscription(then, of, 'updated');
      this.#pay(then, invoice);
    };
    if (invoice.amount_due === 0) {
      of.status = 'active';
      this.#teller.subscription(at, of, 'updated');
      this.#settle(at, invoice);
      return;
    }
    if (life.first === 'two_steps') return begin(at);
    invoice.attempts++;
    this.#teller.invoice(at, invoice, life.first === 'fails' ? 'payment_failed' : 'payment_action_required');
    if (life.first === 'authenticated') return agenda.at(at + HOUR_S, begin);
    agenda.at(at + 23 * HOUR_S, (then) => {
      if (of.status !== 'incomplete') return;
      invoice.status = 'void';
      this.#teller.invoice(then, invoice, 'voided');
      this.#finish(then, of, 'incomplete_expired');
    });
  }

  /** The period is over: the next one begins, and its invoice is drafted. */
  #renew(at: number, of: Subscription, due: number): void {
    if (of.ended_at !== null || of.to !== due || of.status === 'paused' || of.status === 'incomplete') return;
    if (of.cancel_at_period_end) return this.#finish(at, of, 'canceled');
    const tried = of.status === 'trialing';
    if (tried) of.status = 'active';
    else of.period++;
    of.from = due;
    of.to = this.#end(of);
    const next = of.to;
    this.#teller.agenda.at(next, (then) => this.#renew(then, of, next));
    const invoice = this.#invoice(at, of, 'subscription_cycle', [...this.#planLines(of), ...of.pending.splice(0)]);
    this.#teller.renewed(at, of, tried);
    if (of.status === 'unpaid') return;
    if (of.pause_collection !== null) {
      invoice.status =
        of.pause_collection === 'void' ? 'void' : of.pause_collection === 'keep_as_draft' ? 'draft' : 'uncollectible';
      if (invoice.status === 'void') this.#teller.invoice(at + DRAFT_S, invoice, 'voided');
      if (invoice.status === 'uncollectible') this.#teller.invoice(at + DRAFT_S, invoice, 'marked_uncollectible');
      return;
    }
    this.#teller.agenda.at(at + DRAFT_S, (then) => {
      if (invoice.status !== 'draft') return;
      if (this.#teller.life.sent) this.#send(then, invoice);
      else this.#attempt(then, invoice);
    });
  }

  /** Sent to be paid by a transfer. */
  #send(at: number, invoice: Invoice): void {
    const { sent } = this.#teller.life;
    if (sent === undefined || invoice.amount_due === 0) return this.#settle(at, invoice);
    invoice.status = 'open';
    if (sent.paid_after !== 'never')
      return this.#teller.agenda.at(at + sent.paid_after * DAY_S, (then) => this.#pay(then, invoice));
    this.#teller.agenda.at(at + 14 * DAY_S, (then) => this.#owing(then, invoice, 'past_due'));
    this.#teller.agenda.at(at + 28 * DAY_S, (then) => this.#dunned(then, invoice, sent.end));
  }

  #attempt(at: number, invoice: Invoice): void {
    if (invoice.amount_due === 0) return this.#settle(at, invoice);
    if (invoice.status === 'paid' || invoice.status === 'void') return;
    invoice.status = 'open';
    const fails = this.#fails;
    const tries = invoice.attempts;
    if (fails === undefined || (fails.until !== 'never' && tries >= fails.until)) {
      if (fails !== undefined && tries > 0) this.#fails = undefined;
      return this.#pay(at, invoice);
    }
    invoice.attempts++;
    this.#teller.invoice(at, invoice, 'payment_failed');
    this.#owing(at, invoice, 'past_due');
    const wait = RETRIES_S[tries];
    const next = wait === undefined ? undefined : at + wait - (RETRIES_S[tries - 1] ?? 0);
    if (next !== undefined) this.#teller.agenda.at(next, (then) => this.#attempt(then, invoice));
    else this.#dunned(at, invoice, fails.end);
  }

  #owing(at: number, { status, subscription }: Invoice, as: 'past_due' | 'unpaid'): void {
    if (status === 'paid' || subscription.ended_at !== null || subscription.status === as) return;
    subscription.status = as;
    this.#teller.subscription(at, subscription, 'updated');
  }

  #dunned(at: number, invoice: Invoice, end: DunningEnd): void {
    if (invoice.status !== 'open') return;
    if (end === 'canceled') this.#finish(at, invoice.subscription, 'canceled');
    if (end === 'unpaid') this.#owing(at, invoice, 'unpaid');
    if (end === 'uncollectible') {
      invoice.status = 'uncollectible';
      this.#teller.invoice(at, invoice, 'marked_uncollectible');
    }
  }

  /** Nothing is to be charged: of a trial, by a coupon, by a balance, or because it comes to less than nothing. */
  #settle(at: number, invoice: Invoice): void {
    invoice.status = 'paid';
    this.#teller.invoice(at, invoice, 'paid');
  }

  #pay(at: number, invoice: Invoice): void {
    if (invoice.status === 'paid' || invoice.status === 'void') return;
    const { subscription } = invoice;
    invoice.attempts++;
    invoice.status = 'paid';
    invoice.amount_paid = invoice.amount_due;
    this.#teller.collected(at, invoice, this.#teller.invoice(at, invoice, 'paid'));
    this.#teller.invoicePayment(at, invoice);
    const owes = this.#invoices.some((other) => other.subscription === subscription && other.status === 'open');
    if (subscription.ended_at !== null || owes || (subscription.status !== 'past_due' && subscription.status !== 'unpaid'))
      return;
    subscription.status = 'active';
    this.#teller.subscription(at, subscription, 'updated');
  }

  #planLines(of: Subscription): Line[] {
    const { metered } = this.#teller.life;
    const { plan, unit, quantity, yearly, from, to } = of;
    const lines: Line[] = [{ kind: 'plan', amount: unit * quantity, plan, unit, quantity, yearly, from, to }];
    if (metered > 0 && of.period > 0)
      lines.push({ kind: 'metered', amount: metered, plan, unit: 1, quantity: metered, yearly: false, from, to });
    return lines;
  }

  #invoice(at: number, of: Subscription, reason: Invoice['reason'], lines: readonly Line[]): Invoice {
    const { discount, tax, total } = invoiceSums(
      lines,
      of.coupon_left > 0 ? this.#teller.life.coupon : undefined,
      this.#teller.life.tax,
    );
    if (discount > 0) of.coupon_left--;
    const applied = total > 0 ? Math.min(total, Math.max(0, -this.#balance)) : total;
    const invoice: Invoice = {
      id: `in_${this.#teller.key}_${this.#made++}`,
      subscription: of,
      reason,
      created: at,
      lines,
      discount,
      tax,
      total,
      starting_balance: this.#balance,
      amount_due: total - applied,
      amount_paid: 0,
      status: 'draft',
      attempts: 0,
      refunded: 0,
    };
    this.#applyBalance(at, invoice);
    of.latest_invoice = invoice.id;
    this.#invoices.push(invoice);
    this.#teller.drafted(at, invoice);
    return invoice;
  }

  #applyBalance(at: number, invoice: Invoice): void {
    const applied = appliedBalance(invoice);
    this.#balance += applied;
    const moved = Math.min(applied, this.#credited);
    this.#credited -= moved;
    const amount = Math.max(0, moved) + paidByCredit(invoice.lines);
    const { plan, currency } = invoice.subscription;
    if (amount > 0) this.#teller.fact({ is: 'moved', at, plan, currency, amount });
  }

  #end(of: Subscription): number {
    return monthsAfter(of.anchor, (of.period + 1) * (of.yearly ? 12 : 1));
  }

  #finish(at: number, of: Subscription, status: 'canceled' | 'incomplete_expired'): void {
    if (of.ended_at !== null) return;
    of.status = status;
    of.ended_at = at;
    this.#teller.subscription(at, of, status === 'canceled' ? 'deleted' : 'updated');
  }

  card(at: number, fails?: Fails): void {
    const { current } = this;
    this.#fails = fails;
    if (current === undefined || fails !== undefined) return;
    current.card++;
    this.#teller.subscription(at, current, 'updated');
  }

  /** Another plan or another number of seats within the period, charged by the second. */
  change(at: number, wanted: { plan?: string; quantity?: number; how: Proration; paid: boolean }): void {
    const of = this.current;
    if (of === undefined || !['active', 'past_due', 'trialing'].includes(of.status)) return;
    this.#teller.fact({ is: 'changed', at });
    const before = this.#unused(at, of);
    this.#reprice(at, of, wanted.plan ?? of.plan, of.yearly);
    of.quantity = wanted.quantity ?? of.quantity;
    this.#teller.subscription(at, of, 'updated');
    if (of.status === 'trialing' || wanted.how === 'none') return;
    const { plan, unit, quantity, yearly, to } = of;
    const debit = Math.round(unit * quantity * this.#share(at, of));
    of.pending.push(...before, { kind: 'proration', amount: debit, plan, unit, quantity, yearly, from: at, to });
    if (wanted.how === 'at_once') this.#chargeChange(at, of, of.pending.splice(0), wanted.paid);
  }

  /** Monthly to yearly or back: the cycle starts again at this moment. */
  interval(at: number, yearly: boolean, paid: boolean): void {
    const of = this.current;
    if (of === undefined || of.status !== 'active' || of.yearly === yearly) return;
    this.#teller.fact({ is: 'changed', at });
    const before = this.#unused(at, of);
    this.#reprice(at, of, of.plan, yearly);
    of.yearly = yearly;
    of.anchor = at;
    of.period = 0;
    of.from = at;
    of.to = this.#end(of);
    const due = of.to;
    this.#teller.agenda.at(due, (then) => this.#renew(then, of, due));
    this.#teller.subscription(at, of, 'updated');
    this.#chargeChange(at, of, [...before, ...of.pending.splice(0), ...this.#planLines(of)], paid);
  }

  #reprice(at: number, of: Subscription, plan: string, yearly: boolean): void {
    const { unit, currency } = unitPrice(this.#teller.prices, at, plan, yearly, of.currency);
    // A subscription keeps its currency; a plan that has no price in it cannot be taken.
    if (currency !== of.currency || (plan === of.plan && yearly === of.yearly)) return;
    of.plan = plan;
    of.unit = unit;
    of.listed = true;
  }

  #chargeChange(at: number, of: Subscription, lines: readonly Line[], paid: boolean): void {
    const invoice = this.#invoice(at, of, 'subscription_update', lines);
    if (invoice.amount_due === 0) return this.#settle(at, invoice);
    invoice.status = 'open';
    if (paid) return this.#pay(at, invoice);
    invoice.attempts++;
    this.#teller.invoice(at, invoice, 'payment_failed');
    this.#owing(at, invoice, 'past_due');
  }

  /** What the rest of the period is worth of what was asked for it, less its discount. */
  #unused(at: number, of: Subscription): Line[] {
    const asked = this.#invoices.findLast(
      ({ subscription, lines }) => subscription === of && lines.some(({ kind }) => kind !== 'metered'),
    );
    if (asked === undefined || of.status === 'trialing') return [];
    const sum = asked.lines.reduce((all, { amount }) => all + amount, 0);
    const worth = sum === 0 ? 0 : (of.unit * of.quantity * (sum - asked.discount)) / sum;
    const { plan, unit, quantity, yearly, to } = of;
    return [{ kind: 'proration', amount: -Math.round(worth * this.#share(at, of)), plan, unit, quantity, yearly, from: at, to }];
  }

  #share(at: number, { from, to }: Subscription): number {
    return (to - at) / (to - from);
  }

  pauseCollection(at: number, as: string | null): void {
    const of = this.current;
    if (of === undefined || of.pause_collection === as) return;
    of.pause_collection = as;
    this.#teller.subscription(at, of, 'updated');
  }

  pause(at: number): void {
    const of = this.current;
    if (of === undefined || !['active', 'trialing'].includes(of.status)) return;
    of.status = 'paused';
    this.#teller.subscription(at, of, 'paused');
  }

  /** It begins a period of its own. */
  resume(at: number): void {
    const of = this.current;
    if (of?.status !== 'paused') return;
    of.status = 'active';
    of.anchor = at;
    of.period = 0;
    of.from = at;
    of.to = this.#end(of);
    const due = of.to;
    this.#teller.agenda.at(due, (then) => this.#renew(then, of, due));
    this.#teller.subscription(at, of, 'resumed');
    this.#attempt(at, this.#invoice(at, of, 'subscription_cycle', this.#planLines(of)));
  }

  cancel(at: number, at_period_end: boolean): void {
    const of = this.current;
    if (of === undefined) return;
    if (!at_period_end) return this.#finish(at, of, 'canceled');
    of.cancel_at_period_end = true;
    this.#teller.subscription(at, of, 'updated');
  }

  /** `of_money`: it was paid before, and not given. */
  giveBalance(amount: number, of_money: boolean): void {
    this.#balance -= amount;
    if (of_money) this.#credited += amount;
  }

  payOpen(at: number): void {
    for (const invoice of this.#invoices) {
      if (['open', 'uncollectible'].includes(invoice.status) && invoice.subscription.status !== 'incomplete_expired')
        this.#pay(at, invoice);
    }
  }

  markUncollectible(at: number): void {
    const invoice = this.#invoices.findLast(({ status }) => status === 'open');
    if (invoice === undefined) return;
    invoice.status = 'uncollectible';
    this.#teller.invoice(at, invoice, 'marked_uncollectible');
  }
}
