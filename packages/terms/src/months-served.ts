import { type Currency, divide } from '@purser/money';

import type { AllowedIn } from './allowed-in.ts';
import type { Entry, Term } from './chain.ts';
import type { InvoiceFact, Span } from './facts.ts';
import { partOf } from './months.ts';
import { creditsOf } from './proceeds.ts';
import type { SoldPlan } from './sale-of.ts';

/** A month of a term: what may be spent in it is what was collected for it. */
export interface ServedMonth extends Span, SoldPlan {
  /** The invoice that began the term, or `trial:` and the subscription. */
  readonly term: string;
  readonly month: number;
  readonly subscription: string;
  readonly kind: 'paid' | 'trial';
  /** What may be spent, by the currency of the plan that was paid for: one for each, for a change of plan may be one of currency. */
  readonly allowed: readonly AllowedIn[];
}

/** The part of an invoice's money that is for one month. */
export interface MonthPart {
  readonly invoice: string;
  readonly ordinal: number;
  /** The month it is spent in; undefined: none that comes, for the term was cut short. */
  readonly term: string | undefined;
  readonly month: number;
  /** When it becomes revenue, and its credits are granted. */
  readonly due_at: Temporal.Instant;
  /** Revenue, in the currency of the invoice. */
  readonly net: bigint;
  readonly unit: Currency;
  readonly ceiling: bigint;
  readonly proven: bigint;
  readonly credits: bigint;
  readonly rolling: bigint;
  readonly rolling_until: Temporal.Instant | undefined;
}

/** The first month is served however short; of the others those that begin before the end. */
export function isServed({ months }: Term, month: number, end: Temporal.Instant): boolean {
  const from = months[month]?.from;
  return month === 0 || (from !== undefined && Temporal.Instant.compare(from, end) < 0);
}

/** The money of a term, month by month; what a term that is cut short leaves is due when it ends, and spent in none. */
export function partsOf(term: Term, end: Temporal.Instant): MonthPart[] {
  return [...trialPart(term), ...term.paid.flatMap((paid) => partsOfInvoice(term, end, paid))];
}

/** A trial brings no money, and its credits once. */
function trialPart(term: Term): MonthPart[] {
  const { trial } = term.terms;
  if (term.kind !== 'trial' || trial === undefined) return [];
  const none = { net: 0n, ceiling: 0n, proven: 0n, rolling: 0n, rolling_until: undefined };
  const unit = term.terms.price.currency;
  return [{ invoice: term.key, ordinal: 0, term: term.key, month: 0, due_at: term.from, unit, credits: trial.credits, ...none }];
}

/** What of an entry's money is for one month, after what went to a balance. */
export interface MonthShare {
  readonly net: bigint;
  readonly tax: bigint;
  readonly fees: bigint;
  readonly ceiling: bigint;
  readonly proven: bigint;
  /** What was paid for the plan itself, in its currency. */
  readonly of_plan: bigint;
}

export function shareOfMonth({ months }: Term, { by, first, released }: Entry, month: number): MonthShare {
  const { collected, proceeds } = by;
  const gone = released.filter((one) => one.first <= month && month < one.until);
  const share = (whole: bigint, rounding: 'down' | 'up'): bigint =>
    gone.reduce(
      (left, { of }) => left - divide(left * of.numerator, of.denominator, rounding),
      partOf(whole, month - first, months.slice(first)),
    );
  // What may be spent goes rounded up, so that no nano-unit may be spent twice.
  return {
    net: share(collected.net, 'down'),
    tax: share(collected.tax, 'down'),
    fees: share(collected.fees, 'up'),
    ceiling: share(proceeds.ceiling, 'up'),
    proven: share(proceeds.proven, 'up'),
    of_plan: share(proceeds.net, 'up'),
  };
}

function partsOfInvoice(term: Term, end: Temporal.Instant, entry: Entry): MonthPart[] {
  const { by, first, base } = entry;
  const count = term.months.length - first;
  return Array.from({ length: count }, (_, ordinal): MonthPart => {
    const month = first + ordinal;
    const span = term.months[month] ?? term;
    const served = isServed(term, month, end);
    const share = shareOfMonth(term, entry, month);
    const credits = served ? creditsOf(share.of_plan, by.terms) : { credits: 0n, rolling: 0n };
    return {
      invoice: by.fact.invoice,
      ordinal: base + ordinal,
      term: served ? term.key : undefined,
      month,
      due_at: dueAt(served ? span.from : end, by.fact),
      net: share.net,
      unit: by.proceeds.unit,
      ceiling: served ? share.ceiling : 0n,
      proven: served ? share.proven : 0n,
      ...credits,
      rolling_until: by.terms.rollover && monthsAfter(term.from, month + 1 + by.terms.rollover.months),
    };
  });
}

/** Nothing is due before it is collected. */
function dueAt(at: Temporal.Instant, { paid_at }: InvoiceFact): Temporal.Instant {
  return Temporal.Instant.compare(at, paid_at) < 0 ? paid_at : at;
}

function monthsAfter(from: Temporal.Instant, months: number): Temporal.Instant {
  return from.toZonedDateTimeISO('UTC').add({ months }).toInstant();
}

/** Money whose term is not known yet, or never will be, is revenue when it comes in. */
export function waiting(paid: readonly Entry['by'][], terms: readonly Term[]): MonthPart[] {
  const placed = new Set(terms.flatMap((term) => term.paid.map(({ by }) => by.fact.invoice)));
  return paid
    .filter(({ fact }) => !placed.has(fact.invoice))
    .map(({ fact, collected, proceeds }) => ({
      invoice: fact.invoice,
      ordinal: 0,
      term: undefined,
      month: 0,
      due_at: fact.paid_at,
      net: collected.net,
      unit: proceeds.unit,
      ceiling: 0n,
      proven: 0n,
      credits: 0n,
      rolling: 0n,
      rolling_until: undefined,
    }));
}

export function monthsServed(term: Term, end: Temporal.Instant, parts: readonly MonthPart[]): ServedMonth[] {
  const own = Map.groupBy(
    parts.filter((part) => part.term === term.key),
    ({ month }) => month,
  );
  return term.months.flatMap((span, month) => {
    if (!isServed(term, month, end)) return [];
    const { key, subscription, kind, plan, version, allowed } = term;
    return [
      {
        term: key,
        month,
        subscription,
        kind,
        plan,
        version,
        from: span.from,
        to: endWithin(span, end),
        allowed: allowed ? [allowed] : allowedBy(own.get(month) ?? []),
      },
    ];
  });
}

function endWithin({ from, to }: Span, end: Temporal.Instant): Temporal.Instant {
  if (Temporal.Instant.compare(end, from) < 0) return from;
  return Temporal.Instant.compare(end, to) < 0 ? end : to;
}

/** In the order of their currencies, so that the same money is written the same. */
export function allowedBy(parts: readonly MonthPart[]): AllowedIn[] {
  return [...Map.groupBy(parts, ({ unit }) => unit)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([unit, own]) => ({
      unit,
      ceiling: own.reduce((sum, { ceiling }) => sum + ceiling, 0n),
      proven: own.reduce((sum, { proven }) => sum + proven, 0n),
    }));
}
