import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { actualCost, isUnpriced, type Usage } from '@purser/money';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Catalog, importModels, loadCatalog, type ModelsImport } from './index.ts';
import { writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2027-03-01T12:00Z');
type Entry = Readonly<Record<string, string | number | object>>;

/** Entries in the shapes of the community table: tiers, cache lifetimes, sound, pictures, service tiers, seconds, characters. */
const TABLE: Readonly<Record<string, Entry>> = {
  plain: { mode: 'chat', input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, cache_read_input_token_cost: 7.5e-8 },
  tiers: {
    mode: 'responses',
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1e-5,
    cache_read_input_token_cost: 1.25e-7,
    input_cost_per_token_above_128k_tokens: 2e-6,
    output_cost_per_token_above_128k_tokens: 1.2e-5,
    input_cost_per_token_above_272k_tokens: 2.5e-6,
    output_cost_per_token_above_272k_tokens: 1.5e-5,
    cache_read_input_token_cost_above_272k_tokens: 2.5e-7,
    input_cost_per_token_priority: 2.5e-6,
    output_cost_per_token_priority: 2e-5,
    cache_read_input_token_cost_priority: 2.5e-7,
    input_cost_per_token_above_128k_tokens_priority: 4e-6,
    output_cost_per_token_above_128k_tokens_priority: 2.4e-5,
    input_cost_per_token_above_272k_tokens_priority: 5e-6,
    output_cost_per_token_above_272k_tokens_priority: 3e-5,
    input_cost_per_token_flex: 6.25e-7,
    output_cost_per_token_flex: 5e-6,
    input_cost_per_token_batches: 6.25e-7,
    output_cost_per_token_batches: 5e-6,
  },
  kept: {
    mode: 'chat',
    input_cost_per_token: 3e-6,
    output_cost_per_token: 1.5e-5,
    cache_creation_input_token_cost: 3.75e-6,
    cache_creation_input_token_cost_above_1hr: 6e-6,
    cache_read_input_token_cost: 3e-7,
    search_context_cost_per_query: { search_context_size_low: 0.01, search_context_size_high: 0.01 },
  },
  sounding: {
    mode: 'chat',
    input_cost_per_token: 3e-7,
    output_cost_per_token: 2.5e-6,
    input_cost_per_audio_token: 1e-6,
    cache_read_input_audio_token_cost: 1e-7,
    cache_read_input_token_cost: 3e-8,
    output_cost_per_audio_token: 1e-5,
    output_cost_per_reasoning_token: 3.5e-6,
    output_cost_per_image_token: 3e-5,
    input_cost_per_image_token: 4e-7,
  },
  vectors: { mode: 'embedding', input_cost_per_token: 2e-8, output_cost_per_token: 0 },
  voice: { mode: 'audio_speech', input_cost_per_character: 1.5e-5 },
  speaker: {
    mode: 'audio_speech',
    input_cost_per_token: 6e-7,
    output_cost_per_audio_token: 1.2e-5,
    output_cost_per_second: 0.00025,
  },
  heard: { mode: 'audio_transcription', input_cost_per_second: 0.0001, output_cost_per_second: 0.0001 },
  read: {
    mode: 'audio_transcription',
    input_cost_per_token: 2.5e-6,
    input_cost_per_audio_token: 6e-6,
    output_cost_per_token: 1e-5,
  },
  drawn: {
    mode: 'image_generation',
    input_cost_per_token: 5e-6,
    input_cost_per_image_token: 1e-5,
    output_cost_per_image_token: 4e-5,
  },
  judge: { mode: 'moderation', input_cost_per_token: 0, output_cost_per_token: 0 },
};
const MORE: Readonly<Record<string, Entry>> = {
  sample_spec: { mode: 'one of: chat' },
  'low/1024-x-1024/pieces': { mode: 'image_generation', input_cost_per_pixel: 1e-8 },
  unlimited: { mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 },
  ended: {
    mode: 'chat',
    input_cost_per_token: 1e-6,
    output_cost_per_token: 1e-6,
    max_output_tokens: 10,
    deprecation_date: '2027-01-01',
  },
  ranked: { mode: 'rerank', input_cost_per_query: 0.002 },
};

const limits = { litellm_provider: 'cloud', max_input_tokens: 1_000_000, max_output_tokens: 65_536 };
const foreign: Entry = { ...TABLE['plain'], litellm_provider: 'elsewhere', max_output_tokens: 10 };

let folder: string;
let imported: ModelsImport;
let catalog: Catalog;
beforeAll(async () => {
  const { path } = await writeSmallCatalog();
  folder = dirname(path);
  const taken = Object.fromEntries(Object.entries(TABLE).map(([name, entry]) => [name, { ...limits, ...entry }]));
  const others = Object.fromEntries(Object.entries(MORE).map(([name, entry]) => [name, { litellm_provider: 'cloud', ...entry }]));
  const table = join(folder, 'table.json');
  await writeFile(table, JSON.stringify({ ...taken, ...others, foreign }));
  imported = await importModels(table, folder, NOW);
  catalog = await loadCatalog(path);
});
afterAll(() => rm(folder, { recursive: true }));

/** A number of the table as whole yoctos, by its digits. */
function yoctos(number: unknown): bigint {
  const [digits = '0', exponent = '0'] = (number as number).toExponential().split('e');
  const [whole = '', part = ''] = digits.split('.');
  return BigInt(whole + part) * 10n ** BigInt(24 + Number(exponent) - part.length);
}

/** What LiteLLM's own fields say a usage costs, in nanos: a reckoning of its own, from the table alone. */
function reckoned(entry: Entry, usage: Usage): bigint {
  const suffix = { priority: '_priority', flex: '_flex', batch: '_batches' }[usage.service_tier ?? ''] ?? '';
  const above = [272, 128].find(
    (k) => usage.input_tokens > k * 1_000 && entry[`input_cost_per_token_above_${k}k_tokens${suffix}`] !== undefined,
  );
  const rate = (field: string): bigint | undefined => {
    const tiered = above === undefined ? undefined : entry[`${field}_above_${above}k_tokens${suffix}`];
    const found = tiered ?? entry[field + suffix];
    return found === undefined ? undefined : yoctos(found);
  };
  const input = rate('input_cost_per_token') ?? 0n;
  const output = rate('output_cost_per_token') ?? 0n;
  const parts: [number | undefined, bigint][] = [
    [usage.cached_input_tokens, rate('cache_read_input_token_cost') ?? input],
    [(usage.cache_write_tokens ?? 0) - (usage.cache_write_1h_tokens ?? 0), rate('cache_creation_input_token_cost') ?? input],
    [usage.cache_write_1h_tokens, rate('cache_creation_input_token_cost_above_1hr') ?? 0n],
    [usage.audio_input_tokens, rate('input_cost_per_audio_token') ?? 0n],
    [usage.image_input_tokens, rate('input_cost_per_image_token') ?? input],
  ];
  const made: [number | undefined, bigint][] = [
    [usage.reasoning_tokens, rate('output_cost_per_reasoning_token') ?? output],
    [usage.audio_output_tokens, rate('output_cost_per_audio_token') ?? 0n],
    [usage.image_output_tokens, rate('output_cost_per_image_token') ?? 0n],
  ];
  const sum = (of: readonly [number | undefined, bigint][]): [number, bigint] =>
    of.reduce<[number, bigint]>(([count, cost], [tokens = 0, each]) => [count + tokens, cost + BigInt(tokens) * each], [0, 0n]);
  const [read, readCost] = sum(parts);
  const [written, writtenCost] = sum(made);
  const search = (entry['search_context_cost_per_query'] as { search_context_size_high: number } | undefined)
    ?.search_context_size_high;
  const total =
    readCost +
    writtenCost +
    BigInt(usage.input_tokens - read) * input +
    BigInt(usage.output_tokens - written) * output +
    BigInt(usage.web_searches ?? 0) * yoctos(search ?? 0) +
    BigInt(usage.characters ?? 0) * yoctos(entry['input_cost_per_character'] ?? 0) +
    BigInt(usage.seconds ?? 0) * yoctos(entry['input_cost_per_second'] ?? 0);
  return (total + 10n ** 15n - 1n) / 10n ** 15n;
}

/** Usage of a size, in the shapes that each kind of model reports. */
function shapesOf(input: number): Readonly<Record<keyof typeof TABLE, readonly Usage[]>> {
  const tokens = { input_tokens: input, output_tokens: 977 };
  const some = Math.floor(input / 3);
  const audio = { ...tokens, audio_input_tokens: some };
  return {
    plain: [tokens, { ...tokens, cached_input_tokens: some }, { input_tokens: 1, output_tokens: 0 }],
    tiers: [
      tokens,
      { ...tokens, cached_input_tokens: some },
      { ...tokens, service_tier: 'priority' },
      { ...tokens, service_tier: 'priority', cached_input_tokens: some },
    ],
    kept: [
      { ...tokens, cache_write_tokens: some },
      { ...tokens, cache_write_tokens: some, cache_write_1h_tokens: 7 },
      { ...tokens, cached_input_tokens: some, cache_write_tokens: 11, web_searches: 3 },
    ],
    sounding: [
      audio,
      { ...tokens, audio_output_tokens: 400 },
      { ...tokens, reasoning_tokens: 333 },
      { ...tokens, image_output_tokens: 900 },
    ],
    vectors: [{ input_tokens: input, output_tokens: 0 }],
    voice: [{ input_tokens: 0, output_tokens: 0, characters: input }],
    speaker: [{ ...tokens, audio_output_tokens: 977 }],
    heard: [{ input_tokens: 0, output_tokens: 0, seconds: some }],
    read: [audio],
    drawn: [{ ...tokens, image_input_tokens: some, image_output_tokens: 977 }],
    judge: [{ input_tokens: 0, output_tokens: 0, requests: 1 }],
  };
}

describe('usage of more than sixty shapes, priced by what was imported', () => {
  const shapes = [1_009, 150_001, 300_007].flatMap((input) =>
    Object.entries(shapesOf(input)).flatMap(([name, usages]) => usages.map((usage) => [name, usage] as const)),
  );
  // Longer contexts have no price of their own in these tiers.
  const short = { input_tokens: 1_009, output_tokens: 977 };
  const all = [
    ...shapes,
    ['tiers', { ...short, service_tier: 'flex' }] as const,
    ['tiers', { ...short, service_tier: 'batch' }] as const,
  ];

  test(`all ${all.length} cost what the table says, to the nano`, () => {
    expect(all.length).toBeGreaterThanOrEqual(60);
    for (const [name, usage] of all) {
      const price = catalog.prices.find('cloud', name, NOW);
      const cost = price && actualCost(price, usage);
      expect([name, usage, cost && !isUnpriced(cost) ? cost.nanos : cost]).toEqual([
        name,
        usage,
        reckoned(TABLE[name] ?? {}, usage),
      ]);
    }
  });

  test('a service tier that does not price a longer context has no price for it', () => {
    const price = catalog.prices.find('cloud', 'tiers', NOW);
    const usage = { input_tokens: 300_007, output_tokens: 1, service_tier: 'flex' };
    expect(price && actualCost(price, usage)).toEqual({ unpriced: 'service tier flex above 272000 input tokens' });
  });
});

test('every model of a provider that is known here is one of the catalog, of its task, with what bounds it', () => {
  const ids = catalog.models.filter(({ id }) => Object.hasOwn(TABLE, id.replace('cloud/', ''))).map(({ id }) => id);
  expect(ids.toSorted()).toEqual(
    Object.keys(TABLE)
      .map((name) => `cloud/${name}`)
      .toSorted(),
  );
  expect(catalog.models.find(({ id }) => id === 'cloud/tiers')).toMatchObject({
    task: 'text',
    class: 'large',
    context_tokens: 1_000_000,
    output_tokens_max: 65_536,
    free: false,
  });
  expect(catalog.models.find(({ id }) => id === 'cloud/judge')).toMatchObject({ task: 'moderation', free: true });
});

test('every other entry is listed with its reason, and every price that was not taken', async () => {
  const reasons = Object.fromEntries(imported.left_out.map(({ name, reason }) => [name, reason]));
  expect(reasons).toMatchObject({
    sample_spec: 'not a model',
    unlimited: 'no output limit: nothing bounds what it may bill',
    ended: 'its provider has ended it',
    ranked: 'rerank, billed by query',
    foreign: 'the provider elsewhere has no adapter here; its price is kept',
  });
  const written = JSON.parse(await readFile(imported.path, 'utf8')) as {
    entries: number;
    models: unknown[];
    left_out: { name: string }[];
  };
  const names = new Set(written.left_out.map(({ name }) => name));
  expect(written.models.length + names.size).toBe(written.entries);
  expect(written).toMatchObject({
    source: 'imported from table.json',
    imported: '2027-03-01T12:00:00Z',
    prices_left_out: [{ name: 'speaker', field: 'output_cost_per_second' }],
  });
});

test('importing again changes nothing, and what stands in models.yml is not overruled', async () => {
  const before = await readFile(imported.path, 'utf8');
  await importModels(join(folder, 'table.json'), folder, NOW);
  expect(await readFile(imported.path, 'utf8')).toBe(before);
});
