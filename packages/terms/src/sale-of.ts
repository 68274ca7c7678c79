import { type InvoiceFact, type InvoiceLine, type Span, bySnapshotTime, type SubscriptionSnapshot } from './facts.ts';
import { lastUntil } from './last-until.ts';
import { aMonthFrom } from './months.ts';

/** A plan as it was sold. */
export interface SoldPlan {
  readonly plan: string;
  readonly version: string;
}

/** What an invoice is of. */
export interface Sale extends SoldPlan {
  /** It begins a term; without it, it adds to the one under way when it was paid. */
  readonly opens: Span | undefined;
  /** The period under way when it was paid, where its own was over. */
  readonly late: Span | undefined;
  /** The share of its money that is the plan's own: what is metered or foreign beside it is revenue, and pays for nothing here. */
  readonly of_plan: { readonly numerator: bigint; readonly denominator: bigint };
}

/** The snapshots of one subscription in the order of time, each with the version that its plan was sold at. */
export type SubscriptionHistory = readonly (SubscriptionSnapshot & {
  readonly sold_version: string;
  /** Its plan or price was not sold before. */
  readonly begins_sale: boolean;
})[];

/**
 * The same plan at the same price is the same sale, whatever is for sale since; a first sale counts at the version of its checkout,
 * and without one at what was for sale when it came to be known. A plan that is for sale no more (`sells`) goes on, at another price too, as it
 * was sold last.
 */
export function historyOf(snapshots: readonly SubscriptionSnapshot[], sells: (sold: SoldPlan) => boolean): SubscriptionHistory {
  const sales: { readonly plan: string; readonly price: string; readonly version: string }[] = [];
  return snapshots.toSorted(bySnapshotTime).map((snapshot) => {
    const { plan, price, sold } = snapshot;
    const of_plan = sales.filter((sale) => sale.plan === plan);
    const same = of_plan.findLast((sale) => sale.price === price || sale.price === '' || price === '');
    const first = of_plan.length === 0 && sold?.plan === plan ? sold.version : snapshot.version;
    const version = same?.version ?? (sells({ plan, version: first }) ? first : (of_plan.at(-1)?.version ?? first));
    const begins_sale = same?.price !== price;
    if (begins_sale) sales.push({ plan, price, version });
    return { ...snapshot, sold_version: version, begins_sale };
  });
}

/** What the subscription was at a time: the latest that is known until then, else the first that is known at all. */
export function snapshotAt(history: SubscriptionHistory, at: Temporal.Instant): SubscriptionHistory[number] | undefined {
  return history[lastUntil(history, at, (one) => one.at)] ?? history[0];
}

/** Undefined until something names its plan. */
export function saleOf(invoice: InvoiceFact, history: SubscriptionHistory): Sale | undefined {
  const snapshot = snapshotAt(history, invoice.paid_at);
  const own = linesOfPlan(invoice.lines, history, snapshot);
  const full = own.filter((line) => !line.proration && !isMetered(line, history));
  const charged = own.filter(({ amount }) => amount > 0n);
  const named = (full.at(-1) ?? charged.at(-1) ?? own.at(-1))?.plan;
  const plan = named ?? snapshot?.plan ?? invoice.plan;
  if (plan === undefined) return undefined;
  const of_plan = shareOf(own, invoice.lines);
  const opens = opensTerm(invoice, full) ? (spanOf(full) ?? periodOf(invoice, history, charged)) : undefined;
  const over = opens !== undefined && Temporal.Instant.compare(opens.to, invoice.paid_at) <= 0;
  const late = over ? (holding(history, invoice.paid_at) ?? aMonthFrom(invoice.paid_at)) : undefined;
  return { plan, version: versionOf(plan, invoice, history), opens, late, of_plan };
}

/** A change opens a term only where it starts the billing cycle again: then a whole period of the plan is among its lines. */
function opensTerm({ reason, lines }: InvoiceFact, full: readonly InvoiceLine[]): boolean {
  if (reason === 'create' || lines.length === 0) return reason !== 'change';
  return spanOf(full) !== undefined;
}

/** Lines whose price names a plan, by themselves or as the subscription knows it; where none does, those of the item that the plan is sold by. */
function linesOfPlan(
  lines: readonly InvoiceLine[],
  history: SubscriptionHistory,
  snapshot: SubscriptionSnapshot | undefined,
): readonly InvoiceLine[] {
  const plans = plansOf(history);
  const named = lines
    .map((line) => ({ ...line, plan: line.plan ?? (line.price === undefined ? undefined : plans.get(line.price)) }))
    .filter(({ plan }) => plan !== undefined);
  const licensed = named.filter((line) => !isMetered(line, history));
  if (named.length > 0) return licensed.length > 0 ? licensed : named;
  const item = snapshot?.items.find(({ metered }) => !metered)?.item ?? lines.find(({ metered }) => !metered)?.item;
  const told = lines.some((line) => item !== undefined && line.item === item);
  return lines.filter(
    (line) =>
      !line.metered && (line.item === item || item === undefined || (line.item === undefined && (!told || line.proration))),
  );
}

const known_plans = new WeakMap<SubscriptionHistory, ReadonlyMap<string, string>>();

/** By the price that names it. A history is one object for a whole fold. */
function plansOf(history: SubscriptionHistory): ReadonlyMap<string, string> {
  const known =
    known_plans.get(history) ??
    new Map(history.flatMap(({ items }) => items.flatMap(({ price, plan }) => (plan === undefined ? [] : [[price, plan]]))));
  known_plans.set(history, known);
  return known;
}

function shareOf(own: readonly InvoiceLine[], all: readonly InvoiceLine[]): Sale['of_plan'] {
  const sum = (lines: readonly InvoiceLine[]): bigint => lines.reduce((total, { amount }) => total + amount, 0n);
  const [numerator, denominator] = [sum(own), sum(all)];
  if (all.length === 0 || own.length === all.length) return { numerator: 1n, denominator: 1n };
  if (numerator <= 0n || denominator <= 0n) return { numerator: 0n, denominator: 1n };
  return numerator >= denominator ? { numerator: 1n, denominator: 1n } : { numerator, denominator };
}

function spanOf(lines: readonly InvoiceLine[]): Span | undefined {
  const periods = lines.flatMap(({ period }) => (period && Temporal.Instant.compare(period.from, period.to) < 0 ? [period] : []));
  const [first] = periods;
  if (first === undefined) return undefined;
  return periods.reduce((span, { from, to }) => ({ from: earlier(span.from, from), to: later(span.to, to) }), first);
}

/** What was used is charged for the time before, and is no plan. As the line says, or the subscription of its item. */
function isMetered({ metered, price, item }: InvoiceLine, history: SubscriptionHistory): boolean {
  if (metered) return true;
  if (price === undefined && item === undefined) return false;
  const known = history.findLast(({ items }) => items.some((one) => one.item === item || one.price === price))?.items;
  return (known?.find((one) => one.item === item) ?? known?.find((one) => one.price === price))?.metered ?? false;
}

/**
 * The subscription's own period that holds the payment, or the making of its invoice; else that of what it charges for; where none is stated, a
 * month from the payment.
 */
function periodOf({ paid_at, made_at }: InvoiceFact, history: SubscriptionHistory, charged: readonly InvoiceLine[]): Span {
  return holding(history, paid_at) ?? holding(history, made_at) ?? spanOf(charged) ?? aMonthFrom(paid_at);
}

function holding(history: SubscriptionHistory, at: Temporal.Instant): Span | undefined {
  return history.findLast(
    ({ period }) => period && Temporal.Instant.compare(period.from, at) <= 0 && Temporal.Instant.compare(at, period.to) < 0,
  )?.period;
}

function versionOf(plan: string, { paid_at, version }: InvoiceFact, history: SubscriptionHistory): string {
  for (let place = lastUntil(history, paid_at, (one) => one.at); place >= 0; place--) {
    const one = history[place];
    if (one?.plan === plan) return one.sold_version;
  }
  return history.find((one) => one.plan === plan)?.sold_version ?? version;
}

function earlier(one: Temporal.Instant, other: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(one, other) <= 0 ? one : other;
}

function later(one: Temporal.Instant, other: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(one, other) >= 0 ? one : other;
}
