import { findPlan, loadCatalog, type Catalog } from '@purser/catalog';
import { currency, money, ratio } from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import type { InvoiceFact, PaymentFacts, Span, SubscriptionSnapshot } from './facts.ts';
import { sumIn } from './proceeds.ts';
import { type Terms, termsOf } from './terms-of.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog(new URL('../../../catalogs/default.yaml', import.meta.url).pathname);
});

const START = Temporal.Instant.from('2027-01-31T10:00:00Z');
const EUR = currency('EUR');
const UNIT = 1_000_000_000n;
const after = (time: Temporal.DurationLike, from = START): Temporal.Instant =>
  from.toZonedDateTimeISO('UTC').add(time).toInstant();
const span = (from: Temporal.Instant, time: Temporal.DurationLike): Span => ({ from, to: after(time, from) });

const snapshot = (more: Partial<SubscriptionSnapshot> = {}): SubscriptionSnapshot => ({
  subscription: 'sub_1',
  at: START,
  rank: 4,
  status: 'active',
  plan: 'PRO',
  price: '',
  items: [],
  period: undefined,
  trial: undefined,
  version: catalog.version,
  sold: undefined,
  paid_before: false,
  ...more,
});
const invoice = (more: Partial<InvoiceFact> = {}): InvoiceFact => ({
  invoice: 'in_1',
  subscription: 'sub_1',
  reason: 'create',
  made_at: more.paid_at ?? START,
  paid_at: START,
  currency: EUR,
  gross: 15_990_000_000n,
  tax: 0n,
  reversed: 0n,
  reversal_fees: 0n,
  to_balance: 0n,
  from_balance: 0n,
  lines: [],
  plan: undefined,
  version: catalog.version,
  ...more,
});
const whole = (period: Span, amount = 15_990_000_000n) => ({
  item: 'si_1',
  price: undefined,
  plan: undefined,
  metered: false,
  proration: false,
  amount,
  period,
});
const terms = (facts: PaymentFacts): Terms => termsOf(facts, () => catalog, catalog.fx);
const trial = { days_max: 14, ceiling: { nanos: 2n * UNIT, currency: EUR }, credits: 100n };
/** The catalog as if its PRO could be tried. */
const selling = (): Catalog => ({
  ...catalog,
  plans: catalog.plans.map((plan) => (plan.code === 'PRO' ? { ...plan, trial } : plan)),
});
const withTrial = (facts: PaymentFacts): Terms => termsOf(facts, selling, catalog.fx);
/** Hours that lives share, so that things begin at one moment. */
const sharedHours = fc.oneof(
  fc.integer({ min: 0, max: 24 * 400 }),
  fc.integer({ min: 0, max: 13 }).map((month) => month * 24 * 30),
);

/** Any payments of a workspace: subscriptions that begin, change, rest and end; invoices of any kind, paid late, in any currency, given back. */
const facts: fc.Arbitrary<PaymentFacts> = fc
  .record({
    snapshots: fc.array(
      fc.record({
        subscription: fc.constantFrom('sub_1', 'sub_2'),
        hours: sharedHours,
        rank: fc.nat(6),
        status: fc.constantFrom<SubscriptionSnapshot['status']>('incomplete', 'trialing', 'active', 'owing', 'paused', 'ended'),
        plan: fc.constantFrom('PRO', 'BUSINESS', 'STARTER'),
        price: fc.constantFrom('', 'price_1', 'price_2'),
      }),
      { maxLength: 8 },
    ),
    invoices: fc.uniqueArray(
      fc.record({
        id: fc.nat(30),
        subscription: fc.constantFrom('sub_1', 'sub_2'),
        reason: fc.constantFrom<InvoiceFact['reason']>('create', 'cycle', 'change'),
        hours: sharedHours,
        from: fc.integer({ min: -24 * 40, max: 24 * 40 }),
        months: fc.constantFrom(0, 1, 1, 1, 3, 12),
        proration: fc.boolean(),
        cents: fc.constantFrom(0, 1, 429, 1599, 14_900, 19_188),
        tax: fc.nat(20),
        reversed: fc.constantFrom(0, 0, 0, 50, 100),
        balance: fc.constantFrom(0, 0, 1000, 9_000, -1000, -1599, -20_000),
        credit: fc.constantFrom(0, 0, 500, 12_000),
        unit: fc.constantFrom('EUR', 'USD', 'GBP'),
        plan: fc.option(fc.constantFrom('PRO', 'BUSINESS'), { nil: undefined }),
      }),
      { selector: ({ id }) => id, maxLength: 10 },
    ),
  })
  .map(({ snapshots, invoices }) => ({
    snapshots: snapshots.map(({ hours, ...one }) => snapshot({ ...one, at: after({ hours }) })),
    invoices: invoices.map(
      ({ id, hours, from, months, proration, cents: asked, tax, reversed, unit, balance, credit, ...one }) => {
        // What goes to a balance was not paid.
        const cents = balance > 0 ? 0 : asked;
        const gross = BigInt(cents) * 10_000_000n;
        const period = span(after({ hours: from }, after({ hours })), { months });
        const credits = credit > 0 && months > 0 ? [{ ...whole(period, BigInt(-credit) * 10_000_000n), proration: true }] : [];
        const paid_at = after({ hours });
        return invoice({
          ...one,
          invoice: `in_${id}`,
          paid_at,
          currency: currency(unit),
          gross,
          tax: (gross * BigInt(tax)) / 120n,
          reversed: (gross * BigInt(reversed)) / 100n,
          to_balance: BigInt(Math.max(0, balance)) * 10_000_000n,
          from_balance: BigInt(Math.max(0, -balance)) * 10_000_000n,
          lines: months === 0 ? [] : [...credits, { ...whole(period), proration }],
        });
      },
    ),
  }));
const sum = (of: readonly bigint[]): bigint => of.reduce((total, one) => total + one, 0n);

describe('whatever the payments', () => {
  test('any order of what is known, and anything known twice, gives the same terms', () => {
    const known = facts.chain(({ snapshots, invoices }) =>
      fc.tuple(
        fc.constant({ snapshots, invoices }),
        fc.shuffledSubarray([...snapshots], { minLength: snapshots.length }),
        fc.shuffledSubarray([...invoices], { minLength: invoices.length }),
        fc.subarray([...snapshots]),
      ),
    );
    fc.assert(
      fc.property(known, ([all, snapshots, invoices, again]) => {
        const inOrder = withTrial(all);
        const turned = withTrial({ snapshots: [...again, ...snapshots], invoices });
        expect(turned.months).toEqual(inOrder.months);
        expect(turned.plan).toEqual(inOrder.plan);
        const byName = (of: Terms) =>
          of.parts.toSorted((a, b) => (`${a.invoice} ${a.ordinal}` < `${b.invoice} ${b.ordinal}` ? -1 : 1));
        expect(byName(turned)).toEqual(byName(inOrder));
      }),
      { numRuns: 500 },
    );
  });

  test('no money counts twice: all months together may cost no more than margin and fees leave of what was collected', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const { months, collected } = terms(all);
        const may = sum(
          months.map(({ allowed }) => {
            const nanos = sumIn(
              EUR,
              allowed.map(({ unit, proven }) => ({ unit, nanos: proven })),
              catalog.fx,
            );
            return nanos;
          }),
        );
        // At the plain rate, which is kinder than the one that was counted with; money that nobody states a rate of allows nothing.
        const brought = sum(
          collected.map(({ fact, net, fees }) => {
            const rate = fact.currency === 'EUR' ? 100n : fact.currency === 'USD' ? 94n : 0n;
            return ((net * 85n) / 100n - fees) * rate;
          }),
        );
        expect(may * 100n <= brought + 100n).toBe(true);
        for (const { allowed } of months) for (const { ceiling, proven } of allowed) expect(ceiling <= proven).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('months of a workspace never overlap, and no two begin at one moment', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const months = withTrial(all).months.toSorted((a, b) => Temporal.Instant.compare(a.from, b.from));
        for (const [index, month] of months.entries()) {
          const next = months[index + 1];
          expect(Temporal.Instant.compare(month.from, month.to) <= 0).toBe(true);
          if (next)
            expect([Temporal.Instant.compare(month.to, next.from) <= 0, month.from.equals(next.from)]).toEqual([true, false]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['by balance', { gross: 0n, from_balance: 10_000_000_000n }],
    ['by nothing, for a coupon', { gross: 0n }],
  ])('a trial that begins at the moment of another subscription’s month is none: that month was paid %s', (_, paid_by) => {
    const { months } = withTrial({
      snapshots: [snapshot(), snapshot({ subscription: 'sub_2', status: 'trialing' })],
      invoices: [invoice(paid_by)],
    });
    expect(months.map(({ kind, from }) => [kind, from])).toEqual([['paid', START]]);
  });

  test('the parts of an invoice are all of what it brought in, and credits never more than it paid for', () => {
    fc.assert(
      fc.property(facts, (all) => {
        const { parts, collected } = terms(all);
        for (const { fact, net } of collected) {
          const own = parts.filter(({ invoice: of }) => of === fact.invoice);
          if (own.length > 0) expect(sum(own.map((part) => part.net))).toBe(net);
          expect(sum(own.map(({ credits }) => credits)) * UNIT <= 1_600n * 12n * UNIT * 10n).toBe(true);
          for (const { due_at } of own) expect(Temporal.Instant.compare(due_at, fact.paid_at) >= 0).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a month', () => {
  test('is counted from the beginning of its term: 31 January, 28 February, 31 March; its parts are the whole to the last nano-unit', () => {
    const year = span(START, { years: 1 });
    const { months, parts } = terms({
      snapshots: [snapshot()],
      invoices: [invoice({ gross: 100_000_000_001n, lines: [whole(year)] })],
    });
    expect(months.map(({ from }) => from.toString().slice(0, 10)).slice(0, 4)).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ]);
    expect([months.length, sum(parts.map(({ net }) => net))]).toEqual([12, 100_000_000_001n]);
  });

  test('of a first period of 45 days is a month and half of one, each with what its length is of the money and the credits', () => {
    const first = span(START, { days: 45 });
    const { months, parts } = terms({
      snapshots: [snapshot()],
      invoices: [invoice({ gross: 23_985_000_000n, lines: [whole(first, 23_985_000_000n)] })],
    });
    expect(months.map(({ from, to }) => [from, to].map((at) => at.toString().slice(0, 10)))).toEqual([
      ['2027-01-31', '2027-02-28'],
      ['2027-02-28', '2027-03-17'],
    ]);
    // The second is 17 days of the 28 from its beginning on.
    const [one, other] = months.map(({ allowed }) => Number(allowed[0]?.ceiling));
    expect(one! / other!).toBeCloseTo(28 / 17, 6);
    expect(sum(months.map(({ allowed }) => allowed[0]?.ceiling ?? 0n))).toBe((23_985_000_000n * 85n) / 100n);
    const [credits, rest] = parts.map((part) => Number(part.credits));
    expect([credits! / rest! - 28 / 17 < 0.01, sum(parts.map(({ net }) => net))]).toEqual([true, 23_985_000_000n]);
  });

  test('from the last day of February to the last of March is one month, as the provider counts it from an anchor', () => {
    const february = { from: Temporal.Instant.from('2027-02-28T10:00:00Z'), to: Temporal.Instant.from('2027-03-31T10:00:00Z') };
    expect(terms({ snapshots: [snapshot()], invoices: [invoice({ lines: [whole(february)] })] }).months).toHaveLength(1);
  });

  test('of €15.99 may cost €13.5915', () => {
    const { months } = terms({ snapshots: [snapshot()], invoices: [invoice()] });
    expect(months).toMatchObject([
      { plan: 'PRO', allowed: [{ unit: 'EUR', ceiling: 13_591_500_000n, proven: 13_591_500_000n }] },
    ]);
    expect(findPlan(catalog, 'PRO')?.ceiling.nanos).toBe(13_591_500_000n);
  });

  test('without a stated period is the one that the subscription says is under way, and without that a month from the payment', () => {
    const period = span(after({ days: -3 }), { months: 1 });
    const told = terms({ snapshots: [snapshot({ period })], invoices: [invoice()] }).months;
    expect(told.map(({ from, to }) => [from, to])).toEqual([[period.from, period.to]]);
    const { from, to } = span(START, { months: 1 });
    expect(terms({ snapshots: [snapshot()], invoices: [invoice()] }).months.map((one) => [one.from, one.to])).toEqual([
      [from, to],
    ]);
  });

  test('that is cut short by another term leaves what was not served as revenue, and spends it nowhere', () => {
    const restart = after({ days: 40 });
    const { months, parts } = terms({
      snapshots: [snapshot()],
      invoices: [
        invoice({ gross: 12n * 15_990_000_000n, lines: [whole(span(START, { years: 1 }))] }),
        invoice({ invoice: 'in_2', reason: 'change', paid_at: restart, lines: [whole(span(restart, { months: 1 }))] }),
      ],
    });
    expect(months.map(({ term, month }) => `${term} ${month}`)).toEqual(['in_1 0', 'in_1 1', 'in_2 0']);
    const left = parts.filter(({ invoice: of, term }) => of === 'in_1' && term === undefined);
    expect(left).toHaveLength(10);
    expect(left.every(({ due_at, ceiling, credits }) => due_at.equals(restart) && ceiling === 0n && credits === 0n)).toBe(true);
  });
});

describe('two subscriptions of one workspace', () => {
  test('the one that began first rules the month, and the money of the other adds to it', () => {
    const second = after({ days: 10 });
    const { months, living } = terms({
      snapshots: [snapshot(), snapshot({ subscription: 'sub_2', at: second })],
      invoices: [
        invoice({ lines: [whole(span(START, { months: 1 }))] }),
        invoice({ invoice: 'in_2', subscription: 'sub_2', paid_at: second, lines: [whole(span(second, { months: 1 }))] }),
      ],
    });
    expect(months).toMatchObject([{ term: 'in_1', allowed: [{ ceiling: 27_183_000_000n }] }]);
    expect(living).toEqual(['sub_1', 'sub_2']);
  });
});

test('a fixed fee is taken whole of a part of the price: what may be spent is what margin and fees leave, where the plan promises more', () => {
  const plans = catalog.plans.map((plan) => {
    const payment_fees = { percent: ratio(29n, 1000n), fixed: money(300_000_000n, EUR) };
    return plan.code === 'PRO' ? { ...plan, payment_fees, ceiling: money(12_800_000_000n, EUR) } : plan;
  });
  const { months } = termsOf(
    { snapshots: [snapshot()], invoices: [invoice({ gross: 7_995_000_000n })] },
    () => ({ ...catalog, plans }),
    catalog.fx,
  );
  // 85 % of €7.995, less €0.30 and 2.9 % of it.
  expect(months[0]?.allowed).toEqual([{ unit: 'EUR', ceiling: 6_263_895_000n, proven: 6_263_895_000n }]);
});

describe('a trial', () => {
  const trialing = (more: Partial<SubscriptionSnapshot> = {}) =>
    snapshot({ status: 'trialing', trial: span(START, { days: 14 }), ...more });

  test('may cost what the catalog says, for as long as it says however often its end is moved, and books nothing', () => {
    const moved = trialing({ at: after({ days: 10 }), trial: span(START, { days: 60 }) });
    const found = withTrial({ snapshots: [trialing(), moved], invoices: [invoice({ gross: 0n })] });
    expect(found.months).toMatchObject([
      { kind: 'trial', allowed: [{ ceiling: 2n * UNIT }], from: START, to: after({ days: 14 }) },
    ]);
    expect(found.parts.map(({ credits, net }) => [credits, net])).toEqual([[100n, 0n]]);
  });

  test('is one for a workspace for ever, and none where the catalog gives none', () => {
    const again = trialing({ subscription: 'sub_2', at: after({ days: 90 }), trial: span(after({ days: 90 }), { days: 14 }) });
    expect(withTrial({ snapshots: [trialing(), again], invoices: [] }).months).toHaveLength(1);
    expect(terms({ snapshots: [trialing()], invoices: [invoice({ gross: 0n })] })).toMatchObject({ months: [], plan: undefined });
  });
});
