import { type Catalogue, findPlan, type Plan } from '@purser/catalog';
import { type Currency, type ExchangeRates, zero } from '@purser/money';

import { type InvoiceFact, type PaymentFacts, type Span } from './facts.ts';
import { monthsOf, partOf } from './months.ts';
import { type Collected, collectedOf, creditsOf, type Proceeds, proceedsOf, sumIn } from './proceeds.ts';
import { historyOf, type Sale, saleOf, snapshotAt, type SoldPlan, type SubscriptionHistory } from './sale-of.ts';

/** A month of a term: what may be spent in it is what was collected for it. */
export interface ServedMonth extends Span, SoldPlan {
  /** The invoice that began the term, or `trial:` and the subscription. */
  readonly term: string;
  readonly month: number;
  readonly subscription: string;
  readonly kind: 'paid' | 'trial';
  /** The currency of the plan that was sold. */
  readonly unit: Currency;
  readonly ceiling: bigint;
  readonly proven: bigint;
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

/** What an invoice brought in, as it is booked. */
export interface CollectedInvoice extends Collected {
  readonly fact: InvoiceFact;
  readonly plan: string | undefined;
  readonly reported_unit: Currency;
}

export interface Terms {
  readonly months: readonly ServedMonth[];
  readonly parts: readonly MonthPart[];
  readonly collected: readonly CollectedInvoice[];
  /** The plan that its subscription puts the workspace on; undefined: nothing was collected, and no trial was given. */
  readonly plan: (SoldPlan & { readonly subscription: string }) | undefined;
  /** A subscription that has not ended. */
  readonly subscribed: boolean;
  /** Subscriptions that were paid for and live: more than one is somebody's mistake. */
  readonly living: readonly string[];
}

/** An invoice with what it is of. */
interface Paid {
  readonly fact: InvoiceFact;
  readonly sale: Sale;
  readonly terms: Plan;
  readonly collected: Collected;
  readonly proceeds: Proceeds;
}

/** A term as it is found, before it is known what follows it. */
interface Term extends Span, SoldPlan {
  readonly key: string;
  readonly subscription: string;
  readonly kind: 'paid' | 'trial';
  readonly terms: Plan;
  readonly months: readonly Span[];
  /** From which month on each invoice is spent. */
  readonly paid: { readonly by: Paid; readonly first: number }[];
  /** Of a trial. */
  readonly allowed: Proceeds | undefined;
}

export type Catalogues = (version: string) => Catalogue | undefined;

/**
 * The terms that follow from all that is known of a workspace's payments: a pure function, so that neither order nor delay nor repetition
 * of what a payment provider tells matters. Money counts once, in the months that it pays for.
 */
export function termsOf({ snapshots, invoices }: PaymentFacts, catalogues: Catalogues, fx: ExchangeRates): Terms {
  const histories = new Map(
    [...Map.groupBy(snapshots, ({ subscription }) => subscription)].map(([id, own]) => [id, historyOf(own)] as const),
  );
  const historyFor = (subscription: string): SubscriptionHistory => histories.get(subscription) ?? [];
  const paid: Paid[] = [];
  const collected: CollectedInvoice[] = [];
  for (const fact of invoices.toSorted(byCollection)) {
    const sale = saleOf(fact, historyFor(fact.subscription));
    const plan = sale && planOf(sale, catalogues);
    const money = collectedOf(fact, plan, fx);
    collected.push({ ...money, fact, plan: plan?.code, reported_unit: plan?.price.currency ?? fact.currency });
    if (!sale || !plan || isOfTrial(fact, historyFor(fact.subscription))) continue;
    paid.push({ fact, sale, terms: plan, collected: money, proceeds: proceedsOf(money, fact.currency, sale.of_plan, plan, fx) });
  }
  const terms = chainOf(paid, trialOf(histories, catalogues), historyFor);
  const ends = terms.map((term, index) => endOf(term, terms[index + 1], historyFor));
  const parts = terms.flatMap((term, index) => partsOf(term, ends[index] ?? term.to));
  return {
    months: terms.flatMap((term, index) => monthsServed(term, ends[index] ?? term.to, parts, fx)),
    parts: [...parts, ...waiting(paid, terms)],
    collected,
    plan: currentPlan(terms, histories),
    subscribed: [...histories.values()].some((history) => !hasEnded(history)),
    living: [...histories].filter(([id, own]) => !hasEnded(own) && paid.some((one) => one.fact.subscription === id)).map(([id]) => id),
  };
}

/** In the order in which the money came in; of one moment what begins goes before what changes. */
function byCollection(one: InvoiceFact, other: InvoiceFact): number {
  return (
    Temporal.Instant.compare(one.paid_at, other.paid_at) ||
    REASONS.indexOf(one.reason) - REASONS.indexOf(other.reason) ||
    Temporal.Instant.compare(one.made_at, other.made_at) ||
    (one.invoice < other.invoice ? -1 : one.invoice > other.invoice ? 1 : 0)
  );
}

const REASONS: readonly InvoiceFact['reason'][] = ['create', 'cycle', 'change'];

function planOf({ plan, version }: SoldPlan, catalogues: Catalogues): Plan | undefined {
  const catalogue = catalogues(version);
  return catalogue && findPlan(catalogue, plan);
}

/** The invoice of nothing that a trial begins with. */
function isOfTrial(fact: InvoiceFact, history: SubscriptionHistory): boolean {
  return fact.gross === 0n && snapshotAt(history, fact.paid_at)?.status === 'trialing';
}

function hasEnded(history: SubscriptionHistory): boolean {
  return history.some(({ status }) => status === 'ended');
}

function endedAt(history: SubscriptionHistory): Temporal.Instant | undefined {
  return history.find(({ status }) => status === 'ended')?.at;
}

/** Every term, by when it begins. No two begin at one moment: the money of the second adds to the first. */
function chainOf(paid: readonly Paid[], trial: Term | undefined, historyFor: (id: string) => SubscriptionHistory): Term[] {
  const chain: Term[] = trial ? [trial] : [];
  const early: Paid[] = [];
  for (const one of paid) {
    const opens = one.sale.opens;
    if (opens === undefined) {
      const term = inForce(chain, one.fact.paid_at);
      if (term === undefined) early.push(one);
      else term.paid.push({ by: one, first: monthAt(term, one.fact.paid_at) });
      continue;
    }
    const ruling = rulingOver(chain, one, opens, historyFor);
    if (ruling) {
      ruling.term.paid.push({ by: one, first: monthAt(ruling.term, ruling.at) });
      continue;
    }
    chain.push(openedBy(one, opens));
    chain.sort((a, b) => Temporal.Instant.compare(a.from, b.from));
  }
  const first = chain.find(({ kind }) => kind === 'paid');
  for (const one of early) first?.paid.push({ by: one, first: 0 });
  return chain;
}

function inForce(chain: readonly Term[], at: Temporal.Instant): Term | undefined {
  return chain.findLast(({ from, kind }) => kind === 'paid' && Temporal.Instant.compare(from, at) <= 0) ?? chain.find(({ kind }) => kind === 'paid');
}

/** The term that an invoice adds to rather than opens its own, and from when on. */
function rulingOver(
  chain: readonly Term[],
  one: Paid,
  opens: Span,
  historyFor: (id: string) => SubscriptionHistory,
): { readonly term: Term; readonly at: Temporal.Instant } | undefined {
  const { paid_at, subscription } = one.fact;
  const under_way = chain.findLast((term) => Temporal.Instant.compare(term.from, opens.from) <= 0);
  if (under_way && addsTo(under_way, one, opens.from, historyFor)) return { term: under_way, at: opens.from };
  // Paid late, when another subscription's term has taken over the time that it is for.
  const since = chain.findLast((term) => Temporal.Instant.compare(term.from, paid_at) <= 0);
  const taken_over = since && since.subscription !== subscription && Temporal.Instant.compare(since.from, opens.from) > 0;
  return taken_over && Temporal.Instant.compare(paid_at, opens.to) < 0 ? { term: since, at: paid_at } : undefined;
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
  return {
    ...span,
    plan: sale.plan,
    version: sale.version,
    key: fact.invoice,
    subscription: fact.subscription,
    kind: 'paid',
    terms,
    months: monthsOf(span),
    paid: [{ by, first: 0 }],
    allowed: undefined,
  };
}

/** The month of a term that holds a moment; the first before it, the last after it. */
function monthAt({ months }: Term, at: Temporal.Instant): number {
  return Math.max(0, months.findLastIndex(({ from }) => Temporal.Instant.compare(from, at) <= 0));
}

/** When a term is over: at its end, where the next begins, or with its subscription. */
function endOf(term: Term, next: Term | undefined, historyFor: (id: string) => SubscriptionHistory): Temporal.Instant {
  const ended = endedAt(historyFor(term.subscription));
  return [next?.from, ended].reduce<Temporal.Instant>(
    (end, at) => (at !== undefined && Temporal.Instant.compare(at, end) < 0 ? at : end),
    term.to,
  );
}

/** The first month is served however short; of the others those that begin before the end. */
function isServed({ months }: Term, month: number, end: Temporal.Instant): boolean {
  const from = months[month]?.from;
  return month === 0 || (from !== undefined && Temporal.Instant.compare(from, end) < 0);
}

/** The money of a term, month by month; what a term that is cut short leaves is due when it ends, and spent in none. */
function partsOf(term: Term, end: Temporal.Instant): MonthPart[] {
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

function partsOfInvoice(term: Term, end: Temporal.Instant, { by, first }: Term['paid'][number]): MonthPart[] {
  const count = term.months.length - first;
  return Array.from({ length: count }, (_, ordinal): MonthPart => {
    const month = first + ordinal;
    const span = term.months[month] ?? term;
    const served = isServed(term, month, end);
    const credits = served ? creditsOf(partOf(by.proceeds.net, ordinal, count), by.terms) : { credits: 0n, rolling: 0n };
    return {
      invoice: by.fact.invoice,
      ordinal,
      term: served ? term.key : undefined,
      month,
      due_at: dueAt(served ? span.from : end, by.fact),
      net: partOf(by.collected.net, ordinal, count),
      unit: by.proceeds.unit,
      ceiling: served ? partOf(by.proceeds.ceiling, ordinal, count) : 0n,
      proven: served ? partOf(by.proceeds.proven, ordinal, count) : 0n,
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
function waiting(paid: readonly Paid[], terms: readonly Term[]): MonthPart[] {
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

function monthsServed(term: Term, end: Temporal.Instant, parts: readonly MonthPart[], fx: ExchangeRates): ServedMonth[] {
  const unit = term.terms.price.currency;
  const own = Map.groupBy(parts.filter((part) => part.term === term.key), ({ month }) => month);
  return term.months.flatMap((span, month) => {
    if (!isServed(term, month, end)) return [];
    const sum = (of: (part: MonthPart) => bigint): bigint =>
      sumIn(unit, (own.get(month) ?? []).map((part) => ({ unit: part.unit, nanos: of(part) })), fx);
    const { key, subscription, kind, plan, version, allowed } = term;
    const [ceiling, proven] = allowed ? [allowed.ceiling, allowed.proven] : [sum((part) => part.ceiling), sum((part) => part.proven)];
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
        unit,
        ceiling: atLeastNothing(ceiling),
        proven: atLeastNothing(proven),
      },
    ];
  });
}

function endWithin({ from, to }: Span, end: Temporal.Instant): Temporal.Instant {
  if (Temporal.Instant.compare(end, from) < 0) return from;
  return Temporal.Instant.compare(end, to) < 0 ? end : to;
}

function atLeastNothing(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

/** The one trial of a workspace: the first there was, if the plan gives one; never longer than the plan says, however often its end is moved. */
function trialOf(histories: ReadonlyMap<string, SubscriptionHistory>, catalogues: Catalogues): Term | undefined {
  const [first] = [...histories]
    .flatMap(([subscription, history]) => {
      const at = history.find(({ status }) => status === 'trialing');
      return at ? [{ subscription, history, at, from: at.trial?.from ?? at.at }] : [];
    })
    .toSorted((a, b) => Temporal.Instant.compare(a.from, b.from) || (a.subscription < b.subscription ? -1 : 1));
  if (first === undefined) return undefined;
  const { subscription, history, at, from } = first;
  const sold = { plan: at.plan, version: at.sold_version };
  const terms = planOf(sold, catalogues);
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
    allowed: { unit: terms.price.currency, ceiling: ceiling.nanos, proven: ceiling.nanos, net: zero(ceiling.currency).nanos },
  };
}

/** The latest picture of the subscription whose term is the latest; where that one has ended, of another that lives and was paid. */
function currentPlan(terms: readonly Term[], histories: ReadonlyMap<string, SubscriptionHistory>): Terms['plan'] {
  const latest = terms.at(-1);
  if (latest === undefined) return undefined;
  const own = histories.get(latest.subscription) ?? [];
  const others = latest.paid.map(({ by }) => by.fact.subscription).filter((id) => id !== latest.subscription);
  const subscription = hasEnded(own) ? (others.find((id) => !hasEnded(histories.get(id) ?? [])) ?? latest.subscription) : latest.subscription;
  const last = (histories.get(subscription) ?? []).findLast(({ status }) => status !== 'ended' && status !== 'incomplete');
  return last
    ? { plan: last.plan, version: last.sold_version, subscription }
    : { plan: latest.plan, version: latest.version, subscription };
}
