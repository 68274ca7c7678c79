import type { Life, Shape } from './life.ts';

/** A line of an invoice, in the smallest coin. */
export interface Line {
  readonly kind: 'plan' | 'proration' | 'metered';
  readonly amount: number;
  readonly plan: string;
  readonly unit: number;
  readonly quantity: number;
  readonly yearly: boolean;
  readonly from: number;
  readonly to: number;
}

export interface Subscription {
  readonly id: string;
  plan: string;
  quantity: number;
  readonly currency: string;
  yearly: boolean;
  unit: number;
  status: string;
  readonly created: number;
  anchor: number;
  period: number;
  from: number;
  to: number;
  trial_end: number | null;
  cancel_at_period_end: boolean;
  pause_collection: string | null;
  ended_at: number | null;
  latest_invoice: string | null;
  /** Which of our checkouts sold it; undefined: made at Stripe. */
  readonly checkout: number | undefined;
  /** Its price was changed in the portal, to one of the price list; a checkout makes prices on the spot, which say nothing. */
  listed: boolean;
  card: number;
  /** How many invoices the coupon is still good for. */
  coupon_left: number;
  pending: Line[];
}

export interface Invoice {
  readonly id: string;
  readonly subscription: Subscription;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly created: number;
  readonly lines: readonly Line[];
  readonly discount: number;
  readonly tax: number;
  readonly total: number;
  readonly starting_balance: number;
  readonly amount_due: number;
  amount_paid: number;
  status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  attempts: number;
  refunded: number;
}

export type Wire = Readonly<Record<string, unknown>>;

function priceId({ plan, unit, yearly }: { plan: string; unit: number; yearly: boolean }): string {
  return `price_${plan}_${yearly ? 'year' : 'month'}_${unit}`;
}

export const paymentOf = (invoice: string): string => invoice.replace(/^in_/, 'pi_');
export const chargeOf = (invoice: string): string => invoice.replace(/^in_/, 'ch_');

function priceObject(of: { plan: string; unit: number; yearly: boolean; currency: string; listed: boolean }): Wire {
  return {
    id: priceId(of),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    currency: of.currency,
    lookup_key: of.listed && of.unit % 2 === 0 ? of.plan : null,
    metadata: of.listed && of.unit % 2 === 1 ? { purser_plan: of.plan } : {},
    product: `prod_${of.plan}`,
    recurring: { interval: of.yearly ? 'year' : 'month', interval_count: 1, usage_type: 'licensed' },
    type: 'recurring',
    unit_amount: of.unit,
  };
}

export function metadataOf({ plan, checkout }: Pick<Subscription, 'plan' | 'checkout'>, first_plan = plan): Wire {
  return {
    purser_workspace: '{{workspace}}',
    purser_plan: first_plan,
    ...(checkout !== undefined && { purser_checkout: `{{checkout:${checkout}}}` }),
  };
}

/** `sold`: the plan it began with, which is what its metadata go on saying. */
export function subscriptionObject(of: Subscription, sold: string, { shape, sent }: Life): Wire {
  const price = priceObject(of);
  const metadata = metadataOf(of, sold);
  const head = {
    id: of.id,
    object: 'subscription',
    customer: '{{customer}}',
    currency: of.currency,
    status: of.status,
    metadata,
  };
  if (shape === 'sparse') {
    const { id, lookup_key, metadata: named } = price;
    return {
      ...head,
      items: { object: 'list', data: [{ id: `si_${of.id}`, price: { id, lookup_key, metadata: named } }] },
      ...(of.pause_collection !== null && { pause_collection: { behavior: of.pause_collection } }),
    };
  }
  const period = { current_period_start: of.from, current_period_end: of.to };
  const item = {
    id: `si_${of.id}`,
    object: 'subscription_item',
    created: of.created,
    discounts: [],
    metadata: {},
    price,
    quantity: of.quantity,
    subscription: of.id,
    ...(shape === 'current' && period),
  };
  return {
    ...head,
    ...(shape === 'old' && { ...period, quantity: of.quantity }),
    billing_cycle_anchor: of.anchor,
    cancel_at_period_end: of.cancel_at_period_end,
    canceled_at: of.ended_at,
    collection_method: sent ? 'send_invoice' : 'charge_automatically',
    created: of.created,
    days_until_due: sent ? 14 : null,
    default_payment_method: `pm_${of.card}`,
    discounts: [],
    ended_at: of.ended_at,
    items: { object: 'list', data: [item], has_more: false, total_count: 1 },
    latest_invoice: of.latest_invoice,
    livemode: true,
    pause_collection: of.pause_collection === null ? null : { behavior: of.pause_collection, resumes_at: null },
    start_date: of.created,
    trial_end: of.trial_end,
    trial_start: of.trial_end === null ? null : of.created,
  };
}

function withoutTax({ total, tax }: Invoice): number {
  return total - tax;
}

export function invoiceObject(of: Invoice, sold: string, life: Life): Wire {
  const { subscription } = of;
  const metadata = metadataOf(subscription, sold);
  const base = {
    id: of.id,
    object: 'invoice',
    billing_reason: of.reason,
    customer: '{{customer}}',
    currency: subscription.currency,
    total: of.total,
    amount_paid: of.amount_paid,
    ...((of.tax !== 0 || life.shape !== 'sparse') && { total_excluding_tax: withoutTax(of) }),
  };
  const parent = { type: 'subscription_details', subscription_details: { subscription: subscription.id, metadata } };
  if (life.shape === 'sparse') return { ...base, parent };
  const inclusive = life.tax?.inclusive === true;
  const sum = of.lines.reduce((all, { amount }) => all + amount, 0);
  const paid = of.status === 'paid';
  return {
    ...base,
    amount_due: of.amount_due,
    amount_remaining: paid ? 0 : of.amount_due,
    attempt_count: of.attempts,
    attempted: of.attempts > 0,
    collection_method: life.sent ? 'send_invoice' : 'charge_automatically',
    created: of.created,
    discounts: of.discount > 0 ? ['di_1'] : [],
    ending_balance: of.starting_balance + appliedBalance(of),
    lines: { object: 'list', data: of.lines.map((line, n) => lineObject(of, line, n, life.shape)), has_more: false },
    livemode: true,
    metadata: {},
    // Of an invoice these are the time its usage was gathered in, not what it pays for.
    period_start: of.created,
    period_end: of.created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: of.starting_balance,
    status: of.status,
    subtotal: sum,
    subtotal_excluding_tax: inclusive ? sum - of.tax : sum,
    total_discount_amounts: of.discount > 0 ? [{ amount: of.discount, discount: 'di_1' }] : [],
    ...(life.shape === 'old'
      ? {
          subscription: subscription.id,
          subscription_details: { metadata },
          tax: of.tax,
          total_tax_amounts: of.tax === 0 ? [] : [{ amount: of.tax, inclusive, tax_rate: 'txr_1' }],
          paid,
          payment_intent: of.amount_due > 0 ? paymentOf(of.id) : null,
          charge: of.amount_due > 0 && paid ? chargeOf(of.id) : null,
        }
      : {
          parent,
          total_taxes:
            of.tax === 0
              ? []
              : [
                  {
                    amount: of.tax,
                    tax_behavior: inclusive ? 'inclusive' : 'exclusive',
                    taxability_reason: 'standard_rated',
                    taxable_amount: withoutTax(of),
                    tax_rate_details: { tax_rate: 'txr_1' },
                    type: 'tax_rate_details',
                  },
                ],
        }),
  };
}

/** What a balance of the customer paid (or, of an invoice below zero, was given): how much it moved. */
export function appliedBalance({ total, amount_due }: Invoice): number {
  return total - amount_due;
}

function lineObject(of: Invoice, line: Line, n: number, shape: Shape): Wire {
  const { subscription } = of;
  const item = `si_${subscription.id}`;
  const proration = line.kind === 'proration';
  const price = line.kind === 'metered' ? 'price_metered' : priceId(line);
  const common = {
    id: `il_${of.id}_${n}`,
    object: 'line_item',
    amount: line.amount,
    currency: subscription.currency,
    discountable: !proration,
    livemode: true,
    metadata: {},
    period: { start: line.from, end: line.to },
    quantity: line.quantity,
  };
  if (shape === 'old') {
    const full =
      line.kind === 'metered'
        ? { id: price, object: 'price', lookup_key: null, metadata: {}, recurring: { interval: 'month', usage_type: 'metered' } }
        : priceObject({ ...line, currency: subscription.currency, listed: subscription.listed });
    return { ...common, type: 'subscription', proration, subscription: subscription.id, subscription_item: item, price: full };
  }
  return {
    ...common,
    subtotal: line.amount,
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration,
        subscription: subscription.id,
        subscription_item: line.kind === 'metered' ? `${item}_m` : item,
      },
    },
    pricing: {
      type: 'price_details',
      price_details: { price, product: line.kind === 'metered' ? 'prod_usage' : `prod_${line.plan}` },
      unit_amount_decimal: String(line.unit),
    },
    taxes: [],
  };
}
