import {
  currency,
  formatMoney,
  type ModelPrice,
  money,
  parseMoney,
  parseRatio,
  PriceBook,
  ratio,
  YOCTOS_PER_NANO,
} from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import type { Catalog, Pack, Plan } from './catalog.ts';
import { loadCatalog } from './index.ts';
import { proveLicense } from './prove-license.ts';
import { provePack } from './prove-packs.ts';
import { payAsYouGoLoss } from './prove-pay-as-you-go.ts';
import { provePlan } from './prove-plans.ts';
import { writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');
const eur = (text: string) => parseMoney(text, 'EUR');

let catalog: Catalog;
let pro: Plan;
let more: Pack;
beforeAll(async () => {
  const { path, remove } = await writeSmallCatalog();
  const loaded = await loadCatalog(path);
  await remove();
  // The first step leaves the feature of every operation.
  catalog = { ...loaded, license: { ...loaded.license, degrade: [{ features: ['none'], days: 0 }] } };
  pro = catalog.plans.find(({ code }) => code === 'PRO')!;
  more = catalog.packs[0]!;
});

describe('a customer that does not pay loses what costs (C5)', () => {
  const kept = (plan: Partial<Plan>): readonly string[] =>
    proveLicense({ ...catalog, plans: [{ ...pro, ...plan }] }, NOW).map(({ witness }) =>
      witness.kind === 'unpaid' ? witness.operation : '',
    );

  test('and is found to keep it where any of the models that serve it has a price', () => {
    expect(kept({})).toEqual(['chat']);
    expect(kept({ model_policy: { ...pro.model_policy, pinned: {} } })).toEqual(['chat']);
    expect(kept({ model_policy: { ...pro.model_policy, pinned: {}, providers: { text: ['local'] } } })).toEqual([]);
  });

  test('only what its plan may ask for counts: the feature, and the operation where the plan names some', () => {
    expect(kept({ features: ['campaigns'] })).toEqual([]);
    expect(kept({ operations: ['other'] })).toEqual([]);
    expect(kept({ features: ['campaigns'], operations: ['chat'] })).toEqual([]);
    const { operations: _, ...open } = pro;
    expect(proveLicense({ ...catalog, plans: [open] }, NOW)).toHaveLength(1);
  });

  test('a plan under which nothing is admitted loses nothing, and one that admits a nano-unit does', () => {
    const least = money(1n, currency('EUR'));
    expect(kept({ overrun_reserve: pro.ceiling })).toEqual([]);
    expect(kept({ overrun_reserve: money(pro.ceiling.nanos - 1n, least.currency) })).toEqual(['chat']);
    expect(kept({ price: least })).toEqual(['chat']);
  });
});

describe('packs are proven at both ends of each of their tiers (C6)', () => {
  const proven = (pack: Partial<Pack>) => provePack(catalog, { ...more, ...pack });

  test('an end is shown where it fails though the beginning holds: the last order of that tier', () => {
    // A hundred credits stand for €0.9588; a pack at €1 allows €0.85.
    const tiers = [
      { from: 10, price: eur('1') },
      { from: 1000, price: eur('5') },
    ];
    expect(proven({ tiers }).map(({ code, holds }) => `${code} ${holds}`)).toEqual([
      'more true',
      'more × 10 true',
      'more × 999 false',
      'more × 1000 false',
    ]);
    const last = [{ from: 10, price: eur('1') }];
    expect(proven({ tiers: last }).map(({ code }) => code)).toEqual(['more', 'more × 10', 'more × 100000']);
  });

  test('an end that fails as its beginning does is not shown again, and a tier that nobody can order is not proven', () => {
    expect(proven({ price: eur('1') }).map(({ code, holds }) => `${code} ${holds}`)).toEqual(['more false']);
    const dear = {
      price: eur('1000000'),
      tiers: [
        { from: 1000, price: eur('900000') },
        { from: 1001, price: eur('800000') },
      ],
    };
    expect(proven(dear).map(({ code }) => code)).toEqual(['more', 'more × 1000']);
  });

  test('what its credits stand for is said once, and again in each other currency that a buyer’s cost is counted in', () => {
    expect(proven({})[0]?.allotments.map(({ name }) => name)).toEqual(['credits']);
    const abroad = { ...pro, price: parseMoney('10', 'USD') };
    const [proof] = provePack({ ...catalog, plans: [pro, abroad] }, more);
    expect(proof?.allotments.map(({ name, limit, because }) => `${name}: ${formatMoney(limit)}: ${because}`)).toEqual([
      'credits: 0.9588 EUR: 100 credits at what each stands for',
      'credits where cost is counted in USD: 0.9588 EUR: 1 USD of a raise of 4.432624113 USD',
    ]);
  });

  test('only the currencies of plans that may buy it count, and its own where no plan may', () => {
    const abroad = { ...pro, code: 'US', price: parseMoney('10', 'USD') };
    const currencies = (plans: readonly Plan[]): readonly string[] =>
      provePack({ ...catalog, plans }, more)[0]!.allotments.map(({ name }) => name.slice(-3));
    expect(currencies([pro, { ...abroad, packs: [] }])).toEqual(['its']);
    expect(currencies([{ ...pro, packs: [] }, abroad])).toEqual(['its', 'USD']);
    const { packs: _, ...open } = abroad;
    expect(currencies([pro, open])).toEqual(['its', 'USD']);
    expect(
      provePack({ ...catalog, plans: [{ ...pro, packs: [] }] }, { ...more, price: eur('1') })[0]?.loss?.witness,
    ).toMatchObject({
      currency: 'EUR',
    });
  });

  test('one whose sale allows exactly what its credits stand for holds, and a nano-unit less does not', () => {
    expect(proven({ price: eur('1.128') })[0]).toMatchObject({ holds: true });
    expect(proven({ price: eur('1.127999998') })[0]).toMatchObject({ holds: false });
    expect(payAsYouGoLoss(catalog, pro, eur('0.01128'))).toBeUndefined();
    expect(payAsYouGoLoss(catalog, pro, eur('0.011279998'))).toEqual({
      stands_for: eur('0.009588'),
      allowed: eur('0.009587998'),
    });
  });

  test('a loss says what was allowed and spent: of what fees eat nothing was left to spend', () => {
    const fixed = (text: string) => ({ payment_fees: { ...more.payment_fees, fixed: eur(text) } });
    expect(proven({ price: eur('2'), ...fixed('1.8') })[0]?.loss).toMatchObject({ allowed: eur('-0.1'), spent: eur('0') });
    expect(proven({ price: eur('2'), ...fixed('1.7') })[0]?.loss).toMatchObject({ allowed: eur('0'), spent: eur('0.9588') });
    expect(proven({ price: eur('2'), ...fixed('1.6') })[0]?.loss).toMatchObject({ allowed: eur('0.1'), spent: eur('0.9588') });
  });

  test('of several currencies that it loses in the first is shown, in the order of the plans', () => {
    const abroad = { ...pro, code: 'US', price: parseMoney('10', 'USD') };
    const witness = (plans: readonly Plan[]) => provePack({ ...catalog, plans }, { ...more, price: eur('1') })[0]?.loss?.witness;
    expect([witness([pro, abroad]), witness([abroad, pro])]).toMatchObject([{ currency: 'EUR' }, { currency: 'USD' }]);
  });

  test('credits without a rate to the pack’s own currency stand for nothing there, and are proven where they are spent', () => {
    const foreign = {
      ...more,
      price: parseMoney('5', 'GBP'),
      payment_fees: { ...more.payment_fees, fixed: parseMoney('0', 'GBP') },
    };
    const [proof] = provePack(
      { ...catalog, plans: [], fx: { ...catalog.fx, rates: new Map([['USD/GBP', catalog.fx.rates.get('USD/EUR')!]]) } },
      foreign,
    );
    expect(proof?.allotments[0]?.limit).toEqual(parseMoney('0.9588', 'GBP'));
  });
});

describe('the sums of a plan’s proof (F1, F2)', () => {
  test('say how much of the worst case is exchange buffer, of which there is none in the currency of costs', () => {
    // 8 ÷ 1.02 = 7.843137254901…
    expect(provePlan(catalog, pro, NOW)).toMatchObject({ worst_case: eur('8'), exchange_buffer: eur('0.156862745') });
    const dollars = (text: string) => parseMoney(text, 'USD');
    const abroad = { ...pro, price: dollars('10'), ceiling: dollars('8.5'), overrun_reserve: dollars('0.5') };
    const payment_fees = { ...pro.payment_fees, fixed: dollars('0') };
    expect(provePlan(catalog, { ...abroad, payment_fees }, NOW)).toMatchObject({ exchange_buffer: dollars('0') });
  });

  test('round what is wanted up', () => {
    const price = money(10_000_000_001n, currency('EUR'));
    expect(provePlan(catalog, { ...pro, price }, NOW).wanted.nanos).toBe(1_500_000_001n);
  });

  test('leave of a price what fees, the worst case and the reserve do not take; of what is granted no more than that can be spent', () => {
    const payment_fees = { percent: parseRatio('0.05'), fixed: eur('0.25') };
    const tax = { max: ratio(0n, 1n), behavior: 'exclusive' as const };
    const proof = provePlan(catalog, { ...pro, payment_fees, tax, credits_monthly: 100_000n }, NOW);
    // 10 − 0.75 − 8 − 0.5
    expect(proof).toMatchObject({ fees: eur('0.75'), remains: eur('0.75'), reserve: eur('0.5') });
    expect([proof.remains_ratio, proof.granted_ratio]).toEqual([
      ratio(750_000_000n, 10_000_000_000n),
      ratio(750_000_000n, 10_000_000_000n),
    ]);
    const { email: _, ...mailless } = pro;
    // Ten credits stand for €0.09588.
    expect(provePlan(catalog, { ...mailless, credits_monthly: 10n }, NOW).granted_ratio).toEqual(
      ratio(9_904_120_000n, 10_000_000_000n),
    );
  });

  test('a plan is of use where the longest answer of its cheapest model fits, to the last nano-unit', () => {
    const at = (model: string, output: bigint): ModelPrice => ({
      ...catalog.prices.entries[0]!,
      provider: 'cloud',
      model,
      currency: currency('EUR'),
      units: { input_token: 0n, output_token: output * YOCTOS_PER_NANO },
    });
    const one = { ...catalog.models[0]!, output_tokens_max: 1 };
    const model_policy = { ...pro.model_policy, pinned: {}, providers: { text: ['cloud'] } };
    const loss = (...outputs: readonly bigint[]) => {
      const models = outputs.map((_, place) => ({ ...one, id: `cloud/${place}`, name: `${place}`, priceKey: `cloud/${place}` }));
      const prices = new PriceBook(outputs.map((output, place) => at(String(place), output)));
      return provePlan({ ...catalog, models, prices }, { ...pro, model_policy }, NOW).loss;
    };
    const fits = 8_500_000_000n;
    expect([loss(fits), loss(fits + 1n, fits), loss(fits, fits + 1n)]).toEqual([undefined, undefined, undefined]);
    expect(loss(fits + 1n)).toMatchObject({ witness: { kind: 'unusable' }, spent: money(fits + 1n, currency('EUR')) });
    expect(loss(fits + 2n, fits + 1n, fits + 3n)?.why).toContain('cloud/1 may cost 8.500000001');
  });
});
