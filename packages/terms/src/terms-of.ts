import type { Currency, ExchangeRates } from '@purser/money';

import { type Catalogues, chainOf, endedAt, endOf, hasEnded, type Paid, planOf, type Term, trialOf } from './chain.ts';
import type { InvoiceFact, PaymentFacts } from './facts.ts';
import { type MonthPart, monthsServed, partsOf, type ServedMonth, waiting } from './months-served.ts';
import { type Collected, collectedOf, proceedsOf } from './proceeds.ts';
import { historyOf, saleOf, snapshotAt, type SoldPlan, type SubscriptionHistory } from './sale-of.ts';

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
    months: terms.flatMap((term, index) => monthsServed(term, ends[index] ?? term.to, parts)),
    parts: [...parts, ...waiting(paid, terms)],
    collected,
    plan: currentPlan(terms, histories),
    subscribed: [...histories.values()].some((history) => !hasEnded(history)),
    living: [...histories]
      .filter(([id, own]) => !hasEnded(own) && paid.some((one) => one.fact.subscription === id))
      .map(([id]) => id),
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

/** The invoice of nothing that a trial begins with; before its subscription is known, it may be one. */
function isOfTrial(fact: InvoiceFact, history: SubscriptionHistory): boolean {
  return fact.gross === 0n && (history.length === 0 || snapshotAt(history, fact.paid_at)?.status === 'trialing');
}

/** Money that comes in when its subscription has ended is booked, and puts nobody on a plan. */
function servesAnybody({ kind, paid }: Term, histories: ReadonlyMap<string, SubscriptionHistory>): boolean {
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
