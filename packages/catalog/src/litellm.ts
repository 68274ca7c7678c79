import { z } from 'zod';

import { type Draft, type DraftTier, emptyDraft, finish, type ImportedPrice, mergeDrafts, set } from './litellm-draft.ts';
import {
  dearer,
  type Fields,
  fieldsLeftOut,
  isZero,
  type LeftOut,
  noteRead,
  plain,
  priceOf,
  textOf,
  timesWhole,
} from './litellm-fields.ts';
import { imageVariant } from './litellm-images.ts';

export interface Conversion {
  /** Entries of the table. */
  readonly read: number;
  readonly prices: readonly ImportedPrice[];
  /** Entries that were left out, with the reason. */
  readonly skipped: readonly LeftOut[];
  /** Of entries that were taken the prices that were not, with the reason. */
  readonly fields_left_out: readonly (LeftOut & { readonly field: string })[];
  /** The entries that were taken, under the key of their price. */
  readonly entries: readonly { readonly name: string; readonly key: string; readonly fields: Fields }[];
}

const table = z.record(z.string(), z.unknown());
const fields = z.record(z.string(), z.unknown());

/**
 * Converts the community price table that LiteLLM publishes (`model_prices_and_context_window.json`), entry by entry, exactly.
 * What is not certain is left out with its reason: a price that is missing refuses a call, a price that is wrong loses money.
 * @throws SyntaxError or z.ZodError when the text is no such table.
 */
export function convertLitellm(text: string): Conversion {
  const skipped: LeftOut[] = [];
  const fields_left_out: (LeftOut & { field: string })[] = [];
  const entries: { name: string; key: string; fields: Fields }[] = [];
  const drafts = new Map<string, Draft>();
  const read = Object.entries(table.parse(JSON.parse(quoteNumbers(text))));
  for (const [name, value] of read) {
    const entry = fields.safeParse(value);
    const result = entry.success ? draftOf(name, entry.data) : 'not a model';
    if (typeof result === 'string' || !entry.success)
      skipped.push({ name, reason: typeof result === 'string' ? result : 'not a model' });
    else {
      entries.push({ name, key: result.key, fields: entry.data });
      fields_left_out.push(...fieldsLeftOut(name, entry.data));
      const before = drafts.get(result.key);
      if (before) Object.assign(before, mergeDrafts(before, result));
      else drafts.set(result.key, result);
    }
  }
  const prices: ImportedPrice[] = [];
  for (const draft of drafts.values()) {
    if (draft.ofImages && draft.images.length === 0 && draft.each['image_output_token'] === undefined)
      skipped.push({ name: draft.key, reason: 'images without a price per image or token' });
    else prices.push(finish(draft));
  }
  return { read: read.length, prices, skipped, fields_left_out, entries };
}

/** Turns every number of a JSON text into a string, so that 7.5e-08 arrives as written and not as the nearest float. */
function quoteNumbers(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"${token}"`));
}

const TEXT_MODES = new Set(['chat', 'completion', 'responses']);
const IMAGE_MODES = new Set(['image_generation', 'image_edit']);
const MODES_LEFT_OUT: Readonly<Record<string, string>> = {
  realtime: 'realtime audio, billed by audio tokens',
  rerank: 'rerank, billed by query',
  search: 'search, billed by query',
  ocr: 'document pages, which are not a unit here',
  video_generation: 'video, whose resolutions are priced apart',
  vector_store: 'storage',
};

function draftOf(name: string, entry: Fields): Draft | string {
  const mode = textOf(entry, 'mode') ?? '';
  const provider = providerOf(textOf(entry, 'litellm_provider') ?? '');
  if (name === 'sample_spec') return 'not a model';
  if (provider === '') return 'no provider';
  const model = modelOf(name, textOf(entry, 'litellm_provider') ?? '', provider);
  if (/\s/.test(model) || model.length > 120) return 'a name with spaces, or too long';
  if (textOf(entry, 'citation_cost_per_token') !== undefined) return 'bills citations, which nothing bounds';
  const left_out = MODES_LEFT_OUT[mode];
  if (left_out !== undefined) return left_out;
  if (IMAGE_MODES.has(mode)) return imageDraft(provider, model, entry);
  if (TEXT_MODES.has(mode)) return textDraft(`${provider}/${model}`, provider, entry);
  if (mode === 'embedding') return embeddingDraft(`${provider}/${model}`, entry);
  if (mode === 'audio_speech') return speechDraft(`${provider}/${model}`, entry);
  if (mode === 'moderation') return moderationDraft(`${provider}/${model}`, entry);
  if (mode === 'audio_transcription') return transcriptionDraft(`${provider}/${model}`, entry);
  return mode === '' ? 'no mode' : `the unknown mode ${mode}`;
}

const ALIASES: Readonly<Record<string, string>> = {
  bedrock_converse: 'bedrock',
  'text-completion-openai': 'openai',
  'text-completion-codestral': 'codestral',
  cohere_chat: 'cohere',
  azure_text: 'azure',
  'fireworks_ai-embedding-models': 'fireworks_ai',
};

function providerOf(written: string): string {
  if (written.startsWith('vertex_ai')) return 'vertex_ai';
  return /^[\w.-]*$/.test(written) ? (ALIASES[written] ?? written) : '';
}

function modelOf(name: string, written: string, provider: string): string {
  for (const prefix of [`${written}/`, `${provider}/`]) if (name.startsWith(prefix)) return name.slice(prefix.length);
  return name;
}

function textDraft(key: string, provider: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  const tiered = entry['tiered_pricing'];
  noteRead(entry, 'tiered_pricing');
  const problem = Array.isArray(tiered) ? addTieredPricing(draft, tiered) : addTokens(draft, entry);
  if (problem !== undefined) return problem;
  const input = draft.each['input_token'];
  const output = draft.each['output_token'];
  if (input === undefined || output === undefined) return 'no price for input or output tokens';
  if (isZero(input) && isZero(output)) return 'priced at zero: unknown is not free';
  const tiered_prices = [...draft.tiers.values()].flatMap((tier) => Object.values(tier));
  if ([input, output, ...tiered_prices].some(isZero)) return 'input, output or a tier priced at zero';
  addServiceTiers(draft, entry);
  // A model that searches when it is asked to bills each search: the dearest of its three sizes.
  if (provider !== 'perplexity') set(draft.each, 'web_search', searchFee(entry));
  const request = priceOf(entry, 'input_cost_per_request') ?? (provider === 'perplexity' ? searchFee(entry) : undefined);
  if (request !== undefined) draft.each['request'] = request;
  return draft;
}

/** A tier counts when it prices input and output; what it leaves out of those two costs what its input or output does. */
function addServiceTiers(draft: Draft, entry: Fields): void {
  for (const name of SERVICE_TIERS) {
    const tier: DraftTier = { each: {}, tiers: new Map() };
    for (const [field, unit] of Object.entries(TOKEN_FIELDS)) set(tier.each, unit, priceOf(entry, field + SUFFIX[name]));
    for (const field of Object.keys(entry)) {
      const [, base = '', thousands = '', suffix = ''] = TIER.exec(field) ?? [];
      const unit = unitOf(base);
      if (unit !== undefined && suffix === SUFFIX[name]) set(tierOf(tier, `${thousands}000`), unit, priceOf(entry, field));
    }
    const { input_token, output_token } = tier.each;
    if (input_token !== undefined && output_token !== undefined && !isZero(input_token)) draft.service_tiers.set(name, tier);
  }
}

/** Perplexity's models search on every call, so the fee of a search is due on every call: the dearest of its three. */
function searchFee(entry: Fields): string | undefined {
  noteRead(entry, 'search_context_cost_per_query');
  const fees = fields.safeParse(entry['search_context_cost_per_query']);
  if (!fees.success) return undefined;
  let most: string | undefined;
  for (const size of Object.keys(fees.data)) most = dearer(most, priceOf(fees.data, size));
  return most;
}

const TOKEN_FIELDS = {
  input_cost_per_token: 'input_token',
  output_cost_per_token: 'output_token',
  cache_read_input_token_cost: 'cached_input_token',
  cache_creation_input_token_cost: 'cache_write_token',
  output_cost_per_reasoning_token: 'reasoning_token',
  cache_creation_input_token_cost_above_1hr: 'cache_write_1h_token',
  input_cost_per_audio_token: 'audio_input_token',
  cache_read_input_audio_token_cost: 'cached_audio_input_token',
  output_cost_per_audio_token: 'audio_output_token',
  input_cost_per_image_token: 'image_input_token',
  output_cost_per_image_token: 'image_output_token',
} as const;
/** Service tiers as the table ends its fields with them. */
const SERVICE_TIERS = ['priority', 'flex', 'batch'] as const;
const SUFFIX = { priority: '_priority', flex: '_flex', batch: '_batches' } as const;

const TIER = /^(.+?)_above_(\d+)k_tokens(|_priority|_flex|_batches)$/;

function unitOf(field: string): string | undefined {
  return Object.entries(TOKEN_FIELDS).find(([known]) => known === field)?.[1];
}

function addTokens(draft: Draft, entry: Fields): string | undefined {
  for (const [field, unit] of Object.entries(TOKEN_FIELDS)) set(draft.each, unit, priceOf(entry, field));
  const hit = priceOf(entry, 'input_cost_per_token_cache_hit');
  if (draft.each['cached_input_token'] === undefined) set(draft.each, 'cached_input_token', hit);
  for (const field of Object.keys(entry)) {
    const [, base = '', thousands = '', suffix = ''] = TIER.exec(field) ?? [];
    const unit = unitOf(base);
    if (unit !== undefined && suffix === '') set(tierOf(draft, `${thousands}000`), unit, priceOf(entry, field));
  }
  return undefined;
}

/** `tiered_pricing`: a list of prices by range of input tokens; the whole request costs its range's. */
function addTieredPricing(draft: Draft, ranges: readonly unknown[]): string | undefined {
  for (const [index, range] of ranges.entries()) {
    const parsed = fields.safeParse(range);
    const bounds = parsed.success ? z.array(z.string()).length(2).safeParse(parsed.data['range']) : undefined;
    if (!parsed.success || !bounds?.success) return 'a tier without a range of input tokens';
    const start = plain(bounds.data[0] ?? '');
    if (start === undefined || !/^\d+$/.test(start) || (index === 0) !== (start === '0'))
      return 'tiers that do not start at zero';
    const into = index === 0 ? draft.each : tierOf(draft, start);
    for (const [field, unit] of Object.entries(TOKEN_FIELDS)) set(into, unit, priceOf(parsed.data, field));
  }
  return undefined;
}

function tierOf(draft: Pick<Draft, 'tiers'>, above: string): Record<string, string> {
  const known = draft.tiers.get(above);
  if (known) return known;
  const tier: Record<string, string> = {};
  draft.tiers.set(above, tier);
  return tier;
}

function embeddingDraft(key: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  set(draft.each, 'input_token', priceOf(entry, 'input_cost_per_token'));
  return checked(draft, 'input_token');
}

function speechDraft(key: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  set(draft.each, 'character', priceOf(entry, 'input_cost_per_character'));
  if (draft.each['character'] === undefined) {
    set(draft.each, 'input_token', priceOf(entry, 'input_cost_per_token'));
    set(draft.each, 'audio_output_token', priceOf(entry, 'output_cost_per_audio_token'));
    // Some entries say what a second comes to beside what a token costs; the tokens are what is billed.
    if (draft.each['audio_output_token'] === undefined) {
      set(draft.each, 'second', priceOf(entry, 'output_cost_per_second'));
      set(draft.each, 'audio_output_token', priceOf(entry, 'output_cost_per_token'));
    }
  }
  return checked(draft, 'character', 'second', 'audio_output_token');
}

function transcriptionDraft(key: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  const [sound, words] = [priceOf(entry, 'input_cost_per_audio_token'), priceOf(entry, 'output_cost_per_token')];
  if (sound !== undefined && words !== undefined && !isZero(sound)) {
    set(draft.each, 'audio_input_token', sound);
    set(draft.each, 'input_token', priceOf(entry, 'input_cost_per_token') ?? sound);
    set(draft.each, 'output_token', words);
    return draft;
  }
  // Some entries give the price of a second of audio as input and as output; it is billed once.
  set(draft.each, 'second', dearer(priceOf(entry, 'input_cost_per_second'), priceOf(entry, 'output_cost_per_second')));
  return checked(draft, 'second');
}

/** What is written as zero for a moderation model is free by its provider's own word. */
function moderationDraft(key: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  const input = priceOf(entry, 'input_cost_per_token');
  if (input === undefined) return 'no price for a token';
  draft.each[isZero(input) ? 'request' : 'input_token'] = input;
  return draft;
}

function imageDraft(provider: string, name: string, entry: Fields): Draft | string {
  const variant = imageVariant(name);
  if (typeof variant === 'string') return variant;
  const draft = emptyDraft(`${provider}/${variant.model}`, true);
  set(draft.each, 'input_token', priceOf(entry, 'input_cost_per_token'));
  for (const field of ['input_cost_per_image_token', 'output_cost_per_image_token', 'cache_read_input_token_cost'] as const)
    set(draft.each, TOKEN_FIELDS[field], priceOf(entry, field));
  // Words beside an image cost what the table says, or as much as the image.
  if (draft.each['image_output_token'] !== undefined)
    set(draft.each, 'output_token', priceOf(entry, 'output_cost_per_token') ?? draft.each['image_output_token']);
  let each = dearer(priceOf(entry, 'output_cost_per_image'), priceOf(entry, 'input_cost_per_image'));
  const pixel = dearer(priceOf(entry, 'input_cost_per_pixel'), priceOf(entry, 'output_cost_per_pixel'));
  if (each === undefined && pixel !== undefined && variant.pixels !== undefined) each = timesWhole(pixel, variant.pixels);
  if (each !== undefined && isZero(each)) return 'priced at zero: unknown is not free';
  if (each !== undefined) draft.images.push({ size: variant.size, quality: variant.quality, each });
  return draft;
}

function checked(draft: Draft, ...units: readonly string[]): Draft | string {
  const amounts = units.map((unit) => draft.each[unit]).filter((amount) => amount !== undefined);
  if (amounts.length === 0) return `no price for a ${units.join(' or ')}`;
  return amounts.every(isZero) ? 'priced at zero: unknown is not free' : draft;
}
