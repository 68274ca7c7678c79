import { type Currency, divide, type ExchangeRates } from '@purser/money';

import { type Entry, monthAt, type Paid, type Term } from './chain.ts';
import type { CreditFact, InvoiceFact } from './facts.ts';
import { isServed, type MonthPart, type MonthShare, shareOfMonth } from './months-served.ts';
import { proceedsOf } from './proceeds.ts';

/** The counts of an invoice's parts in one term and the next never meet: no term has so many months. */
const BASE_STEP = 1000;

/** Money that a customer's balance holds: collected by `by`, not served, and worth `credit` there. */
interface Waiting {
  readonly by: Paid;
  readonly currency: Currency;
  readonly until: Temporal.Instant;
  credit: bigint;
  net: bigint;
  tax: bigint;
  fees: bigint;
}

export interface Carried {
  /** What nobody used yet: due when the time is over that it was first paid for. */
  readonly parts: readonly MonthPart[];
  readonly any: boolean;
}

/**
 * What an invoice credits for time that was paid for goes over to what it pays: the charges of the same invoice, and by the customer's balance those
 * of later ones. It is the same money, never more than was collected and not served yet, and leaves the months that it was for: where it was
 * spent in them, later months owe it. `terms` are changed.
 */
export function carryBalances(
  paid: readonly Paid[],
  credits: readonly CreditFact[],
  terms: readonly Term[],
  ends: readonly Temporal.Instant[],
  fx: ExchangeRates,
): Carried {
  const pool: Waiting[] = [];
  const counts = new Map<string, number>();
  const nextBase = (invoice: string): number => {
    const count = (counts.get(invoice) ?? 0) + 1;
    counts.set(invoice, count);
    return count * BASE_STEP;
  };
  const notes = credits.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at) || (a.note < b.note ? -1 : 1));
  const releaseNotes = (until?: Temporal.Instant): void => {
    for (let note = notes[0]; note && (!until || Temporal.Instant.compare(note.at, until) <= 0); note = notes[0]) {
      notes.shift();
      pool.push(...releaseOf(note, paid, terms, ends));
    }
  };
  let any = false;
  for (const one of paid) {
    releaseNotes(one.fact.paid_at);
    const told = creditedBy(one);
    if (told.all === 0n && one.fact.from_balance === 0n) continue;
    const place = placeOf(one, terms);
    const source = sourceOf(one, told.since, terms, place?.term);
    // Within one term nothing has to move but what leaves it.
    const credit = source === place?.term ? { ...told, all: told.to_balance } : told;
    const used = one.fact.from_balance + (credit.all - credit.to_balance);
    if (credit.all > 0n) {
      if (source) pool.push(...release(source, ends[terms.indexOf(source)] ?? source.to, credit, one.fact.currency));
    }
    if (place === undefined) continue;
    for (const { by, ...money } of draw(pool, used, one.fact.currency)) {
      const proceeds = proceedsOf(money, one.fact.currency, one.sale.of_plan, one.terms, fx);
      const carried: Paid = { ...one, fact: by.fact, collected: money, proceeds };
      place.term.paid.push({ by: carried, first: place.entry.first, base: nextBase(by.fact.invoice), released: [] });
      any = true;
    }
  }
  releaseNotes();
  const left = pool.filter(({ net }) => net > 0n);
  return { parts: left.map((one) => waitingPart(one, nextBase(one.by.fact.invoice))), any: any || left.length > 0 };
}

/** It credits time that was paid for, or is paid by such a credit: what was collected earlier is in other months then. */
export function movesMoney(one: Paid): boolean {
  return one.fact.from_balance > 0n || creditedBy(one).all !== 0n;
}

/** A credit note gives back of one invoice, from its months that are under way or come, else from its last. */
function releaseOf(
  { invoice, at, amount }: CreditFact,
  paid: readonly Paid[],
  terms: readonly Term[],
  ends: readonly Temporal.Instant[],
): Waiting[] {
  const of = paid.find(({ fact }) => fact.invoice === invoice);
  const place = of && placeOf(of, terms);
  if (of === undefined || place === undefined) return [];
  const { term } = place;
  const end = ends[terms.indexOf(term)] ?? term.to;
  return release(term, end, { all: amount, to_balance: amount, since: at }, of.fact.currency, invoice);
}

interface Credit {
  readonly all: bigint;
  readonly to_balance: bigint;
  /** From when on the time is that it is for. */
  readonly since: Temporal.Instant;
}

/** What an invoice gives back for time that was paid for: it pays what the same invoice charges, and the rest goes to the balance. */
function creditedBy({ fact, sale }: Paid): Credit {
  const { to_balance, from_balance, lines, paid_at, gross } = fact;
  const prorations = lines.filter(({ proration }) => proration);
  const credits = prorations.filter(({ amount }) => amount < 0n);
  const sum = (of: InvoiceFact['lines']): bigint => of.reduce((total, { amount }) => total + amount, 0n);
  const [credited, total] = [-sum(prorations), sum(lines)];
  const since = credits.reduce(
    (first, { period }) => (period && Temporal.Instant.compare(period.from, first) < 0 ? period.from : first),
    paid_at,
  );
  if (to_balance > 0n) {
    // In what the customer pays, with tax, though lines may be told without.
    const all = credited > 0n && total < 0n && credited > -total ? (to_balance * credited) / -total : to_balance;
    return { all: sale.opens ? all : to_balance, to_balance, since };
  }
  const all = sale.opens && credited > 0n && gross + from_balance > 0n ? credited : 0n;
  return { all, to_balance: 0n, since };
}

interface Place {
  readonly term: Term;
  readonly entry: Entry;
}

function placeOf(one: Paid, terms: readonly Term[]): Place | undefined {
  for (const term of terms) {
    const entry = term.paid.find(({ by, base }) => base === 0 && by.fact.invoice === one.fact.invoice);
    if (entry) return { term, entry };
  }
  return undefined;
}

/** The term that the time was paid by: the last of its subscription that had begun, but for the one that the invoice itself opened. */
function sourceOf({ fact }: Paid, since: Temporal.Instant, terms: readonly Term[], own: Term | undefined): Term | undefined {
  return terms.findLast(
    (term) =>
      term.kind === 'paid' &&
      !(term === own && term.key === fact.invoice) &&
      Temporal.Instant.compare(term.from, since) <= 0 &&
      term.paid.some(({ by }) => by.fact.subscription === fact.subscription),
  );
}

/** Takes from months that nobody is served in any more, then from those that are or come. */
function release(term: Term, end: Temporal.Instant, credit: Credit, currency: Currency, invoice?: string): Waiting[] {
  const first = monthAt(term, credit.since);
  const count = term.months.length;
  const served = term.months.findIndex((_, month) => month > first && !isServed(term, month, end));
  const spans = served < 0 ? [[first, count] as const] : [[served, count] as const, [first, served] as const];
  const released: Waiting[] = [];
  let left = credit.all;
  for (const [from, until] of spans) {
    const entries = term.paid
      .filter(({ by: { fact } }) => fact.currency === currency && (invoice === undefined || fact.invoice === invoice))
      .map((entry) => ({ entry, from: Math.max(from, entry.first) }))
      .map((one) => ({ ...one, money: sumOf(term, one.entry, one.from, until) }))
      .filter(({ money }) => money.net > 0n);
    const there = entries.reduce((sum, { money }) => sum + money.net + money.tax, 0n);
    if (there <= 0n || left <= 0n) continue;
    const of = { numerator: left < there ? left : there, denominator: there };
    for (const { entry, from: since, money } of entries) {
      entry.released.push({ first: since, until, of });
      const kept = sumOf(term, entry, since, until);
      const [net, tax] = [money.net - kept.net, money.tax - kept.tax];
      const fees = money.fees - kept.fees;
      released.push({ by: entry.by, currency, until: term.to, credit: net + tax, net, tax, fees });
    }
    left -= of.numerator;
  }
  return worth(released, credit.all - left, credit.all);
}

/** Where less money is there than was credited, all of the credit stands for it. */
function worth(released: readonly Waiting[], there: bigint, credited: bigint): Waiting[] {
  if (there <= 0n || there === credited) return [...released];
  return released.map((one) => ({ ...one, credit: (one.credit * credited) / there }));
}

function sumOf(term: Term, entry: Entry, from: number, until: number): Pick<MonthShare, 'net' | 'tax' | 'fees'> {
  const sum = { net: 0n, tax: 0n, fees: 0n };
  for (let month = from; month < until; month++) {
    const { net, tax, fees } = shareOfMonth(term, entry, month);
    sum.net += net;
    sum.tax += tax;
    sum.fees += fees;
  }
  return sum;
}

/** What came first is used first. */
function draw(pool: readonly Waiting[], wanted: bigint, currency: Currency): Pick<Waiting, 'by' | 'net' | 'tax' | 'fees'>[] {
  const drawn: Pick<Waiting, 'by' | 'net' | 'tax' | 'fees'>[] = [];
  let left = wanted;
  for (const one of pool) {
    if (left <= 0n) break;
    if (one.currency !== currency || one.credit <= 0n) continue;
    const part = one.credit < left ? one.credit : left;
    const of = (whole: bigint, rounding: 'down' | 'up' = 'down'): bigint => divide(whole * part, one.credit, rounding);
    const taken = { by: one.by, net: of(one.net), tax: of(one.tax), fees: of(one.fees, 'up') };
    one.net -= taken.net;
    one.tax -= taken.tax;
    one.fees -= taken.fees;
    one.credit -= part;
    left -= part;
    if (taken.net > 0n) drawn.push(taken);
  }
  return drawn;
}

function waitingPart({ by, net, until }: Waiting, ordinal: number): MonthPart {
  const none = { ceiling: 0n, proven: 0n, credits: 0n, rolling: 0n, rolling_until: undefined };
  const due_at = Temporal.Instant.compare(until, by.fact.paid_at) < 0 ? by.fact.paid_at : until;
  return { invoice: by.fact.invoice, ordinal, term: undefined, month: 0, due_at, net, unit: by.proceeds.unit, ...none };
}
