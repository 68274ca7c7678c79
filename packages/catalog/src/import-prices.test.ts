import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { actualCost, formatAmount, isUnpriced, type ModelPrice, type Usage } from '@purser/money';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Catalog, importPrices, loadCatalog, type PricesImport } from './index.ts';
import { convertLitellm } from './litellm.ts';
import { writeSmallCatalog } from './testing/small-catalog.ts';

const NOW = Temporal.Instant.from('2026-11-21T12:00Z');

/** The shapes of the community table, each as it really occurs there. */
const TABLE = `{
  "sample_spec": { "input_cost_per_token": 0.0, "litellm_provider": "one of …", "mode": "one of: chat, …" },
  "gemini/flash": { "litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 7.5e-08, "output_cost_per_token": 3e-07,
    "cache_read_input_token_cost": 1.875e-08, "output_cost_per_reasoning_token": 3.5e-06, "input_cost_per_audio_token": 1e-06 },
  "gemini/pro": { "litellm_provider": "gemini", "mode": "chat", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
    "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05, "input_cost_per_token_above_200k_tokens_priority": 9.9e-06 },
  "claude": { "litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
    "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06, "cache_read_input_token_cost": 3e-07,
    "input_cost_per_token_priority": 6e-06, "output_cost_per_token_priority": 3e-05, "input_cost_per_token_batches": 1.5e-06,
    "search_context_cost_per_query": { "search_context_size_low": 0.01, "search_context_size_high": 0.01 } },
  "dashscope/qwen": { "litellm_provider": "dashscope", "mode": "chat", "tiered_pricing": [
    { "range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07 },
    { "range": [256000.0, 1000000.0], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06 } ] },
  "databricks/noisy": { "litellm_provider": "databricks", "mode": "chat", "input_cost_per_token": 3.0001999999999996e-07, "output_cost_per_token": 2.49998e-06 },
  "perplexity/sonar": { "litellm_provider": "perplexity", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06,
    "search_context_cost_per_query": { "search_context_size_low": 0.005, "search_context_size_high": 0.012 } },
  "text-embedding": { "litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0 },
  "tts": { "litellm_provider": "openai", "mode": "audio_speech", "input_cost_per_character": 1.5e-05 },
  "whisper": { "litellm_provider": "openai", "mode": "audio_transcription", "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001 },
  "dall-e": { "litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04 },
  "hd/1024-x-1792/dall-e": { "litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 6.539e-08, "output_cost_per_pixel": 0.0 },
  "standard/1024-x-1024/dall-e": { "litellm_provider": "openai", "mode": "image_generation", "input_cost_per_pixel": 3.81469e-08, "output_cost_per_pixel": 0.0 },
  "cloud/one": { "litellm_provider": "cloud", "mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06 },
  "mail/email": { "litellm_provider": "mail", "mode": "completion", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06 },
  "free": { "litellm_provider": "openrouter", "mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0 },
  "half": { "litellm_provider": "openrouter", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 0 },
  "cliff": { "litellm_provider": "xai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "input_cost_per_token_above_128k_tokens": 0 },
  "inputless": { "litellm_provider": "bedrock", "mode": "chat", "output_cost_per_token": 7.5e-06, "input_cost_per_second": 0.01 },
  "negative": { "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1e-06, "output_cost_per_token": 1e-06 },
  "live": { "litellm_provider": "openai", "mode": "realtime", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06 },
  "rerank": { "litellm_provider": "cohere", "mode": "rerank", "input_cost_per_query": 0.002 },
  "512-x-512/50-steps/diffusion": { "litellm_provider": "bedrock", "mode": "image_generation", "output_cost_per_image": 0.018 },
  "deep": { "litellm_provider": "perplexity", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "citation_cost_per_token": 2e-06 },
  "modeless": { "litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06 },
  "last_updated": "2026-07-24"
}`;

let imported: PricesImport;
let catalog: Catalog;
let folder: string;
let again: string;

beforeAll(async () => {
  const { path } = await writeSmallCatalog();
  folder = dirname(path);
  const table = join(folder, 'table.json');
  await writeFile(table, TABLE);
  imported = await importPrices(table, folder, NOW);
  again = await readFile(imported.path, 'utf8');
  catalog = await loadCatalog(path);
});
afterAll(() => rm(folder, { recursive: true }));

function priceOf(key: string): ModelPrice {
  const price = catalog.prices.findByKey(key, NOW);
  if (!price) throw new Error(`no price for ${key}`);
  return price;
}

function costOf(key: string, usage: Partial<Usage>): string {
  const cost = actualCost(priceOf(key), { input_tokens: 0, output_tokens: 0, ...usage });
  return isUnpriced(cost) ? `unpriced ${cost.unpriced}` : formatAmount(cost);
}

describe('prices imported from the community table', () => {
  test('are exact though the table writes exponents and float noise', () => {
    expect(costOf('gemini/flash', { input_tokens: 1_000_000, output_tokens: 1 })).toBe('0.0750003');
    expect(costOf('gemini/flash', { input_tokens: 1_000_000, cached_input_tokens: 1_000_000 })).toBe('0.01875');
    expect(costOf('gemini/flash', { output_tokens: 1_000_000, reasoning_tokens: 1_000_000 })).toBe('3.5');
    expect(priceOf('databricks/noisy').units.input_token).toBe(300_019_999_999_999_960n);
  });

  test('keep tiers above a context size, written as fields or as ranges', () => {
    expect(costOf('gemini/pro', { input_tokens: 200_000, output_tokens: 1000 })).toBe('0.26');
    expect(costOf('gemini/pro', { input_tokens: 200_001, output_tokens: 1000 })).toBe('0.5150025');
    expect(costOf('dashscope/qwen', { input_tokens: 256_000 })).toBe('0.0128');
    expect(costOf('dashscope/qwen', { input_tokens: 300_000 })).toBe('0.075');
  });

  test('keep cache writes, embeddings, characters, seconds and the fee of a search on every call', () => {
    expect(costOf('anthropic/claude', { input_tokens: 1000, cache_write_tokens: 1000 })).toBe('0.00375');
    expect(costOf('openai/text-embedding', { input_tokens: 1_000_000 })).toBe('0.02');
    expect(costOf('openai/tts', { characters: 1000 })).toBe('0.015');
    expect(costOf('openai/whisper', { seconds: 60 })).toBe('0.006');
    expect(costOf('perplexity/sonar', {})).toBe('0.012');
  });

  test('keep the prices of service tiers that price input and output, of sound, of a cache of an hour and of searches', () => {
    const { prices } = convertLitellm(TABLE);
    const of = (key: string) => prices.find((price) => price.key === key);
    expect(of('anthropic/claude')).toMatchObject({
      each: { cache_write_1h_token: '0.000006', web_search: '0.01' },
      service_tiers: [{ name: 'priority', each: { input_token: '0.000006', output_token: '0.00003' } }],
    });
    expect(of('gemini/flash')?.each).toMatchObject({ audio_input_token: '0.000001' });
    expect(of('gemini/pro')).not.toHaveProperty('service_tiers');
  });

  test('turn pixels into images, and price what is not listed like the dearest that is', () => {
    const images = (size: string, quality: string) => costOf('openai/dall-e', { images: [{ size, quality, count: 1 }] });
    expect(images('1024x1024', 'standard')).toBe('0.039999924');
    expect(images('1024x1792', 'hd')).toBe('0.119991174');
    expect(images('4096x4096', 'hd')).toBe('0.119991174');
  });

  test('leave out what is not certain, and say how many and why', () => {
    expect(imported).toMatchObject({ read: 12, skipped: 12 });
    for (const reason of [
      'priced at zero: unknown is not free (free)',
      'input, output or a tier priced at zero (half, cliff)',
      'no price for input or output tokens (inputless, negative)',
      'realtime audio',
      'rerank',
      'images priced by steps',
      'bills citations',
      'no mode (modeless)',
      'not a model (sample_spec, last_updated)',
    ]) {
      expect(imported.text).toContain(reason);
    }
    expect(catalog.prices.findByKey('openrouter/free', NOW)).toBeUndefined();
  });

  test('hold from the import on; before it our own price stands, and what changes is told', () => {
    expect(costOf('cloud/one', { input_tokens: 1_000_000 })).toBe('2');
    const before = catalog.prices.findByKey('cloud/one', NOW.subtract({ hours: 1 }));
    expect(before?.units.input_token).not.toBe(priceOf('cloud/one').units.input_token);
    expect(imported.text).toContain('cloud/one input_token: 0.000001 → 0.000002 USD');
  });

  test('do not take away a unit that the table has no field for', () => {
    expect(costOf('mail/email', { emails: 1000 })).toBe('0.1');
  });

  test('are the same file when imported again', async () => {
    const second = await importPrices(join(folder, 'table.json'), folder, NOW);
    expect(await readFile(second.path, 'utf8')).toBe(again);
  });

  test('a file that is no such table changes nothing and is named', async () => {
    for (const text of ['[]', '{', '"x"', '']) {
      await writeFile(join(folder, 'wrong.json'), text);
      await expect(importPrices(join(folder, 'wrong.json'), folder, NOW)).rejects.toThrow(/wrong\.json is not a price table/);
    }
    for (const text of ['{}', '{"x":1}', '{"last_updated":"2026-07-24"}']) {
      await writeFile(join(folder, 'empty.json'), text);
      await expect(importPrices(join(folder, 'empty.json'), folder, NOW)).rejects.toThrow(
        /empty\.json has no price .*Nothing was written/,
      );
    }
    await expect(importPrices(join(folder, 'missing.json'), folder, NOW)).rejects.toThrow(/missing\.json cannot be read/);
    expect(await readFile(imported.path, 'utf8')).toBe(again);
  });

  test('two names for one model count at the dearer price', () => {
    const entry = (cost: string) =>
      `{ "litellm_provider": "vertex_ai-language-models", "mode": "chat", "input_cost_per_token": ${cost}, "output_cost_per_token": 1e-6 }`;
    const { prices } = convertLitellm(`{ "vertex_ai/g": ${entry('2e-6')}, "g": ${entry('1e-6')} }`);
    expect(prices).toEqual([{ key: 'vertex_ai/g', each: { input_token: '0.000002', output_token: '0.000001' } }]);
  });
});
