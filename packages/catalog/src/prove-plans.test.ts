import { fileURLToPath } from 'node:url';

import {
  convertCost,
  convertPlain,
  currency,
  divide,
  type ExchangeRates,
  formatAmount,
  money,
  parseMoney,
  parseRatio,
  type Ratio,
  ratio,
} from '@purser/money';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  admissionCapOf,
  type Catalog,
  checkPlans,
  findPack,
  findPlan,
  loadCatalog,
  orderOf,
  type Plan,
  type Proof,
  proveCatalog,
  provePack,
  provePlan,
  saleOf,
} from './index.ts';
import { CATALOG, writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');
const catalogFile = (name: string): string => fileURLToPath(new URL(`../../../catalogs/${name}.yaml`, import.meta.url));
const CATALOGS = [
  'default',
  'financial-distribution',
  'tiers-routing',
  'saas-credits',
  'social-studio',
  'business-suite',
] as const;

const loaded = new Map<string, Catalog>();
beforeAll(async () => {
  for (const name of CATALOGS) loaded.set(name, await loadCatalog(catalogFile(name)));
});

function catalogOf(name: (typeof CATALOGS)[number]): Catalog {
  const catalog = loaded.get(name);
  if (!catalog) throw new Error(`${name} is not loaded`);
  return catalog;
}

function proofOf(name: (typeof CATALOGS)[number], code: string): Proof {
  const proof = proveCatalog(catalogOf(name), NOW).proofs.find((candidate) => candidate.code === code);
  if (!proof) throw new Error(`${name} has no ${code}`);
  return proof;
}

describe('the shipped catalogs', () => {
  test.each(CATALOGS)('F1: every plan and pack of %s keeps its margin in the worst month', (name) => {
    const { proofs, losses } = proveCatalog(catalogOf(name), NOW);
    expect(losses).toEqual([]);
    for (const proof of proofs) expect(proof).toMatchObject({ holds: true });
  });

  test.each(['default', 'financial-distribution'] as const)(
    'F1: €15.99 at 15 % without fees has a ceiling of exactly €13.5915 in %s',
    (name) => {
      const proof = proofOf(name, name === 'default' ? 'PRO' : 'PAID');
      expect(formatAmount(proof.ceiling)).toBe('13.5915');
      expect(formatAmount(proof.remains)).toBe('2.3985');
      expect(proof.binding.name).toBe('ceiling');
    },
  );

  test('F3: 300 e-mails a day, 9,000 a month, are reckoned at exactly $0.90', () => {
    expect(findPlan(catalogOf('financial-distribution'), 'PAID')?.quotas).toMatchObject({
      emails_user_day: 300n,
      emails_month: 9000n,
    });
    const reasons = proofOf('financial-distribution', 'PAID').allotments.map((allotment) => allotment.because);
    expect(reasons.join()).toContain('9000 e-mails × 0.0001 USD = 0.9 USD');
  });

  test('F6: the free pool is 80,000 e-mails a month and pauses at 90 %; a free plan costs nothing, or no more than the marketing budget that it states', () => {
    expect(catalogOf('financial-distribution').pools).toEqual([
      { name: 'mailrelay', unit: 'email', provider: 'mailrelay', cap: 80_000n, window: 'month', pause_at: parseRatio('0.9') },
    ]);
    expect(proofOf('financial-distribution', 'FREE')).toMatchObject({ worst_case: { nanos: 0n }, holds: true });
    expect(proofOf('default', 'FREE')).toMatchObject({ marketing_budget: parseMoney('2', 'EUR'), holds: true });
  });

  test('C8: the margins of brief 3 are computed, not copied: as granted, and at the worst', () => {
    const kept = (code: string): string => {
      const { remains_ratio, granted_ratio, fees } = proofOf('saas-credits', code);
      expect(fees.nanos).toBe(0n);
      const percent = (of: Ratio | undefined): string => `${of && divide(of.numerator * 10_000n, of.denominator, 'down')}`;
      return `${percent(granted_ratio)} ${percent(remains_ratio)}`;
    };
    expect(kept('PRO')).toBe('9865 9000');
    expect(kept('ENTERPRISE')).toBe('9498 9000');
    expect(kept('credits-500')).toBe('8275 7000');
    expect(kept('credits-2000')).toBe('7468 7000');
  });

  test('C6: a pack is sold for more than its credits stand for, and raises the ceiling by what its sale allows', () => {
    const pack = findPack(catalogOf('default'), 'credits-500');
    expect(pack && formatAmount(pack.ceiling_raise)).toBe('24.65');
    expect(pack && formatAmount(pack.cost)).toBe('5');
  });

  test('C4, C1: every plan of the default catalog that has AI keeps users apart who fail or hurry; FREE by the rules of brief 3', () => {
    const withAi = catalogOf('default').plans.filter(({ features }) => features.includes('ai'));
    expect(withAi.map(({ code }) => code)).toEqual(['FREE', 'PRO', 'BUSINESS', 'ENTERPRISE']);
    for (const { abuse } of withAi) expect(abuse).toMatchObject({ failures_seconds: 900, block_seconds: 900 });
    const brief = { requests_minute: 30, gap_ms: 3000, credits_hour_alert: 500n, failures_block: 5 };
    for (const plan of [withAi[0], findPlan(catalogOf('saas-credits'), 'PRO')]) {
      expect(plan?.abuse).toMatchObject(brief);
      expect(plan?.request.credits_max).toBe(10n);
      expect(plan?.request.output_tokens_max).toBeLessThanOrEqual(2000);
    }
  });

  test('F3, F6, S1: 300 e-mails a day on every paid plan, a day’s cap on free AI, one business with two platforms and two posts a week', () => {
    for (const { price, quotas } of catalogOf('default').plans) {
      expect(quotas).toMatchObject({ businesses: 1n, platforms: 2n, posts_platform_week: 2n });
      if (price.nanos > 0n) expect(quotas).toMatchObject({ emails_user_day: 300n, emails_day: 300n, emails_month: 9000n });
      else expect(quotas).toMatchObject({ tokens_day: 100_000n, jobs_day: 50n, emails_day: 50n });
    }
  });

  test('S3, S4: the studio’s limits and ladder are data, and its month is bounded by a stated marketing budget', () => {
    const studio = findPlan(catalogOf('social-studio'), 'STUDIO');
    expect(studio?.quotas).toMatchObject({ platforms: 2n, posts_platform_week: 2n, candidate_batches_post: 2n, finals_post: 9n });
    expect(catalogOf('social-studio').globalBudget?.amount).toEqual(parseMoney('1000', 'USD'));
    const effects = catalogOf('social-studio').ladders[0]?.levels.map((level) => Object.keys(level.effects)[0]);
    expect(effects).toEqual(['candidates_max', 'candidates_max', 'finals_max', 'finals_max', 'new_batch', 'quotas']);
    expect(proofOf('social-studio', 'STUDIO')).toMatchObject({ marketing_budget: parseMoney('15', 'USD'), holds: true });
  });

  test('T1, T2: the tiers carry routing, pins, lanes, caps and visibility', () => {
    const tiers = catalogOf('tiers-routing').plans.map((plan) => [plan.code, plan.model_policy.defaultRouting, plan.priority]);
    expect(tiers).toEqual([
      ['FREE', 'latest', 'low'],
      ['PRO', 'allow_minor', 'standard'],
      ['BUSINESS', 'allow_minor', 'high'],
      ['ENTERPRISE', 'pinned', 'critical'],
    ]);
    expect(findPlan(catalogOf('tiers-routing'), 'BUSINESS')?.model_policy.canary).toBe(true);
    expect(findPlan(catalogOf('tiers-routing'), 'ENTERPRISE')?.model_policy.pinned.speech).toEqual({
      model: 'xtts/xtts-v2',
      version: '2.0.0',
    });
  });

  test('C4: the thresholds of abuse are data', () => {
    expect(findPlan(catalogOf('saas-credits'), 'PRO')).toMatchObject({
      abuse: { requests_minute: 30, gap_ms: 3000, credits_hour_alert: 500n, failures_block: 5 },
      request: { credits_max: 10n, output_tokens_max: 2000 },
    });
  });
});

describe('the proof', () => {
  test('counts prices announced for later: Gemini 3.8 Flash doubles with the year', () => {
    const catalog = catalogOf('default');
    const plan: Plan = {
      ...findPlan(catalog, 'BUSINESS')!,
      cost_caps: { hardStop: true },
      quotas: { tokens_month: 1_000_000n },
      model_policy: { ...findPlan(catalog, 'BUSINESS')!.model_policy, providers: { text: ['gemini'] } },
    };
    const flash = { ...catalog, models: catalog.models.filter((model) => model.id === 'gemini/gemini-3.8-flash') };
    const { allotments } = provePlan(flash, { ...plan, email: { provider: 'mailrelay', priceKey: 'mailrelay/email' } }, NOW);
    expect(allotments).toContainEqual(expect.objectContaining({ name: 'quotas', limit: parseMoney('7.5', 'USD') }));
  });

  test('C2: credits that roll over, or are paid as one goes, can be spent in one month and count in its worst case', () => {
    const catalog = catalogOf('saas-credits');
    const plan = findPlan(catalog, 'PRO')!;
    const creditsIn = (more: Partial<Plan>) =>
      provePlan(catalog, { ...plan, ...more }, NOW).allotments.find(({ name }) => name === 'credits')?.because;
    expect(creditsIn({})).toMatch(/^200 credits/);
    expect(creditsIn({ rollover: { credits_max: 100n, months: 3 } })).toMatch(/^500 credits/);
    expect(creditsIn({ pay_as_you_go: { credits_max: 50n, price: parseMoney('1', 'USD') } })).toMatch(/^250 credits/);
  });

  test('a stated ceiling above what the price allows fails, however few credits are granted', async () => {
    const { path, remove } = await writeSmallCatalog({
      'small.yaml': CATALOG.replace('price: 10 EUR', 'price: 10 EUR\n    ceiling: 8.51 EUR'),
    });
    const check = await checkPlans(path, NOW);
    await remove();
    expect(check.holds).toBe(false);
    expect(check.text).toMatch(/^PRO .* FAILS: may cost 8\.51 of 8\.5$/m);
    expect(check.text).toContain(
      'set the ceiling to at most 8.5 EUR, raise the price or set a smaller margin. For example bought for',
    );
    expect(check.text).toMatch(/small@[0-9a-f]{12}: PRO fails$/);
  });

  test('fees that eat the price fail', async () => {
    const fees = 'price: 10 EUR\n    payment_fees: { percent: 0.5, fixed: 4 EUR }\n    ceiling: 0.5 EUR';
    const { path, remove } = await writeSmallCatalog({ 'small.yaml': CATALOG.replace('price: 10 EUR', fees) });
    const check = await checkPlans(path, NOW);
    await remove();
    expect(check.holds).toBe(false);
    expect(check.text).toMatch(/^PRO .* FAILS/m);
  });

  test('a pack whose credits stand for more than its sale allows fails', async () => {
    const { path, remove } = await writeSmallCatalog({
      'small.yaml': CATALOG.replace('credits: 100, margin', 'credits: 500, margin'),
    });
    const check = await checkPlans(path, NOW);
    await remove();
    expect(check.holds).toBe(false);
    expect(check.text).toMatch(
      /^more .* FAILS: sells 500 credits that may cost 4\.794 EUR, and raises the ceiling by 4\.25 EUR$/m,
    );
  });

  test('a catalog that does not load fails with its mistakes and no table', async () => {
    const { path, remove } = await writeSmallCatalog({ 'small.yaml': CATALOG.replace('price: 10 EUR', 'price: 10') });
    const check = await checkPlans(path, NOW);
    await remove();
    expect(check.holds).toBe(false);
    expect(check.text).toContain('plans[1].price');
  });

  test('names the binding constraint of each plan in its table', async () => {
    const check = await checkPlans(catalogFile('default'), NOW);
    expect(check.holds).toBe(true);
    expect(check.text).toMatch(/^PRO +15\.99 EUR +0 +13\.5915 +0\.5 +13\.0915 .* ceiling +holds$/m);
    expect(check.text).toMatch(/^BUSINESS +149 USD .* cost cap +holds$/m);
  });
});

describe('F1: whatever is admitted under an accepted plan keeps the margin', () => {
  const EUR = currency('EUR');
  const USD = currency('USD');
  const cents = (min: number, max: number) => fc.integer({ min, max }).map((amount) => BigInt(amount) * 10_000_000n);
  const percent = (max: number) => fc.integer({ min: 0, max }).map((amount) => ratio(BigInt(amount), 100n));

  const taxes = fc.record({ max: percent(50), behavior: fc.constantFrom('exclusive' as const, 'inclusive' as const) });

  const worlds = fc.record({
    tax: taxes,
    price: cents(100, 50_000),
    margin: percent(90),
    percent: percent(5),
    fixed: cents(0, 60),
    stated: fc.option(cents(0, 60_000), { nil: undefined }),
    reserve: cents(0, 500),
    credits: fc.bigInt({ min: 1n, max: 20_000n }),
    emails: fc.bigInt({ min: 0n, max: 20_000n }),
    rate: fc.integer({ min: 50, max: 200 }).map((amount) => ratio(BigInt(amount), 100n)),
    buffer: percent(10),
  });
  /** Each call: what it was held for in USD nanos, and the share of the buffer by which the rate had moved when the bill came. */
  const calls = fc.array(
    fc.record({ nanos: fc.bigInt({ min: 0n, max: 20_000_000_000n }), moved: fc.integer({ min: 0, max: 100 }) }),
    { maxLength: 60 },
  );

  test('in any order and number of calls, with the rate moving within its buffer and overruns within the reserve', () => {
    const base = catalogOf('financial-distribution');
    const template = findPlan(base, 'PAID')!;
    let accepted = 0;
    fc.assert(
      fc.property(worlds, calls, fc.integer({ min: 0, max: 100 }), (world, spending, overrun) => {
        const fx: ExchangeRates = { as_of: NOW, buffer: world.buffer, rates: new Map([['USD/EUR', world.rate]]) };
        const catalog: Catalog = { ...base, fx };
        const price = money(world.price, EUR);
        const payment_fees = { percent: world.percent, fixed: money(world.fixed, EUR) };
        const sale = saleOf(price, { margin: world.margin, payment_fees, tax: world.tax });
        const plan: Plan = {
          ...template,
          price,
          margin: world.margin,
          payment_fees,
          tax: world.tax,
          ceiling: world.stated === undefined ? sale.allowance : money(world.stated, EUR),
          overrun_reserve: money(world.reserve, EUR),
          credits_monthly: world.credits,
          quotas: { emails_month: world.emails },
        };
        if (!provePlan(catalog, plan, NOW).holds) return;
        accepted++;

        // The cost meter admits by the converted worst case, and what it admitted is billed at a rate that may have moved.
        const cap = admissionCapOf(plan, plan.ceiling, fx).cap.nanos;
        let held = 0n;
        let billed = cap === 0n ? 0n : (plan.overrun_reserve.nanos * BigInt(overrun)) / 100n;
        for (const { nanos, moved } of spending) {
          const counted = convertCost(money(nanos, USD), EUR, fx).nanos;
          if (held + counted > cap) continue;
          held += counted;
          const drift = ratio(10_000n + world.buffer.numerator * BigInt(moved), 10_000n);
          const moving = ratio(world.rate.numerator * drift.numerator, world.rate.denominator * drift.denominator);
          billed += convertPlain(money(nanos, USD), EUR, { ...fx, rates: new Map([['USD/EUR', moving]]) }).nanos;
        }
        const remains = sale.net.nanos - sale.fees.nanos - billed;
        expect(remains * world.margin.denominator >= sale.net.nanos * world.margin.numerator).toBe(true);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test('and an order of packs adds no more to the ceiling than its own sale allows', () => {
    fc.assert(
      fc.property(
        cents(100, 50_000),
        percent(90),
        percent(5),
        cents(0, 60),
        taxes,
        fc.integer({ min: 1, max: 50 }),
        (nanos, margin, percentage, fixed, tax, quantity) => {
          const payment_fees = { percent: percentage, fixed: money(fixed, EUR) };
          const none = money(0n, EUR);
          const pack = {
            code: 'p',
            name: 'p',
            price: money(nanos, EUR),
            credits: 1n,
            margin,
            payment_fees,
            tax,
            cost: none,
            ceiling_raise: none,
            tiers: [],
          };
          const { net, fees, allowance, ceiling_raise } = orderOf(pack, quantity);
          expect(ceiling_raise.nanos).toBe(allowance.nanos > 0n ? allowance.nanos : 0n);
          const remains = net.nanos - fees.nanos - allowance.nanos;
          expect(remains * margin.denominator >= net.nanos * margin.numerator).toBe(true);
          const [first] = provePack(catalogOf('default'), pack);
          // One credit is $0.01, € 0.009588 with the buffer; and of a euro that pays for dollars the buffer is taken again.
          expect(first?.holds).toBe(orderOf(pack, 1).allowance.nanos >= 9_588_000n);
        },
      ),
    );
  });
});
