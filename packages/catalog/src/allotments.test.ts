import { currency, formatMoney, type ModelPrice, parseMoney, parseUnitPrice, PriceBook, type UnitPrices } from '@purser/money';
import { beforeAll, describe, expect, test } from 'vitest';

import { type Catalog, loadCatalog, type ModelEntry, type Plan } from './index.ts';
import { allotmentsOf, boundOf } from './constraints.ts';
import { writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');
const EUR = currency('EUR');

let catalog: Catalog;
let pro: Plan;
beforeAll(async () => {
  const { path, remove } = await writeSmallCatalog();
  catalog = await loadCatalog(path);
  await remove();
  pro = catalog.plans.find(({ code }) => code === 'PRO')!;
});

interface Offer {
  readonly task: string;
  readonly quotas?: Record<string, bigint>;
  readonly units?: Record<string, string>;
  readonly images?: readonly string[];
  readonly tier?: Record<string, string>;
  readonly model?: Partial<ModelEntry>;
  readonly plan?: Partial<Plan>;
}

const inYoctos = (units: Record<string, string>): UnitPrices =>
  Object.fromEntries(Object.entries(units).map(([unit, each]) => [unit, parseUnitPrice(each, 'each')]));

/** A plan of one task, one model and one price in its own currency, so that what is said of it is the sum itself. */
function offer({ task, quotas = {}, units = {}, images = [], tier, model = {}, plan = {} }: Offer): readonly [Catalog, Plan] {
  const entry = { ...catalog.models[0]!, id: 'cloud/m', task, provider: 'cloud', priceKey: 'cloud/m', ...model };
  const price: ModelPrice = {
    provider: 'cloud',
    model: 'm',
    currency: EUR,
    from: NOW.subtract({ hours: 1 }),
    units: inYoctos(units),
    images: images.map((each, place) => ({ size: `${place}x1`, quality: '*', yoctos: parseUnitPrice(each, 'each') })),
    tiers: tier ? [{ above_input_tokens: 1, prices: inYoctos(tier) }] : [],
    source: 'test',
  };
  const { email: _, ...mailless } = pro;
  return [
    { ...catalog, models: [entry as ModelEntry], prices: new PriceBook([price]) },
    {
      ...mailless,
      quotas,
      model_policy: { ...pro.model_policy, pinned: {}, providers: { [task]: ['cloud'] } },
      ...plan,
    },
  ];
}

/** What the quotas may cost, and what is said of it; undefined: nothing bounds it. */
function quotasOf(what: Offer): readonly [string, string] | undefined {
  const found = allotmentsOf(...offer(what), NOW).find(({ name }) => !name.startsWith('credits'));
  return found && [formatMoney(found.limit), found.because];
}

describe('what a plan’s quotas can cost is the dearest that its models take for them (F1)', () => {
  const tokens = { tokens_month: 100n };
  test.each<[string, Offer, string | undefined]>([
    ['text by its output', { task: 'text', quotas: tokens, units: { input_token: '1', output_token: '4' } }, '400 EUR'],
    ['text by its input', { task: 'text', quotas: tokens, units: { input_token: '5', output_token: '4' } }, '500 EUR'],
    [
      'text by what it reads of a cache',
      { task: 'text', quotas: tokens, units: { input_token: '1', cached_input_token: '6' } },
      '600 EUR',
    ],
    [
      'text by what it writes to one',
      { task: 'text', quotas: tokens, units: { input_token: '1', cache_write_token: '7' } },
      '700 EUR',
    ],
    ['text by what it thinks', { task: 'text', quotas: tokens, units: { output_token: '1', reasoning_token: '8' } }, '800 EUR'],
    [
      'text above a size of its input',
      { task: 'text', quotas: tokens, units: { input_token: '1' }, tier: { output_token: '9' } },
      '900 EUR',
    ],
    ['text without a quota', { task: 'text', units: { input_token: '1' } }, undefined],
    ['text that is free, without a quota', { task: 'text', units: { input_token: '0' } }, '0 EUR'],
    [
      'text with a fee for each call',
      { task: 'text', quotas: { ...tokens, jobs_month: 3n }, units: { input_token: '1', request: '2' } },
      '106 EUR',
    ],
    [
      'text free but for such a fee',
      { task: 'text', quotas: { ...tokens, jobs_month: 3n }, units: { input_token: '0', request: '2' } },
      '6 EUR',
    ],
    [
      'such a fee for any number of calls',
      { task: 'text', quotas: tokens, units: { input_token: '1', request: '2' } },
      undefined,
    ],
    [
      'an embedding by its input alone',
      { task: 'embedding', quotas: tokens, units: { input_token: '2', output_token: '9' } },
      '200 EUR',
    ],
    ['speech by the second', { task: 'speech', quotas: { audio_seconds_month: 10n }, units: { second: '2' } }, '20 EUR'],
    [
      'speech by the character, which no quota counts',
      { task: 'speech', quotas: { audio_seconds_month: 10n }, units: { character: '2' } },
      undefined,
    ],
    [
      'speech by what nothing counts',
      { task: 'speech', quotas: { audio_seconds_month: 10n }, units: { output_token: '2' } },
      undefined,
    ],
    [
      'sound that is read by the second',
      { task: 'transcription', quotas: { audio_seconds_month: 10n }, units: { second: '2' } },
      '20 EUR',
    ],
    [
      'or by the minute, of which each second may begin one',
      { task: 'transcription', quotas: { audio_seconds_month: 10n }, units: { minute: '3' } },
      '30 EUR',
    ],
    [
      'or by tokens, which no quota counts',
      { task: 'transcription', quotas: { audio_seconds_month: 10n }, units: { input_token: '3' } },
      undefined,
    ],
    [
      'moderation by its input',
      { task: 'moderation', quotas: tokens, units: { input_token: '2', output_token: '9' } },
      '200 EUR',
    ],
    ['or by the call', { task: 'moderation', quotas: { jobs_month: 7n }, units: { request: '2' } }, '14 EUR'],
    ['video by the minute', { task: 'video', quotas: { video_minutes_month: 2n }, units: { minute: '3' } }, '6 EUR'],
    ['or by its seconds', { task: 'video', quotas: { video_minutes_month: 2n }, units: { second: '3' } }, '360 EUR'],
    ['a module’s task at a price', { task: 'carving', quotas: tokens, units: { input_token: '1' } }, undefined],
    ['and one that is free', { task: 'carving', quotas: tokens, units: { input_token: '0' } }, '0 EUR'],
  ])('%s', (_, what, limit) => {
    expect(quotasOf(what)?.[0]).toBe(limit);
  });

  test('a fraction of a nano-unit is one, and of what is free there may be any number', () => {
    const least = { task: 'text', quotas: { tokens_month: 1n }, units: { input_token: '0.000000000000000000000001' } };
    expect(quotasOf(least)?.[0]).toBe('0.000000001 EUR');
    expect(quotasOf({ task: 'image', images: ['0'] })).toEqual(['0 EUR', 'every model it reaches is free']);
  });

  const request = { output_tokens_max: 1000, credits_max: 10n, input_chars_max: 100 };
  test.each<[string, Offer, string | undefined]>([
    ['the dearest of its sizes', { task: 'image', quotas: { images_month: 5n }, images: ['2', '3', '1'] }, '15 EUR'],
    [
      'by tokens as many as a model writes, of the dearest kind',
      {
        task: 'image',
        quotas: { images_month: 5n },
        units: { output_token: '1', image_output_token: '2' },
        model: { output_tokens_max: 10 },
      },
      '100 EUR',
    ],
    [
      'or by plain ones where those are dearer',
      {
        task: 'image',
        quotas: { images_month: 5n },
        units: { output_token: '3', image_output_token: '2' },
        model: { output_tokens_max: 10 },
      },
      '150 EUR',
    ],
    [
      'with a prompt of four tokens a character',
      {
        task: 'image',
        quotas: { images_month: 5n },
        images: ['1'],
        units: { input_token: '1' },
        plan: { request },
        model: { context_tokens: 9000 },
      },
      '2005 EUR',
    ],
    [
      'or of what the model reads at most',
      {
        task: 'image',
        quotas: { images_month: 5n },
        images: ['1'],
        units: { input_token: '1' },
        plan: { request },
        model: { context_tokens: 30 },
      },
      '155 EUR',
    ],
    ['without any quota', { task: 'image', images: ['1'] }, undefined],
  ])('an image: %s', (_, what, limit) => {
    expect(quotasOf(what)?.[0]).toBe(limit);
  });

  test('the posts of a studio bound its images only where all of its limits are stated', () => {
    const all = { platforms: 2n, posts_platform_week: 3n, candidates_batch: 5n, candidate_batches_post: 7n, finals_post: 11n };
    // 2 × 3 × 6 weeks × (5 × 7 + 11)
    expect(quotasOf({ task: 'image', quotas: all, images: ['1'] })?.[0]).toBe('1656 EUR');
    for (const left of Object.keys(all)) {
      const quotas = Object.fromEntries(Object.entries(all).filter(([key]) => key !== left));
      expect([left, quotasOf({ task: 'image', quotas, images: ['1'] })]).toEqual([left, undefined]);
    }
  });

  test('of several models the dearest counts, and of several tasks all', () => {
    const [of, plan] = offer({ task: 'text', quotas: { tokens_month: 100n }, units: { input_token: '1' } });
    const at = (key: string, each: string): ModelPrice => ({
      ...of.prices.entries[0]!,
      model: key,
      units: inYoctos({ input_token: each }),
    });
    const prices = new PriceBook([at('a', '3'), at('b', '2'), at('c', '1')]);
    const model = (key: string, task: 'text' | 'embedding'): ModelEntry => ({
      ...of.models[0]!,
      id: `cloud/${key}`,
      priceKey: `cloud/${key}`,
      task,
    });
    const models = [model('a', 'text'), model('b', 'text'), model('c', 'embedding')];
    const model_policy = { ...plan.model_policy, providers: { text: ['cloud'], embedding: ['cloud'] } };
    const found = allotmentsOf({ ...of, models, prices }, { ...plan, model_policy }, NOW).find(({ name }) => name === 'quotas');
    expect([found && formatMoney(found.limit), found?.because]).toEqual([
      '400 EUR',
      '100 tokens on cloud/a = 300 EUR; 100 tokens on cloud/c = 100 EUR',
    ]);
  });
});

describe('what a plan’s credits can cost (F1, C2, C12)', () => {
  const credits = (plan: Partial<Plan>): string => {
    const free = { task: 'text', units: { input_token: '0' } };
    const found = allotmentsOf(...offer({ ...free, plan: { credits_monthly: 100n, ...plan } }), NOW);
    const own = found.find(({ name }) => name === 'credits')!;
    return `${formatMoney(own.limit)}: ${own.because}`;
  };

  test('are those of the month, those that roll over from each month before, and those that are paid as one goes', () => {
    // A credit stands for a cent; a dollar is €0.94 and its buffer.
    expect(credits({})).toBe('0.9588 EUR: 100 credits × 0.01 USD = 1 USD');
    expect(credits({ rollover: { credits_max: 10n, months: 3 } })).toContain('130 credits');
    expect(credits({ pay_as_you_go: { credits_max: 7n, price: parseMoney('1', 'EUR') } })).toContain('107 credits');
  });

  test('of a plan without providers there is no AI to spend them on', () => {
    const [of, plan] = offer({ task: 'text' });
    const none = { ...plan, model_policy: { ...plan.model_policy, providers: {} } };
    expect(allotmentsOf(of, none, NOW)).toMatchObject([{ name: 'no AI', limit: { nanos: 0n } }]);
  });
});

describe('what a plan’s e-mail can cost (F3)', () => {
  const mailed = (quotas: Record<string, bigint>, each = '2', tokens: readonly string[] = []): readonly string[] => {
    const [of, plan] = offer({ task: 'text', quotas, units: { input_token: '0' } });
    const price = (model: string, units: Record<string, string>): ModelPrice => ({
      ...of.prices.entries[0]!,
      provider: 'mail',
      model,
      units: inYoctos(units),
    });
    const prices = new PriceBook([
      ...of.prices.entries,
      price('email', { email: each }),
      ...tokens.map((one) => price('email', { email: one })),
    ]);
    const found = allotmentsOf(
      { ...of, prices },
      { ...plan, credits_monthly: 0n, email: { provider: 'mail', priceKey: 'mail/email' } },
      NOW,
    );
    return found.map(({ name, limit, because }) => `${name}: ${formatMoney(limit)}: ${because}`);
  };

  test('is bounded by its day, of which a month has 31, or by its month, whichever is less', () => {
    expect(mailed({ emails_day: 1n })[0]).toBe('e-mail quota: 62 EUR: 31 e-mails × 2 EUR = 62 EUR');
    expect(mailed({ emails_month: 30n })[0]).toContain('30 e-mails');
    expect(mailed({ emails_day: 1n, emails_month: 30n })[0]).toContain('30 e-mails');
    expect(mailed({ emails_day: 1n, emails_month: 40n })[0]).toContain('31 e-mails');
  });

  test('is without a bound where it costs and has no quota; free e-mail needs none', () => {
    expect(mailed({})).toEqual([]);
    expect(mailed({}, '0')[0]).toMatch(/^credits: 0 EUR/);
  });

  test('is added to what calls may cost, under the names of both', () => {
    const [of, plan] = offer({ task: 'text', quotas: { tokens_month: 100n, emails_month: 5n }, units: { input_token: '1' } });
    const price: ModelPrice = { ...of.prices.entries[0]!, provider: 'mail', model: 'email', units: inYoctos({ email: '2' }) };
    const prices = new PriceBook([...of.prices.entries, price]);
    const found = allotmentsOf({ ...of, prices }, { ...plan, email: { provider: 'mail', priceKey: 'mail/email' } }, NOW);
    expect(found.map(({ name, limit }) => `${name}: ${formatMoney(limit)}`)).toEqual([
      'credits + e-mail quota: 10.9588 EUR',
      'quotas + e-mail quota: 110 EUR',
    ]);
    expect(found[1]?.because).toBe('100 tokens on cloud/m = 100 EUR; 5 e-mails × 2 EUR = 10 EUR');
  });
});

describe('what the engine admits of a plan (F1)', () => {
  test('is nothing where nothing that it reaches has a price, and e-mail with one is enough', () => {
    const [of, plan] = offer({ task: 'text', units: { input_token: '0', output_token: '0' } });
    expect(boundOf(of, plan, NOW)).toMatchObject({ name: 'prices of zero', limit: { nanos: 0n } });
    const price: ModelPrice = { ...of.prices.entries[0]!, provider: 'mail', model: 'email', units: inYoctos({ email: '2' }) };
    const prices = new PriceBook([...of.prices.entries, price]);
    const email = { provider: 'mail', priceKey: 'mail/email' };
    expect(boundOf({ ...of, prices }, { ...plan, email }, NOW).name).toBe('ceiling');
    const free = new PriceBook([...of.prices.entries, { ...price, units: inYoctos({ email: '0' }) }]);
    expect(boundOf({ ...of, prices: free }, { ...plan, email }, NOW).name).toBe('prices of zero');
  });

  test('is its ceiling less the reserve, or a hard stop below that, and a stop that is not hard stops nothing', () => {
    const what = { task: 'text', units: { input_token: '1' } };
    const bound = (plan: Partial<Plan>): string => {
      const { name, limit, because } = boundOf(...offer({ ...what, plan }), NOW);
      return `${name}: ${formatMoney(limit)}: ${because}`;
    };
    expect(bound({})).toBe('ceiling: 8 EUR: 8.5 EUR less the reserve of 0.5 EUR');
    const monthlyUsd = parseMoney('5', 'USD');
    expect(bound({ cost_caps: { monthlyUsd, hardStop: true } })).toBe('cost cap: 4.7 EUR: hard stop at 5 USD');
    expect(bound({ cost_caps: { monthlyUsd, hardStop: false } })).toContain('ceiling: 8 EUR');
    expect(bound({ cost_caps: { monthlyUsd: parseMoney('50', 'USD'), hardStop: true } })).toContain('ceiling: 8 EUR');
    expect(bound({ overrun_reserve: parseMoney('9', 'EUR') })).toContain('ceiling: 0 EUR');
  });
});
