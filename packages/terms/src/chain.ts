import { type Catalog, findPlan, type Plan } from '@purser/catalog';

import type { InvoiceFact, Span } from './facts.ts';
import { lastUntil } from './last-until.ts';
import { monthsOf } from './months.ts';
import type { AllowedIn } from './allowed-in.ts';
import type { Collected, Proceeds } from './proceeds.ts';
import type { Sale, SoldPlan, SubscriptionHistory } from './sale-of.ts';

/** An invoice with what it is of. */
export interface Paid {
  readonly fact: InvoiceFact;
  readonly sale: Sale;
  readonly terms: Plan;
  readonly collected: Collected;
  readonly proceeds: Proceeds;
}

/** The money of an invoice within a term. */
export interface Entry {
  readonly by: Paid;
  /** From which month on it is spent. */
  readonly first: number;
  /** Where its parts are counted from: an invoice's money may be in several terms. */
  readonly base: number;
  /** What of it went to a balance since, month by month. */
  readonly released: Released[];
}

/** Of each month from `first` until `until` the part `of.numerator / of.denominator`. */
export interface Released {
  readonly first: number;
  readonly until: number;
  readonly of: { readonly numerator: bigint; readonly denominator: bigint };
}

/** A term as it is found, before it is known what follows it. */
export interface Term extends Span, SoldPlan {
  readonly key: string;
  readonly subscription: string;
  readonly kind: 'paid' | 'trial';
  readonly terms: Plan;
  readonly months: readonly Span[];
  readonly paid: Entry[];
  /** Of a trial. */
  readonly allowed: AllowedIn | undefined;
}

export type Catalogs = (version: string) => Catalog | undefined;

export function planOf({ plan, version }: SoldPlan, catalogs: Catalogs): Plan | undefined {
  const catalog = catalogs(version);
  return catalog && findPlan(catalog, plan);
}

export function hasEnded(history: SubscriptionHistory): boolean {
  return history.some(({ status }) => status === 'ended');
}

export function endedAt(history: SubscriptionHistory): Temporal.Instant | undefined {
  return history.find(({ status }) => status === 'ended')?.at;
}

/** Every term, by when it begins. No two begin at one moment: the money of the second adds to the first. */
export function chainOf(paid: readonly Paid[], trial: Term | undefined, historyFor: (id: string) => SubscriptionHistory): Term[] {
  const chain: Term[] = trial ? [trial] : [];
  const early: Paid[] = [];
  for (const one of paid) {
    const opens = one.sale.opens;
    if (opens === undefined) {
      const term = inForce(chain, one.fact.paid_at);
      if (term === undefined) early.push(one);
      else term.paid.push(entryOf(one, monthAt(term, one.fact.paid_at)));
      continue;
    }
    const ruling = rulingOver(chain, one, opens, historyFor);
    if (ruling) {
      ruling.term.paid.push(entryOf(one, monthAt(ruling.term, ruling.at)));
      continue;
    }
    const span = one.sale.late && lives(one, historyFor) ? one.sale.late : opens;
    chain.splice(lastUntil(chain, span.from, ({ from }) => from) + 1, 0, openedBy(one, span));
  }
  const first = chain.find(({ kind }) => kind === 'paid');
  for (const one of early) first?.paid.push(entryOf(one, 0));
  return chain;
}

function inForce(chain: readonly Term[], at: Temporal.Instant): Term | undefined {
  return (
    chain.findLast(({ from, kind }) => kind === 'paid' && Temporal.Instant.compare(from, at) <= 0) ??
    chain.find(({ kind }) => kind === 'paid')
  );
}

/** The term that an invoice adds to rather than opens its own, and from when on. */
function rulingOver(
  chain: readonly Term[],
  one: Paid,
  opens: Span,
  historyFor: (id: string) => SubscriptionHistory,
): { readonly term: Term; readonly at: Temporal.Instant } | undefined {
  const { paid_at, subscription } = one.fact;
  const { late } = one.sale;
  for (const { from } of late ? [opens, late] : [opens]) {
    const under_way = chain[lastUntil(chain, from, (term) => term.from)];
    const spent_since = Temporal.Instant.compare(from, paid_at) < 0 ? paid_at : from;
    if (under_way && addsTo(under_way, one, from, historyFor)) return { term: under_way, at: spent_since };
  }
  // Paid late, when another term has taken over the time that it is for.
  const since = chain[lastUntil(chain, paid_at, ({ from }) => from)];
  if (since?.kind !== 'paid' || Temporal.Instant.compare(since.from, opens.from) <= 0) return undefined;
  const of_another = since.subscription !== subscription && Temporal.Instant.compare(paid_at, opens.to) < 0;
  const goes_on = lives(one, historyFor) && Temporal.Instant.compare(paid_at, since.to) < 0;
  return of_another || goes_on ? { term: since, at: paid_at } : undefined;
}

/** When its invoice was paid, its subscription had not ended: else the money is booked, and serves nobody. */
function lives({ fact }: Paid, historyFor: (id: string) => SubscriptionHistory): boolean {
  const ended = endedAt(historyFor(fact.subscription));
  return ended === undefined || Temporal.Instant.compare(fact.paid_at, ended) < 0;
}

function entryOf(by: Paid, first: number): Entry {
  return { by, first, base: 0, released: [] };
}

/** What begins while another subscription's term is under way does not end that one: the first rules, and the money adds up. */
function addsTo(term: Term, { fact }: Paid, from: Temporal.Instant, historyFor: (id: string) => SubscriptionHistory): boolean {
  if (term.kind === 'trial') return false;
  if (term.from.equals(from)) return true;
  if (term.subscription === fact.subscription || Temporal.Instant.compare(from, term.to) >= 0) return false;
  const ended = endedAt(historyFor(term.subscription));
  return ended === undefined || Temporal.Instant.compare(from, ended) < 0;
}

function openedBy(by: Paid, span: Span): Term {
  const { fact, sale, terms } = by;
  const months = monthsOf(span);
  return {
    ...span,
    plan: sale.plan,
    version: sale.version,
    key: fact.invoice,
    subscription: fact.subscription,
    kind: 'paid',
    terms,
    months,
    // Months that were over when it was paid serve nobody: all of it is spent in those that are left.
    paid: [entryOf(by, monthAt({ months }, fact.paid_at))],
    allowed: undefined,
  };
}

/** The month of a term that holds a moment; the first before it, the last after it. */
export function monthAt({ months }: Pick<Term, 'months'>, at: Temporal.Instant): number {
  return Math.max(
    0,
    months.findLastIndex(({ from }) => Temporal.Instant.compare(from, at) <= 0),
  );
}

/** When a term is over: at its end, where the next begins, or with its subscription. */
export function endOf(term: Term, next: Term | undefined, historyFor: (id: string) => SubscriptionHistory): Temporal.Instant {
  const ended = endedAt(historyFor(term.subscription));
  return [next?.from, ended].reduce<Temporal.Instant>(
    (end, at) => (at !== undefined && Temporal.Instant.compare(at, end) < 0 ? at : end),
    term.to,
  );
}

/** The one trial of a workspace: the first there was, if the plan gives one; never longer than the plan says, however often its end is moved. */
export function trialOf(histories: ReadonlyMap<string, SubscriptionHistory>, catalogs: Catalogs): Term | undefined {
  const [first] = [...histories]
    .flatMap(([subscription, history]) => {
      const at = history.find(({ status }) => status === 'trialing');
      return at ? [{ subscription, history, at, from: at.trial?.from ?? at.at }] : [];
    })
    .toSorted((a, b) => Temporal.Instant.compare(a.from, b.from) || (a.subscription < b.subscription ? -1 : 1));
  if (first === undefined) return undefined;
  const { subscription, history, at, from } = first;
  const sold = { plan: at.plan, version: at.sold_version };
  const terms = planOf(sold, catalogs);
  if (terms?.trial === undefined) return undefined;
  const latest = from.add({ hours: 24 * terms.trial.days_max });
  const until = history.findLast(({ trial }) => trial !== undefined)?.trial?.to ?? latest;
  const to = Temporal.Instant.compare(until, latest) < 0 ? until : latest;
  if (Temporal.Instant.compare(to, from) <= 0) return undefined;
  const { ceiling } = terms.trial;
  return {
    ...sold,
    from,
    to,
    key: `trial:${subscription}`,
    subscription,
    kind: 'trial',
    terms,
    months: [{ from, to }],
    paid: [],
    allowed: { unit: ceiling.currency, ceiling: ceiling.nanos, proven: ceiling.nanos },
  };
}
