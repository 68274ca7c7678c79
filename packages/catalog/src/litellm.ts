import { formatDecimal, parseDecimal } from '@purser/money';
import { z } from 'zod';

import { imageVariant, mergeImages, type ImportedImage } from './litellm-images.ts';

/** One imported price in the form of a price file: amounts are plain decimal text for one piece. */
export interface ImportedPrice {
  readonly key: string;
  readonly each: Readonly<Record<string, string>>;
  readonly tiers?: readonly { readonly above_input_tokens: string; readonly each: Readonly<Record<string, string>> }[];
  readonly service_tiers?: readonly { readonly name: string; readonly each: Readonly<Record<string, string>> }[];
  readonly images?: readonly ImportedImage[];
}

export interface Conversion {
  readonly prices: readonly ImportedPrice[];
  /** Entries that were left out, with the reason. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

type Fields = Readonly<Record<string, unknown>>;
/** A price as far as one entry of the table tells it. */
interface Draft {
  readonly key: string;
  readonly each: Record<string, string>;
  readonly tiers: Map<string, Record<string, string>>;
  readonly service_tiers: Map<string, Record<string, string>>;
  readonly images: ImportedImage[];
  readonly ofImages: boolean;
}

const table = z.record(z.string(), z.unknown());
const fields = z.record(z.string(), z.unknown());

/**
 * Converts the community price table that LiteLLM publishes (`model_prices_and_context_window.json`), entry by entry, exactly.
 * What is not certain is left out with its reason: a price that is missing refuses a call, a price that is wrong loses money.
 * @throws SyntaxError or z.ZodError when the text is no such table.
 */
export function convertLitellm(text: string): Conversion {
  const skipped: { name: string; reason: string }[] = [];
  const drafts = new Map<string, Draft>();
  for (const [name, value] of Object.entries(table.parse(JSON.parse(quoteNumbers(text))))) {
    const entry = fields.safeParse(value);
    const result = entry.success ? draftOf(name, entry.data) : 'not a model';
    if (typeof result === 'string') skipped.push({ name, reason: result });
    else {
      const before = drafts.get(result.key);
      if (before) Object.assign(before, mergeDrafts(before, result));
      else drafts.set(result.key, result);
    }
  }
  const prices: ImportedPrice[] = [];
  for (const draft of drafts.values()) {
    if (draft.ofImages && draft.images.length === 0)
      skipped.push({ name: draft.key, reason: 'images without a price per image' });
    else prices.push(finish(draft));
  }
  return { prices, skipped };
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
  moderation: 'moderation',
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
    const units: Record<string, string> = {};
    for (const [field, unit] of Object.entries(TOKEN_FIELDS)) set(units, unit, priceOf(entry, field + SUFFIX[name]));
    if (units['input_token'] !== undefined && units['output_token'] !== undefined && !isZero(units['input_token']))
      draft.service_tiers.set(name, units);
  }
}

/** Perplexity's models search on every call, so the fee of a search is due on every call: the dearest of its three. */
function searchFee(entry: Fields): string | undefined {
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
  output_cost_per_image_token: 'image_output_token',
} as const;
/** Service tiers as the table ends its fields with them. */
const SERVICE_TIERS = ['priority', 'flex', 'batch'] as const;
const SUFFIX = { priority: '_priority', flex: '_flex', batch: '_batches' } as const;

const TIER = /^(.+)_above_(\d+)k_tokens$/;

function addTokens(draft: Draft, entry: Fields): string | undefined {
  for (const [field, unit] of Object.entries(TOKEN_FIELDS)) set(draft.each, unit, priceOf(entry, field));
  const hit = priceOf(entry, 'input_cost_per_token_cache_hit');
  if (draft.each['cached_input_token'] === undefined) set(draft.each, 'cached_input_token', hit);
  for (const field of Object.keys(entry)) {
    const [, base = '', thousands = ''] = TIER.exec(field) ?? [];
    const unit = Object.entries(TOKEN_FIELDS).find(([known]) => known === base)?.[1];
    if (unit !== undefined) set(tierOf(draft, `${thousands}000`), unit, priceOf(entry, field));
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

function tierOf(draft: Draft, above: string): Record<string, string> {
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
    set(draft.each, 'second', priceOf(entry, 'output_cost_per_second'));
  }
  return checked(draft, 'character', 'second');
}

function transcriptionDraft(key: string, entry: Fields): Draft | string {
  const draft = emptyDraft(key, false);
  // Some entries give the price of a second of audio as input and as output; it is billed once.
  set(draft.each, 'second', dearer(priceOf(entry, 'input_cost_per_second'), priceOf(entry, 'output_cost_per_second')));
  return checked(draft, 'second');
}

function imageDraft(provider: string, name: string, entry: Fields): Draft | string {
  const variant = imageVariant(name);
  if (typeof variant === 'string') return variant;
  const draft = emptyDraft(`${provider}/${variant.model}`, true);
  // A prompt may hold text and pictures; which tokens are which is not reported, so all count as the dearer.
  set(draft.each, 'input_token', dearer(priceOf(entry, 'input_cost_per_token'), priceOf(entry, 'input_cost_per_image_token')));
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

/** Two entries for one key (image sizes, or one model under two names): each unit at the dearer price. */
function mergeDrafts(a: Draft, b: Draft): Draft {
  const each = mergeUnits(a.each, b.each);
  const tiers = new Map(a.tiers);
  for (const [above, units] of b.tiers) tiers.set(above, mergeUnits(tiers.get(above) ?? {}, units));
  const service_tiers = new Map(a.service_tiers);
  for (const [name, units] of b.service_tiers) service_tiers.set(name, mergeUnits(service_tiers.get(name) ?? {}, units));
  return { ...a, each, tiers, service_tiers, images: [...a.images, ...b.images] };
}

function mergeUnits(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): Record<string, string> {
  const merged = { ...a };
  for (const [unit, amount] of Object.entries(b)) merged[unit] = dearer(merged[unit], amount) ?? amount;
  return merged;
}

function finish({ key, each, tiers, service_tiers, images }: Draft): ImportedPrice {
  const ascending = [...tiers].filter(([, units]) => Object.keys(units).length > 0).toSorted(([a], [b]) => Number(a) - Number(b));
  return {
    key,
    each,
    ...(ascending.length > 0 && { tiers: ascending.map(([above_input_tokens, units]) => ({ above_input_tokens, each: units })) }),
    ...(service_tiers.size > 0 && { service_tiers: [...service_tiers].map(([name, units]) => ({ name, each: units })) }),
    ...(images.length > 0 && { images: mergeImages(images, dearer) }),
  };
}

function emptyDraft(key: string, ofImages: boolean): Draft {
  return { key, each: {}, tiers: new Map(), service_tiers: new Map(), images: [], ofImages };
}

function set(units: Record<string, string>, unit: string, amount: string | undefined): void {
  if (amount !== undefined) units[unit] = amount;
}

function textOf(entry: Fields, field: string): string | undefined {
  const value = entry[field];
  return typeof value === 'string' ? value : undefined;
}

function priceOf(entry: Fields, field: string): string | undefined {
  const text = textOf(entry, field);
  return text === undefined ? undefined : plain(text);
}

/** Plain decimal text of the same value; undefined for what is no decimal, or is negative. */
function plain(text: string): string | undefined {
  try {
    const { digits, decimals } = parseDecimal(text);
    return digits < 0n ? undefined : formatDecimal(digits, decimals);
  } catch {
    return undefined;
  }
}

function timesWhole(amount: string, count: bigint): string {
  const { digits, decimals } = parseDecimal(amount);
  return formatDecimal(digits * count, decimals);
}

function isZero(amount: string): boolean {
  return parseDecimal(amount).digits === 0n;
}

function dearer(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const shared = Math.max(left.decimals, right.decimals);
  const scaled = ({ digits, decimals }: typeof left): bigint => digits * 10n ** BigInt(shared - decimals);
  return scaled(left) >= scaled(right) ? a : b;
}
