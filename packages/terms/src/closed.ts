import type { ExchangeRates } from '@purser/money';

import { movesMoney } from './balance.ts';
import type { Catalogs } from './chain.ts';
import { bySnapshotTime, type InvoiceFact, type PaymentFacts, type Span, type SubscriptionSnapshot } from './facts.ts';
import { historyOf } from './sale-of.ts';
import { byCollection, type Fold, foldTerms, servesAnybody } from './terms-of.ts';

/**
 * Terms before a moment that nothing moves any more but what is told of that time itself. What is told of later times is read without them: a
 * subscriber of ten years costs an event what one of a few months does.
 */
export interface ClosedTerms {
  /** Where a term began that was paid for. */
  readonly until: Temporal.Instant;
  /** The invoice that began it. */
  readonly opener: string;
  /** Subscriptions that were paid for before. */
  readonly paid: readonly string[];
}

export interface Closing<S extends SubscriptionSnapshot> extends ClosedTerms {
  /** What later ones are still read with, of the snapshots from before. */
  readonly snapshots: readonly S[];
  /** Of the terms and invoices that are closed now. */
  readonly terms: readonly string[];
  readonly invoices: readonly string[];
}

/** Terms that stay open though they are over, for what comes late. */
const OPEN_MIN = 3;
const OPEN_MAX = 6;

/**
 * The terms from a closing on: `facts` are what is known of that time, with the snapshots that were kept from before. The same as the last of those
 * that follow from everything; undefined where that is not certain: then everything is to be read.
 */
export function termsSince(closed: ClosedTerms, facts: PaymentFacts, catalogs: Catalogs, fx: ExchangeRates): Fold | undefined {
  const { until, opener, paid } = closed;
  const before = facts.snapshots.filter(({ at }) => isBefore(at, until));
  const since = facts.snapshots.filter(({ at }) => !isBefore(at, until));
  if ((facts.credits ?? []).length > 0 || !since.every((one) => teachesNothing(one, before, until))) return undefined;
  if (!facts.invoices.every((one) => isPlain(one) && !isBefore(one.made_at, until) && !isBefore(one.paid_at, until)))
    return undefined;
  if (facts.invoices.toSorted(byCollection)[0]?.invoice !== opener) return undefined;
  const fold = foldTerms(facts, catalogs, fx, { paid });
  const early = fold.paid.some(({ sale: { opens, late } }) => [opens, late].some((span) => span && isBefore(span.from, until)));
  const [first] = fold.chain;
  if (first?.key !== opener || !first.from.equals(until) || early || fold.paid.some(movesMoney)) return undefined;
  return fold.chain.some((term) => servesAnybody(term, fold.histories)) ? fold : undefined;
}

/**
 * Where the terms can be closed, if there are many; `closed`: where they were. What was found by everything that is known is found again by what
 * would be read then, or they stay open.
 */
export function closingOf<S extends SubscriptionSnapshot>(
  facts: Omit<PaymentFacts, 'snapshots'> & { readonly snapshots: readonly S[] },
  fold: Fold,
  catalogs: Catalogs,
  fx: ExchangeRates,
  closed?: ClosedTerms,
): Closing<S> | undefined {
  const place = fold.chain.length - OPEN_MIN;
  const first = fold.chain[place];
  if (fold.chain.length <= OPEN_MAX || first?.kind !== 'paid') return undefined;
  const until = first.from;
  const over = facts.invoices.filter(({ paid_at }) => isBefore(paid_at, until));
  const before = facts.snapshots.filter(({ at }) => isBefore(at, until));
  if (!isOver(over, before, until, fold) || fold.terms.carried) return undefined;
  const names = new Set(over.map(({ invoice }) => invoice));
  if (fold.chain.slice(place).some((term) => term.paid.some(({ by }) => names.has(by.fact.invoice)))) return undefined;
  const payers = new Set(
    over.map(({ subscription }) => subscription).filter((id) => fold.paid.some(({ fact }) => fact.subscription === id)),
  );
  const closing: Closing<S> = {
    until,
    opener: first.key,
    paid: [...new Set([...(closed?.paid ?? []), ...payers])],
    snapshots: [...Map.groupBy(before, ({ subscription }) => subscription).values()].flatMap((own) => stillRead(own)),
    terms: fold.chain.slice(0, place).map(({ key }) => key),
    invoices: [...names],
  };
  const kept = new Set<SubscriptionSnapshot>(closing.snapshots);
  const later: PaymentFacts = {
    snapshots: facts.snapshots.filter((one) => kept.has(one) || !isBefore(one.at, until)),
    invoices: facts.invoices.filter(({ invoice }) => !names.has(invoice)),
    credits: facts.credits ?? [],
  };
  const short = termsSince(closing, later, catalogs, fx);
  return short && openTextOf(short, closing) === openTextOf(fold, closing) ? closing : undefined;
}

/** Nothing of these reaches beyond the moment, nor hangs on what may be told later. */
function isOver(
  invoices: readonly InvoiceFact[],
  snapshots: readonly SubscriptionSnapshot[],
  until: Temporal.Instant,
  { paid }: Fold,
): boolean {
  const sales = new Map(paid.map((one) => [one.fact.invoice, one]));
  return (
    snapshots.every(({ period }) => !reachesOver(period, until)) &&
    isOneToOne(snapshots.flatMap(({ items }) => items)) &&
    invoices.every((fact) => {
      const one = sales.get(fact.invoice);
      const known = snapshots.some(
        ({ subscription, at }) => subscription === fact.subscription && Temporal.Instant.compare(at, fact.paid_at) <= 0,
      );
      if (!known || !isPlain(fact) || !isBefore(fact.made_at, until)) return false;
      return one === undefined || (!reachesOver(one.sale.opens, until) && !reachesOver(one.sale.late, until) && !movesMoney(one));
    })
  );
}

/** No money of it went back or over to others. */
function isPlain({ reversed, to_balance, from_balance }: InvoiceFact): boolean {
  return reversed === 0n && to_balance === 0n && from_balance === 0n;
}

function reachesOver(span: Span | undefined, until: Temporal.Instant): boolean {
  return span !== undefined && isBefore(until, span.to);
}

/** What it says of time, trials and prices was known, so that it puts nothing from before in another light. */
function teachesNothing(
  { subscription, status, period, trial, items }: SubscriptionSnapshot,
  before: readonly SubscriptionSnapshot[],
  until: Temporal.Instant,
): boolean {
  if (period && isBefore(period.from, until)) return false;
  if (status === 'trialing' && !before.some((one) => one.status === 'trialing')) return false;
  const known = before.filter((one) => one.subscription === subscription);
  if (trial && known.length > 0 && !sameSpan(trial, known.toSorted(bySnapshotTime).findLast((one) => one.trial)?.trial))
    return false;
  const told = known.flatMap((one) => one.items);
  return known.length === 0
    ? items.length === 0 || isOneToOne([...before.flatMap((one) => one.items), ...items])
    : items.every((item) => told.some((one) => itemText(one) === itemText(item)));
}

function sameSpan(one: Span, other: Span | undefined): boolean {
  return other !== undefined && one.from.equals(other.from) && one.to.equals(other.to);
}

function itemText({ item, price, plan, metered }: SubscriptionSnapshot['items'][number]): string {
  return JSON.stringify([item, price, plan ?? null, metered]);
}

/** An item and a price are always told alike: whichever snapshot is asked says the same. */
function isOneToOne(items: SubscriptionSnapshot['items']): boolean {
  const by = (name: 'item' | 'price'): boolean =>
    [...Map.groupBy(items, (one) => one[name]).values()].every(
      (own) => new Set(own.map(({ plan, metered }) => JSON.stringify([plan ?? null, metered]))).size === 1,
    );
  return by('item') && by('price');
}

/** Of the snapshots of one subscription those that begin a sale or name an item first, and the last of each that is asked for. */
function stillRead<S extends SubscriptionSnapshot>(own: readonly S[]): S[] {
  const sorted = own.toSorted(bySnapshotTime);
  const kept = new Set<S | undefined>([
    sorted.at(-1),
    sorted.findLast(({ status }) => status !== 'ended' && status !== 'incomplete'),
    sorted.find(({ status }) => status === 'ended'),
    sorted.find(({ status }) => status === 'trialing'),
    sorted.findLast(({ trial }) => trial !== undefined),
  ]);
  const items = new Set<string>();
  // Which version it was sold at is not asked: it begins a sale or not.
  for (const [place, one] of historyOf(sorted, () => true).entries()) {
    const fresh = one.items.map(itemText).filter((text) => !items.has(text));
    if (one.begins_sale || fresh.length > 0) kept.add(sorted[place]);
    for (const text of fresh) items.add(text);
  }
  for (const of_plan of Map.groupBy(sorted, ({ plan }) => plan).values()) kept.add(of_plan.at(-1));
  return sorted.filter((one) => kept.has(one));
}

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0;
}

/** Everything that follows for the time that stays open. */
export function openTextOf(
  { terms }: Fold,
  { terms: closed, invoices }: Pick<Closing<SubscriptionSnapshot>, 'terms' | 'invoices'>,
): string {
  const over = new Set(closed);
  const booked = new Set(invoices);
  const open = {
    ...terms,
    months: terms.months.filter(({ term }) => !over.has(term)),
    parts: terms.parts.filter(({ invoice }) => !booked.has(invoice) && !over.has(invoice)),
    collected: terms.collected.filter(({ fact }) => !booked.has(fact.invoice)),
    living: terms.living.toSorted(),
  };
  return JSON.stringify(open, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
