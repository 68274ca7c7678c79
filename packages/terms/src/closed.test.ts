import { type Catalog, loadCatalog } from '@purser/catalog';
import { currency } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { type Closing, closingOf, openTextOf, termsSince } from './closed.ts';
import type { CreditFact, InvoiceFact, PaymentFacts, Span, SubscriptionSnapshot } from './facts.ts';
import { type Fold, foldTerms } from './terms-of.ts';

let catalog: Catalog;
beforeAll(async () => {
  const loaded = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
  const trial = { days_max: 14, ceiling: { nanos: 2_000_000_000n, currency: currency('EUR') }, credits: 100n };
  catalog = { ...loaded, plans: loaded.plans.map((plan) => (plan.code === 'PRO' ? { ...plan, trial } : plan)) };
});

const START = Temporal.Instant.from('2027-01-31T10:00:00Z');
const month = (n: number): Temporal.Instant => START.toZonedDateTimeISO('UTC').add({ months: n }).toInstant();
const hours = (at: Temporal.Instant, n: number): Temporal.Instant => at.add({ hours: n });

type Told =
  | { readonly is: 'snapshot'; readonly fact: SubscriptionSnapshot }
  | { readonly is: 'invoice'; readonly fact: InvoiceFact }
  | { readonly is: 'reversal'; readonly invoice: string; readonly of: bigint }
  | { readonly is: 'credit'; readonly fact: CreditFact };

interface Event {
  readonly at: Temporal.Instant;
  readonly told: Told;
}

const snapshot = (at: Temporal.Instant, period: Span | undefined, more: Partial<SubscriptionSnapshot> = {}): Event => ({
  at,
  told: {
    is: 'snapshot',
    fact: {
      subscription: 'sub_1',
      at,
      rank: 5,
      status: 'active',
      plan: 'PRO',
      price: 'price_1',
      items: [{ item: 'si_1', price: 'price_1', plan: 'PRO', metered: false }],
      period,
      trial: undefined,
      version: catalog.version,
      paid_before: false,
      sold: undefined,
      ...more,
    },
  },
});
const invoice = (n: number, paid_at: Temporal.Instant, period: Span, more: Partial<InvoiceFact> = {}, cents = 1599): Event => ({
  at: paid_at,
  told: {
    is: 'invoice',
    fact: {
      invoice: `in_${n}`,
      subscription: 'sub_1',
      reason: n === 0 ? 'create' : 'cycle',
      made_at: period.from,
      paid_at,
      currency: currency('EUR'),
      gross: BigInt(cents) * 10_000_000n,
      tax: 0n,
      reversed: 0n,
      reversal_fees: 0n,
      to_balance: 0n,
      from_balance: 0n,
      lines: [
        {
          item: 'si_1',
          price: 'price_1',
          plan: undefined,
          metered: false,
          proration: false,
          amount: BigInt(cents) * 10_000_000n,
          period,
        },
      ],
      plan: 'PRO',
      version: catalog.version,
      ...more,
    },
  },
});

/** What befalls a subscriber in a month besides paying. */
const HAPPENINGS = [
  'nothing',
  'paid late',
  'told again',
  'change',
  'credit',
  'refund',
  'credit note',
  'old refund',
  'price',
  'rests',
  'owes',
  'second',
  'ends',
  'trial moved',
  'backdated',
  'advance',
  'metered',
  'named',
  'lost',
] as const;
type Happening = (typeof HAPPENINGS)[number];

/** Whether invoices say what they charge for, and prices of which plan they are. */
interface Telling {
  readonly lines: boolean;
  readonly plans: boolean;
}

function monthOfLife(n: number, what: Happening, { lines, plans }: Telling = { lines: true, plans: true }): Event[] {
  const period = { from: month(n), to: month(n + 1) };
  const items = [{ item: 'si_1', price: 'price_1', plan: plans ? 'PRO' : undefined, metered: false }];
  const told = snapshot(period.from, period, { items });
  const paid = invoice(
    n,
    hours(period.from, what === 'paid late' ? 24 * 9 : what === 'advance' ? -5 : 1),
    period,
    lines ? {} : { lines: [] },
  );
  return [...(what === 'lost' ? [] : [told]), paid, ...besides(n, period)[what]()];
}

/** What happens in a month beside its invoice. */
function besides(n: number, period: Span): Record<Happening, () => Event[]> {
  const middle = hours(period.from, 24 * 11);
  const proration = { reason: 'change' as const, invoice: `in_${n}_change` };
  const line = (amount: bigint) => ({
    item: 'si_1',
    price: undefined,
    plan: undefined,
    metered: false,
    proration: true,
    amount,
    period: { from: middle, to: period.to },
  });
  return {
    nothing: () => [],
    'paid late': () => [],
    advance: () => [],
    'told again': () => [snapshot(middle, period)],
    change: () => [invoice(n, middle, period, { ...proration, made_at: middle, lines: [line(4_290_000_000n)] }, 429)],
    credit: () => [
      invoice(
        n,
        middle,
        period,
        { ...proration, made_at: middle, lines: [line(-3_000_000_000n)], to_balance: 3_000_000_000n },
        0,
      ),
    ],
    refund: () => [{ at: middle, told: { is: 'reversal', invoice: `in_${n}`, of: 15_990_000_000n } }],
    'old refund': () => [{ at: middle, told: { is: 'reversal', invoice: `in_${Math.max(0, n - 6)}`, of: 7_000_000_000n } }],
    'credit note': () => [
      { at: middle, told: { is: 'credit', fact: { note: `cn_${n}`, invoice: `in_${n}`, at: middle, amount: 4_000_000_000n } } },
    ],
    price: () => [
      snapshot(middle, period, {
        plan: 'BUSINESS',
        price: 'price_2',
        items: [{ item: 'si_1', price: 'price_2', plan: 'BUSINESS', metered: false }],
      }),
    ],
    rests: () => [snapshot(middle, period, { status: 'paused' }), snapshot(hours(middle, 50), period)],
    owes: () => [snapshot(middle, period, { status: 'owing' })],
    second: () => [
      snapshot(middle, { from: middle, to: hours(middle, 700) }, { subscription: 'sub_2' }),
      invoice(
        n,
        middle,
        { from: middle, to: hours(middle, 700) },
        { invoice: `in_${n}_second`, subscription: 'sub_2', reason: 'create' },
      ),
    ],
    ends: () => [snapshot(middle, period, { status: 'ended' })],
    'trial moved': () => [
      snapshot(middle, period, { status: 'trialing', trial: { from: middle, to: hours(middle, 24 * 14) } }),
      snapshot(hours(middle, 24), period, { trial: { from: middle, to: hours(middle, 24 * 20) } }),
    ],
    backdated: () => [snapshot(middle, { from: month(n - 2), to: month(n + 1) })],
    lost: () => [],
    named: () => [snapshot(middle, period)],
    metered: () => [snapshot(middle, period, { items: [{ item: 'si_1', price: 'price_1', plan: 'PRO', metered: true }] })],
  };
}

const life = fc.array(
  fc.record({
    what: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Happening>('nothing') },
      { weight: 2, arbitrary: fc.constantFrom(...HAPPENINGS) },
    ),
    /** Hours by which what is told of the month comes late. */
    late: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 24 * 200 }) }),
  }),
  { minLength: 8, maxLength: 24 },
);

const telling = fc.record({ lines: fc.boolean(), plans: fc.boolean() });

function known(events: readonly Event[]): PaymentFacts {
  const gone = new Map<string, bigint>();
  for (const { told } of events) if (told.is === 'reversal') gone.set(told.invoice, told.of);
  return {
    snapshots: events.flatMap(({ told }) => (told.is === 'snapshot' ? [told.fact] : [])),
    invoices: events.flatMap(({ told }) =>
      told.is === 'invoice' ? [{ ...told.fact, reversed: gone.get(told.fact.invoice) ?? 0n }] : [],
    ),
    credits: events.flatMap(({ told }) => (told.is === 'credit' ? [told.fact] : [])),
  };
}

function closedTextOf({ terms }: Fold, { terms: closed, invoices }: Closing<SubscriptionSnapshot>): string {
  return textOf([
    terms.months.filter(({ term }) => closed.includes(term)),
    terms.parts.filter(({ invoice: of }) => invoices.includes(of) || closed.includes(of)),
    terms.collected.filter(({ fact }) => invoices.includes(fact.invoice)),
  ]);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? one.toString() : one));
}

describe('closed terms', () => {
  test('whatever is told, however late: what follows without reading them is what follows from everything', () => {
    const counts = { short: 0, all: 0, closed: 0 };
    fc.assert(
      fc.property(life, telling, (months, how) => {
        const events = months
          .flatMap(({ what, late }, n) => monthOfLife(n, what, how).map((event) => ({ event, arrives: hours(event.at, late) })))
          .toSorted((a, b) => Temporal.Instant.compare(a.arrives, b.arrives));
        let closing: Closing<SubscriptionSnapshot> | undefined;
        let closed_facts = '';
        let closed_terms = '';
        for (let told = 1; told <= events.length; told++) {
          const facts = known(events.slice(0, told).map(({ event }) => event));
          const full = foldTerms(facts, () => catalog, catalog.fx);
          const until = closing?.until;
          const early = (at: Temporal.Instant): boolean => until !== undefined && Temporal.Instant.compare(at, until) < 0;
          const textOfClosed = () =>
            textOf([facts.snapshots.filter(({ at }) => early(at)), facts.invoices.filter(({ paid_at }) => early(paid_at))]);
          const kept = closing?.snapshots.map((one) => JSON.stringify(one)) ?? [];
          const open: PaymentFacts = {
            ...facts,
            snapshots: facts.snapshots.filter((one) => !early(one.at) || kept.includes(JSON.stringify(one))),
            invoices: facts.invoices.filter(({ paid_at }) => !early(paid_at)),
          };
          counts.all += 1;
          if (closing && textOfClosed() !== closed_facts) closing = undefined;
          const short = closing && termsSince(closing, open, () => catalog, catalog.fx);
          if (closing && short) {
            counts.short += 1;
            expect(openTextOf(short, closing)).toBe(openTextOf(full, closing));
            expect(closedTextOf(full, closing)).toBe(closed_terms);
          }
          const next = short
            ? closingOf(open, short, () => catalog, catalog.fx, closing)
            : closingOf(facts, full, () => catalog, catalog.fx);
          if (next) {
            counts.closed += 1;
            closing =
              short && closing
                ? { ...next, terms: [...closing.terms, ...next.terms], invoices: [...closing.invoices, ...next.invoices] }
                : next;
            closed_terms = closedTextOf(full, closing);
            const at = closing.until;
            closed_facts = textOf([
              facts.snapshots.filter((one) => Temporal.Instant.compare(one.at, at) < 0),
              facts.invoices.filter(({ paid_at }) => Temporal.Instant.compare(paid_at, at) < 0),
            ]);
          } else if (!short) closing = undefined;
        }
      }),
      { numRuns: 100 },
    );
    expect(counts.closed).toBeGreaterThan(20);
    expect(counts.short).toBeGreaterThan(100);
  }, 120_000);

  test('a subscriber of ten years is read from his last months on', () => {
    const events = Array.from({ length: 120 }, (_, n) => monthOfLife(n, 'nothing')).flat();
    const facts = known(events);
    const closing = closingOf(
      facts,
      foldTerms(facts, () => catalog, catalog.fx),
      () => catalog,
      catalog.fx,
    );
    expect(closing?.until.equals(month(117))).toBe(true);
    expect(closing?.snapshots.length).toBeLessThanOrEqual(3);
  });

  describe('are read again where it is not certain that nothing of them moves', () => {
    const told = () => Array.from({ length: 12 }, (_, n) => monthOfLife(n, 'nothing')).flat();
    const close = (facts: PaymentFacts) => {
      const closing = closingOf(
        facts,
        foldTerms(facts, () => catalog, catalog.fx),
        () => catalog,
        catalog.fx,
      );
      if (closing === undefined) throw new Error('these can be closed');
      return closing;
    };
    const later = month(11).add({ hours: 24 * 12 });
    const period = { from: month(11), to: month(12) };
    const cases: Record<string, () => Event> = {
      'a credit note': () => monthOfLife(11, 'credit note').at(-1)!,
      'money that went back': () => monthOfLife(11, 'refund').at(-1)!,
      'a credit for time that was paid for': () => monthOfLife(11, 'credit').at(-1)!,
      'a period from before': () => snapshot(later, { from: month(2), to: month(12) }),
      'a price in another light': () =>
        snapshot(later, period, { items: [{ item: 'si_1', price: 'price_1', plan: 'PRO', metered: true }] }),
      'a trial': () => snapshot(later, period, { status: 'trialing', trial: { from: later, to: later.add({ hours: 24 }) } }),
      'an invoice of an earlier time': () =>
        invoice(40, later, { from: month(3), to: month(4) }, { made_at: later, reason: 'cycle' }),
    };
    test.each(Object.entries(cases))('%s', (_, event) => {
      const before = known(told());
      const closing = close(before);
      const openOf = (facts: PaymentFacts): PaymentFacts => ({
        ...facts,
        snapshots: facts.snapshots.filter(
          (one) =>
            Temporal.Instant.compare(one.at, closing.until) >= 0 || closing.snapshots.some((kept) => kept.at.equals(one.at)),
        ),
        invoices: facts.invoices.filter(({ paid_at }) => Temporal.Instant.compare(paid_at, closing.until) >= 0),
      });
      const since = (facts: PaymentFacts) => termsSince(closing, openOf(facts), () => catalog, catalog.fx);
      expect(since(before)).toBeDefined();
      expect(since(known([...told(), event()]))).toBeUndefined();
    });
  });
});
