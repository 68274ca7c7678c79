import type { Currency, ExchangeRates } from '@purser/money';

import { type Catalogs, chainOf, endedAt, endOf, hasEnded, type Paid, planOf, type Term, trialOf } from './chain.ts';
import { carryBalances } from './balance.ts';
import type { InvoiceFact, PaymentFacts } from './facts.ts';
import { type MonthPart, monthsServed, partsOf, type ServedMonth, waiting } from './months-served.ts';
import { type Collected, collectedOf, proceedsOf } from './proceeds.ts';
import { historyOf, type Sale, saleOf, snapshotAt, type SoldPlan, type SubscriptionHistory } from './sale-of.ts';

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
  /** Money of some months went over to others. */
  readonly carried: boolean;
  /** A subscription that has not ended. */
  readonly subscribed: boolean;
  /** Subscriptions that were paid for and live: more than one is somebody's mistake. */
  readonly living: readonly string[];
}

/** How terms were found. */
export interface Fold {
  readonly terms: Terms;
  readonly chain: readonly Term[];
  readonly paid: readonly Paid[];
  readonly histories: ReadonlyMap<string, SubscriptionHistory>;
}

/**
 * The terms that follow from all that is known of a workspace's payments: a pure function, so that neither order nor delay nor repetition
 * of what a payment provider tells matters. Money counts once, in the months that it pays for.
 */
export function termsOf(facts: PaymentFacts, catalogs: Catalogs, fx: ExchangeRates): Terms {
  return foldTerms(facts, catalogs, fx).terms;
}

/** `since`: what came before is closed. Its trial is over, and these of its subscriptions were paid for. */
export function foldTerms(
  { snapshots, invoices, credits = [] }: PaymentFacts,
  catalogs: Catalogs,
  fx: ExchangeRates,
  since?: { readonly paid: readonly string[] },
): Fold {
  const sells = (sold: SoldPlan): boolean => planOf(sold, catalogs) !== undefined;
  const histories = new Map(
    [...Map.groupBy(snapshots, ({ subscription }) => subscription)].map(([id, own]) => [id, historyOf(own, sells)] as const),
  );
  const historyFor = (subscription: string): SubscriptionHistory => histories.get(subscription) ?? [];
  const paid: Paid[] = [];
  const collected: CollectedInvoice[] = [];
  for (const fact of invoices.toSorted(byCollection)) {
    const sale = saleOf(fact, historyFor(fact.subscription));
    const plan = sale && planOf(sale, catalogs);
    const money = collectedOf(fact, plan, fx);
    // The books say what was taken; what may be spent was proven by what the catalog expects.
    const fees = fact.fees === undefined ? money.fees : fact.fees + fact.reversal_fees;
    collected.push({ ...money, fees, fact, plan: plan?.code, reported_unit: plan?.price.currency ?? fact.currency });
    if (!sale || !plan || isOfTrial(fact, sale, historyFor(fact.subscription))) continue;
    paid.push({ fact, sale, terms: plan, collected: money, proceeds: proceedsOf(money, fact.currency, sale.of_plan, plan, fx) });
  }
  const trial = since ? undefined : trialOf(histories, catalogs);
  const chain = chainOf(paid, trial && isWithinPaid(trial, paid, historyFor) ? undefined : trial, historyFor);
  const ends = chain.map((term, index) => endOf(term, chain[index + 1], historyFor));
  const carried = carryBalances(paid, credits, chain, ends, fx);
  const of_terms = chain.map((term, index) => partsOf(term, ends[index] ?? term.to));
  const payers = new Set([...(since?.paid ?? []), ...paid.map(({ fact }) => fact.subscription)]);
  const terms: Terms = {
    months: chain.flatMap((term, index) => monthsServed(term, ends[index] ?? term.to, of_terms[index] ?? [])),
    parts: [...of_terms.flat(), ...carried.parts, ...waiting(paid, chain)],
    collected,
    carried: carried.any,
    plan: currentPlan(chain, histories),
    subscribed: [...histories.values()].some((history) => !hasEnded(history)),
    living: [...histories].filter(([id, own]) => !hasEnded(own) && payers.has(id)).map(([id]) => id),
  };
  return { terms, chain, paid, histories };
}

/** In the order in which the money came in; of one moment what begins goes before what changes. */
export function byCollection(one: InvoiceFact, other: InvoiceFact): number {
  return (
    Temporal.Instant.compare(one.paid_at, other.paid_at) ||
    REASONS.indexOf(one.reason) - REASONS.indexOf(other.reason) ||
    Temporal.Instant.compare(one.made_at, other.made_at) ||
    (one.invoice < other.invoice ? -1 : one.invoice > other.invoice ? 1 : 0)
  );
}

const REASONS: readonly InvoiceFact['reason'][] = ['create', 'cycle', 'change'];

/** The invoice that a trial begins with: nothing, or nothing for the plan. Before its subscription is known, one of nothing may be one. */
function isOfTrial(
  { gross, from_balance, to_balance, paid_at }: InvoiceFact,
  { of_plan }: Sale,
  history: SubscriptionHistory,
): boolean {
  if (gross > 0n && of_plan.numerator > 0n) return false;
  const by_balance = from_balance > 0n || to_balance > 0n;
  if (history.length === 0) return gross === 0n && !by_balance;
  return snapshotAt(history, paid_at)?.status === 'trialing';
}

/**
 * Days that a payer is given within what was paid for, by money or balance, are no trial: they would take it away. Nor are those that
 * begin at the very moment of another term, whatever that one cost: a workspace has one term at a time.
 */
function isWithinPaid({ from }: Term, paid: readonly Paid[], historyFor: (id: string) => SubscriptionHistory): boolean {
  return paid.some(({ fact, sale: { opens, late } }) => {
    if (opens === undefined) return false;
    if (opens.from.equals(from) || late?.from.equals(from) === true) return true;
    if (fact.gross === 0n && fact.from_balance === 0n) return false;
    const ended = endedAt(historyFor(fact.subscription));
    const over = Temporal.Instant.compare(opens.to, from) <= 0 || (ended && Temporal.Instant.compare(ended, from) <= 0);
    return Temporal.Instant.compare(opens.from, from) <= 0 && !over;
  });
}

/** Money that comes in when its subscription has ended is booked, and puts nobody on a plan. */
export function servesAnybody({ kind, paid }: Term, histories: ReadonlyMap<string, SubscriptionHistory>): boolean {
  if (kind === 'trial') return true;
  return paid.some(({ by }) => {
    const ended = endedAt(histories.get(by.fact.subscription) ?? []);
    return ended === undefined || Temporal.Instant.compare(by.fact.paid_at, ended) < 0;
  });
}

/** Of a subscription that was paid for before anything of it was kept. */
function planFromBefore(histories: ReadonlyMap<string, SubscriptionHistory>): Terms['plan'] {
  for (const [subscription, history] of histories) {
    if (hasEnded(history) || !history.some(({ paid_before, status }) => paid_before && status !== 'incomplete')) continue;
    const last = history.findLast(({ status }) => status !== 'incomplete');
    if (last) return { plan: last.plan, version: last.sold_version, subscription };
  }
  return undefined;
}

/** The latest picture of the subscription whose term is the latest; where that one has ended, of another that lives and was paid. */
function currentPlan(terms: readonly Term[], histories: ReadonlyMap<string, SubscriptionHistory>): Terms['plan'] {
  const latest = terms.findLast((term) => servesAnybody(term, histories));
  if (latest === undefined) return planFromBefore(histories);
  const own = histories.get(latest.subscription) ?? [];
  const others = latest.paid.map(({ by }) => by.fact.subscription).filter((id) => id !== latest.subscription);
  const subscription = hasEnded(own)
    ? (others.find((id) => !hasEnded(histories.get(id) ?? [])) ?? latest.subscription)
    : latest.subscription;
  const last = (histories.get(subscription) ?? []).findLast(({ status }) => status !== 'ended' && status !== 'incomplete');
  return last
    ? { plan: last.plan, version: last.sold_version, subscription }
    : { plan: latest.plan, version: latest.version, subscription };
}
