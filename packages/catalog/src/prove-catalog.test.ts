import { dearestCost, formatMoney, isUnpriced, money, parseMoney, parseUnitPrice, PriceBook } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { type Catalog, checkPlans, loadCatalog, type Loss, proveCatalog, saleOf } from './index.ts';
import { CATALOG, mistakesAfter, writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');

/** The small catalog with texts of it replaced. */
async function small(...replaced: readonly (readonly [from: string, to: string])[]): Promise<Catalog> {
  let text = CATALOG;
  for (const [from, to] of replaced) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  const { path, remove } = await writeSmallCatalog({ 'small.yaml': text });
  try {
    return await loadCatalog(path);
  } finally {
    await remove();
  }
}

const lossesOf = (catalog: Catalog): readonly Loss[] => proveCatalog(catalog, NOW).losses;
const proofOf = (catalog: Catalog, code: string) => proveCatalog(catalog, NOW).proofs.find((proof) => proof.code === code);

describe('fees and tax (F1)', () => {
  const FEES = 'price: 10 EUR\n    payment_fees: { percent: 0.03, fixed: 0.30 EUR }';

  test('the payment service takes its share of the gross: 3 % of €12.70, where nothing is said of 27 % of tax', async () => {
    const catalog = await small(['price: 10 EUR', FEES]);
    // 10 × 0.85 − 12.70 × 0.03 − 0.30
    expect(formatMoney(proofOf(catalog, 'PRO')!.ceiling)).toBe('7.819 EUR');
  });

  test('a rate for all, and one for a plan or a pack of its own', async () => {
    const all = await small(['price: 10 EUR', FEES], ['credit: {', 'tax_max: 0\ncredit: {']);
    expect(formatMoney(proofOf(all, 'PRO')!.ceiling)).toBe('7.9 EUR');
    const own = await small(['price: 10 EUR', `${FEES}\n    tax_max: 0.2`], ['credit: {', 'tax_max: 0\ncredit: {']);
    expect(formatMoney(proofOf(own, 'PRO')!.ceiling)).toBe('7.84 EUR');
    expect(formatMoney(own.packs[0]!.ceiling_raise)).toBe('4.25 EUR');
  });

  test('of a price that has its tax in it only the net is ours, and the margin is a share of that', async () => {
    const catalog = await small(['price: 10 EUR', 'price: 12 EUR\n    tax_max: 0.2\n    tax_behavior: inclusive']);
    expect(proofOf(catalog, 'PRO')).toMatchObject({ ceiling: parseMoney('8.5', 'EUR'), remains: parseMoney('1.5', 'EUR') });
    const { net, gross } = saleOf(parseMoney('12', 'EUR'), catalog.plans[1]!);
    expect([formatMoney(net), formatMoney(gross)]).toEqual(['10 EUR', '12 EUR']);
  });
});

describe('packs (C6)', () => {
  test('are proven in the currency of every plan that may buy them: the exchange buffer counts twice', async () => {
    // What is sold for €5 allows €4.25; a ceiling in dollars is raised by 4.25 ÷ 0.94 ÷ 1.02 of it, and a credit costs a cent there.
    const dollars = [
      '    price: 10 EUR\n    margin: 0.15\n    features: [ai, campaigns]\n    overrun_reserve: 0.5 EUR',
      '    price: 10 USD\n    margin: 0.15\n    features: [ai, campaigns]\n    overrun_reserve: 0.5 USD',
    ] as const;
    const fits = await small(dollars, ['credits: 100, margin', 'credits: 443, margin'], ['price: 0 EUR', 'price: 0 USD']);
    expect(lossesOf(fits)).toEqual([]);
    const beyond = await small(dollars, ['credits: 100, margin', 'credits: 444, margin'], ['price: 0 EUR', 'price: 0 USD']);
    expect(lossesOf(beyond)).toMatchObject([
      {
        code: 'more',
        why: 'sells 444 credits that may cost 4.44 USD, and raises the ceiling by 4.432624113 USD',
        witness: { kind: 'order', currency: 'USD' },
      },
    ]);
  });

  test('are proven by the order: its fixed fee is paid once, however many there are in it', async () => {
    const pack =
      'packs:\n  - { code: more, name: More, price: 5 EUR, credits: 100, margin: 0.15, payment_fees: { percent: 0, fixed: 1 EUR }, tiers: [{ from: 10, price: 2 EUR }] }\n';
    const catalog = await small([CATALOG.slice(CATALOG.indexOf('packs:\n')), pack]);
    // Ten: 47 × 0.85 − 1 = 38.95 for what stands for 9.588; one by itself at €2 would have been 0.7 of 0.9588.
    expect(proofOf(catalog, 'more × 10')).toMatchObject({ ceiling: parseMoney('38.95', 'EUR'), holds: true });
    expect(lossesOf(catalog)).toEqual([]);
  });

  test('whose further ones cost too little fail where enough of them are bought', async () => {
    const pack =
      'packs:\n  - { code: more, name: More, price: 5 EUR, credits: 100, margin: 0.15, tiers: [{ from: 10, price: 1.10 EUR }] }\n';
    const catalog = await small([CATALOG.slice(CATALOG.indexOf('packs:\n')), pack]);
    // €1.10 × 0.85 = 0.935 for each 0.9588; what the first nine leave is used up by the most that one order may have.
    expect(proofOf(catalog, 'more × 10')?.holds).toBe(true);
    expect(lossesOf(catalog)).toMatchObject([{ code: 'more × 100000', witness: { kind: 'order', quantity: 100_000 } }]);
  });

  test('whose price does not pay its own fees fail, whatever they sell', async () => {
    const pack =
      'packs:\n  - { code: more, name: More, price: 0.30 EUR, credits: 1, margin: 0.15, payment_fees: { percent: 0, fixed: 0.50 EUR } }\n';
    const [loss] = lossesOf(await small([CATALOG.slice(CATALOG.indexOf('packs:\n')), pack]));
    expect(loss).toMatchObject({
      why: 'margin and payment fees are 0.245 more than the price',
      change: 'raise the price of the pack',
    });
  });

  test.each([
    [
      'a price that cannot be paid',
      'price: 5 EUR, credits',
      'price: 5.005 EUR, credits',
      /packs\[0\]\.price: got 5\.005 EUR, want a price in whole 0\.01 EUR/,
    ],
    [
      'a tier that cannot be paid',
      'margin: 0.15 }\n',
      'margin: 0.15, tiers: [{ from: 2, price: 4.999 EUR }] }\n',
      /tiers\[0\]\.price: got 4\.999 EUR, want a price in whole 0\.01 EUR/,
    ],
    [
      'a plan that cannot be paid',
      'price: 10 EUR',
      'price: 10.001 EUR',
      /plans\[1\]\.price: got 10\.001 EUR, want a price in whole 0\.01 EUR/,
    ],
    [
      'no credit at all',
      'credits: 100, margin',
      'credits: 0, margin',
      /packs\[0\]\.credits: got '0', want a whole number from 1/,
    ],
  ])('%s is a mistake', async (_, from, to, mistake) => {
    expect(await mistakesAfter('small.yaml', from, to)).toEqual([expect.stringMatching(mistake)]);
  });
});

describe('a customer that does not pay (C5)', () => {
  const DEGRADE =
    'license: { grace_days: 14, degrade: [{ days: 0, features: [research] }, { days: 14, features: [ai] }] }\nalerts: [0.7, 0.9]';

  test('goes on with what the first step leaves: the operation, the feature and the loss are named', async () => {
    const [loss, ...others] = lossesOf(await small(['alerts: [0.7, 0.9]', DEGRADE]));
    expect(others).toEqual([]);
    expect(loss).toMatchObject({
      code: 'PRO',
      why: 'a customer that does not pay keeps chat: the first step of license.degrade leaves ai',
      change: 'name ai in the first step of license.degrade',
      witness: { kind: 'unpaid', plan: 'PRO', operation: 'chat' },
      spent: parseMoney('8.5', 'EUR'),
    });
  });

  test('of a plan that has nothing to pay there is none', async () => {
    const catalog = await small(['alerts: [0.7, 0.9]', DEGRADE]);
    const free = catalog.plans.find(({ code }) => code === 'FREE')!;
    const pro = catalog.plans.find(({ code }) => code === 'PRO')!;
    expect(lossesOf({ ...catalog, plans: [free] })).toEqual([]);
    const generous = { ...pro, price: parseMoney('0', 'EUR'), marketing_budget: pro.ceiling };
    expect(lossesOf({ ...catalog, plans: [generous] })).toEqual([]);
    const pay_as_you_go = { credits_max: 10n, price: parseMoney('1', 'EUR') };
    expect(lossesOf({ ...catalog, plans: [{ ...generous, pay_as_you_go }] })).toMatchObject([{ witness: { kind: 'unpaid' } }]);
  });
});

describe('what a call under way may come to (F1)', () => {
  let catalog: Catalog;
  beforeAll(async () => {
    catalog = await small();
  });

  test('a plan none of whose models could ever be called is refused, with what to change', () => {
    // 1,000 tokens of output at $0.01: $10.00, and €9.588 with the buffer, of a ceiling of €8.50.
    const dear = catalog.prices.entries.map((price) => ({
      ...price,
      units: { ...price.units, ...(price.units.output_token && { output_token: 10n ** 22n }) },
    }));
    const pinned = { ...catalog, prices: new PriceBook(dear) };
    expect(lossesOf(pinned)).toMatchObject([
      {
        code: 'PRO',
        why: 'no call fits: one to cloud/one may cost 9.588000959, as its model may write 1000 tokens whatever the request asks for, and 8.5 is allowed',
        change: 'offer a model that costs less for its longest answer, or raise price and ceiling to at least 9.588000959 EUR',
        witness: { kind: 'unusable', plan: 'PRO' },
      },
    ]);
  });

  test('is priced in the dearest service tier, with all of the input kept for an hour, at the model’s own limit', () => {
    const perMillion = (text: string) => parseUnitPrice(text, 'per_million');
    const base = catalog.prices.entries[0]!;
    const price = {
      ...base,
      units: { input_token: perMillion('1'), output_token: perMillion('4'), cache_write_1h_token: perMillion('2') },
      tiers: [{ above_input_tokens: 1_000, prices: { output_token: perMillion('6') } }],
      service_tiers: [{ name: 'priority', units: { input_token: perMillion('2'), output_token: perMillion('8') }, tiers: [] }],
    };
    const most = (input_tokens: number, output_tokens: number) => {
      const cost = dearestCost(price, { input_tokens, output_tokens });
      return isUnpriced(cost) ? cost.unpriced : formatMoney(cost);
    };
    expect(most(500, 1_000)).toBe('0.009 USD');
    expect(most(0, 1_000)).toBe('0.008 USD');
    expect(most(1_000_000, 0)).toBe('2 USD');
  });

  test('how many calls to its dearest model fit at once is said, at the beginning and at the end of a ceiling', () => {
    const eight = { ...catalog, plans: catalog.plans.map((plan) => ({ ...plan, concurrency: 5_000 })) };
    const { notes } = proveCatalog(eight, NOW);
    // 8,000 tokens of input and 1,000 of output: $0.012, € 0.0115056.
    expect(notes).toEqual([
      'PRO: a call to cloud/one may come to 0.0115056 EUR; 738 of its 5000 calls at once can go there while nothing is spent, 43 when only the reserve is left. Cheaper models take less',
    ]);
  });
});

describe('what is worth knowing', () => {
  const at = (text: string) => Temporal.Instant.from(`${text}T12:00Z`);

  test('exchange rates are old after a quarter, by the clock that is given', async () => {
    const catalog = await small();
    expect(proveCatalog(catalog, at('2027-02-01')).notes).toEqual([]);
    expect(proveCatalog(catalog, at('2027-02-02')).notes).toEqual([
      'fx.as_of is 2026-11-01, 93 days ago: look up the exchange rates and update fx.as_of',
    ]);
  });

  test('what a free plan may cost is said of each workspace and of all, with a global budget and without', async () => {
    const marketing = ['price: 0 EUR\n', 'price: 0 EUR\n    marketing_budget: 2 EUR\n    tax_max: 0\n'] as const;
    const paid = ['providers: { text: [local] }', 'providers: { text: [cloud] }'] as const;
    const catalog = await small(marketing, paid);
    expect(proveCatalog(catalog, NOW).notes).toContain(
      'FREE is free: each workspace may cost 2 EUR a billing period, all of them together 100 USD a calendar month',
    );
    const shared = await small(marketing, paid, ['window: month }\nalerts', 'window: month, covers: all }\nalerts']);
    expect(proveCatalog(shared, NOW).notes.join()).toContain('100 USD a calendar month, which paid plans use up too');
    const unbounded = await small(marketing, paid, ['global_budget: { amount: 100 USD, window: month }\n', '']);
    expect(proveCatalog(unbounded, NOW).notes).toContain(
      'FREE is free: each workspace may cost 2 EUR a billing period, all of them together without a limit, as there is no global_budget',
    );
  });

  test('what a trial may cost is said of each workspace and of all', async () => {
    const catalog = await small();
    const plans = catalog.plans.map((plan) =>
      plan.price.nanos === 0n
        ? plan
        : { ...plan, trial: { days_max: 14, ceiling: money(2_000_000_000n, plan.price.currency), credits: 1n } },
    );
    const [paid] = plans.filter(({ trial }) => trial);
    expect(proveCatalog({ ...catalog, plans }, NOW).notes).toContain(
      `A trial of ${paid?.code} is free: each workspace may cost 2 ${paid?.price.currency} once, all of them together 100 USD a calendar month`,
    );
  });

  test('neither credits, nor quotas, nor the global budget lower what a month may cost: calls that fail in doubt and gifts pass them by', async () => {
    const few = await small(
      ['credits_monthly: 100', 'credits_monthly: 1'],
      ['amount: 100 USD', 'amount: 1 USD'],
      ['finals_post: 9 }', 'finals_post: 9, tokens_month: 10 }'],
    );
    expect(proofOf(few, 'PRO')).toMatchObject({
      worst_case: parseMoney('8', 'EUR'),
      reserve: parseMoney('0.5', 'EUR'),
      binding: { name: 'ceiling' },
    });
  });

  test('a price that comes into force after the rates were looked up is no mistake', async () => {
    const { path, remove } = await writeSmallCatalog({ 'provider_costs.yml': PRICES_LATER });
    const check = await checkPlans(path, NOW);
    await remove();
    expect(check.text).toMatch(/every plan and pack keeps its margin$/);
  });
});

const PRICES_LATER = `
prices:
  - { key: cloud/one, currency: USD, from: 2026-11-15, per_million: { input_token: 1.00, output_token: 4.00 } }
  - { key: local/two, currency: USD, from: 2026-11-15, each: { input_token: 0, output_token: 0 } }
  - { key: mail/email, currency: USD, from: 2026-11-15, per_thousand: { email: 0.10 } }
`;

describe('what a month’s own allotment can hold (S1, S3)', () => {
  const STUDIO = 'platforms: 2, posts_platform_week: 2, candidates_batch: 10, candidate_batches_post: 1, finals_post: 9 }';
  const IMAGES = `
providers: [cloud, local, mail]
models:
  - { id: cloud/one, provider: cloud, name: one, version: 1.0.0, task: text, class: small, price: cloud/one, context_tokens: 8000, output_tokens_max: 1000 }
  - { id: local/two, provider: local, name: two, version: 2.1.0, task: text, class: local, price: local/two, context_tokens: 8000, output_tokens_max: 1000, free: true }
  - { id: cloud/picture, provider: cloud, name: picture, version: 1.0.0, task: image, class: small, price: cloud/picture, context_tokens: 100000, output_tokens_max: 0 }
`;
  const PRICES = `
prices:
  - { key: cloud/one, currency: USD, from: 2026-01-01, per_million: { input_token: 0.00, output_token: 0.01 } }
  - { key: local/two, currency: USD, from: 2026-01-01, each: { input_token: 0, output_token: 0 } }
  - { key: mail/email, currency: USD, from: 2026-01-01, each: { email: 0 } }
  - { key: cloud/picture, currency: USD, from: 2026-01-01, each: { input_token: 0.001 }, images: [{ size: '*', quality: '*', each: 1 }] }
`;

  test('a month touches six weeks from Monday, and a character of a prompt is four tokens at most', async () => {
    const text = CATALOG.replace(
      'candidates_batch: 10, candidate_batches_post: 1, finals_post: 9 }',
      `${STUDIO.slice(0, -2)}, tokens_month: 0 }`,
    )
      .replace('providers: { text: [cloud, local] }', 'providers: { text: [cloud, local], image: [cloud] }')
      .replace(
        'pinned: { text: { model: cloud/one, version: 1.0.0 } }',
        'pinned: { text: { model: cloud/one, version: 1.0.0 }, image: { model: cloud/picture, version: 1.0.0 } }',
      )
      .replace(
        'output_tokens_max: 1000, credits_max: 10, input_chars_max: 10000',
        'output_tokens_max: 1000, credits_max: 10, input_chars_max: 100',
      );
    const { path, remove } = await writeSmallCatalog({
      'small.yaml': text,
      'models.yml': IMAGES,
      'provider_costs.yml': PRICES,
    });
    const catalog = await loadCatalog(path);
    await remove();
    // 2 platforms × 2 posts × 6 weeks × (10 candidates + 9 finals), each $1 and a prompt of 400 tokens at $0.001.
    expect(proofOf(catalog, 'PRO')!.allotments).toContainEqual(
      expect.objectContaining({ name: 'quotas', because: '456 images on cloud/picture = 638.4 USD' }),
    );
  });
});
