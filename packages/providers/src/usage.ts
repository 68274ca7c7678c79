import type { Usage } from '@purser/money';

import { isObject, type Json } from './json.ts';

/**
 * Providers' usage reports in one shape: `input_tokens` the total with cached and written tokens, `output_tokens` the total with
 * reasoning. Each function takes the report as the provider sent it and answers null for one that is absent, lacks a total, or
 * cannot be so. Null is not zero: the caller then counts the worst case as unresolved.
 */

/** No model reads or writes this many tokens in one call; a count beyond it is a broken report. */
const TOKENS_MAX = 1_000_000_000;

/** Absent is undefined; present and impossible (negative, fractional, absurd, no number) is null. */
export function count(report: Json, member: string): Count {
  const value = report[member];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= TOKENS_MAX ? value : null;
}

export function part(report: Json, member: string): Json {
  const value = report[member];
  return isObject(value) ? value : {};
}

type Count = number | null | undefined;

interface Counts {
  readonly input: Count;
  readonly output: Count;
  readonly cached: Count;
  readonly cache_write: Count;
  readonly reasoning: Count;
  /** Parts that have a price of their own where they are not zero. */
  readonly priced_apart?: Readonly<Partial<Record<PricedApart, Count>>>;
}

const PRICED_APART = [
  'cache_write_1h_tokens',
  'audio_input_tokens',
  'cached_audio_input_tokens',
  'audio_output_tokens',
  'image_output_tokens',
  'web_searches',
] as const;
type PricedApart = (typeof PRICED_APART)[number];

export function usageOf({ input, output, cached, cache_write, reasoning, priced_apart = {} }: Counts): Usage | null {
  if (input === undefined || output === undefined || input === null || output === null) return null;
  if (cached === null || cache_write === null || reasoning === null) return null;
  if ((cached ?? 0) + (cache_write ?? 0) > input || (reasoning ?? 0) > output) return null;
  if (exceeds(priced_apart, input, output)) return null;
  const usage: Writable<Usage> = { input_tokens: input, output_tokens: output };
  if (cached !== undefined) usage.cached_input_tokens = cached;
  if (cache_write !== undefined) usage.cache_write_tokens = cache_write;
  if (reasoning !== undefined) usage.reasoning_tokens = reasoning;
  for (const name of PRICED_APART) {
    const tokens = priced_apart[name];
    if (tokens === null) return null;
    if (tokens !== undefined && tokens !== 0) usage[name] = tokens;
  }
  return usage;
}

type Writable<T> = { -readonly [member in keyof T]: T[member] };

/** A part is no larger than its whole. */
function exceeds(parts: NonNullable<Counts['priced_apart']>, input: number, output: number): boolean {
  const { cache_write_1h_tokens, audio_input_tokens, cached_audio_input_tokens, audio_output_tokens, image_output_tokens } =
    parts;
  const of_input = Math.max(cache_write_1h_tokens ?? 0, audio_input_tokens ?? 0, cached_audio_input_tokens ?? 0);
  return of_input > input || (audio_output_tokens ?? 0) + (image_output_tokens ?? 0) > output;
}

/**
 * The output as the provider bills it: the larger of what it calls output and what its total leaves beside the input. Some
 * OpenAI-shaped providers (xAI, Gemini's compatible endpoint) leave reasoning out of `completion_tokens` but not out of the total;
 * embeddings report only input and total.
 */
function outputWithin(output: Count, total: Count, input: Count): Count {
  if (output === null || total === null) return null;
  if (total === undefined || typeof input !== 'number') return output;
  return output === undefined && total < input ? null : Math.max(output ?? 0, total - input);
}

/** OpenAI's chat and embedding `usage`, and that of everything that speaks its protocol (DeepSeek's cache counts included). */
export function usageFromOpenAi(report: unknown): Usage | null {
  if (!isObject(report)) return null;
  const input = count(report, 'prompt_tokens');
  const given = part(report, 'prompt_tokens_details');
  const made = part(report, 'completion_tokens_details');
  return usageOf({
    input,
    output: outputWithin(count(report, 'completion_tokens'), count(report, 'total_tokens'), input),
    cached: count(given, 'cached_tokens') ?? count(report, 'prompt_cache_hit_tokens'),
    cache_write: count(given, 'cache_write_tokens'),
    reasoning: count(made, 'reasoning_tokens'),
    priced_apart: {
      audio_input_tokens: count(given, 'audio_tokens'),
      audio_output_tokens: count(made, 'audio_tokens'),
      web_searches: sum(count(report, 'num_search_queries'), count(part(report, 'server_tool_use'), 'web_search_requests')),
    },
  });
}

/** Gemini's `usageMetadata`: thoughts are billed as output and stand beside `candidatesTokenCount`, not in it; so do tool prompts. */
export function usageFromGoogle(report: unknown): Usage | null {
  if (!isObject(report)) return null;
  const prompt = sum(count(report, 'promptTokenCount'), count(report, 'toolUsePromptTokenCount'));
  const thoughts = count(report, 'thoughtsTokenCount');
  return usageOf({
    input: count(report, 'promptTokenCount') === undefined ? undefined : prompt,
    output: outputWithin(sum(count(report, 'candidatesTokenCount'), thoughts), count(report, 'totalTokenCount'), prompt),
    cached: count(report, 'cachedContentTokenCount'),
    cache_write: undefined,
    reasoning: thoughts,
    priced_apart: {
      audio_input_tokens: sum(
        ofModality(report, 'promptTokensDetails', 'AUDIO'),
        ofModality(report, 'toolUsePromptTokensDetails', 'AUDIO'),
      ),
      cached_audio_input_tokens: ofModality(report, 'cacheTokensDetails', 'AUDIO'),
      audio_output_tokens: ofModality(report, 'candidatesTokensDetails', 'AUDIO'),
      image_output_tokens: ofModality(report, 'candidatesTokensDetails', 'IMAGE'),
    },
  });
}

/** Gemini lists what its counts are made of by modality. */
function ofModality(report: Json, member: string, modality: string): Count {
  const details = report[member];
  if (!Array.isArray(details)) return undefined;
  return details
    .filter((detail): detail is Json => isObject(detail) && detail['modality'] === modality)
    .map((detail) => count(detail, 'tokenCount'))
    .reduce(sum, undefined);
}

/**
 * Anthropic's `usage`: its `input_tokens` leaves cached and written tokens out. With context compaction the top level leaves the
 * compaction steps out too, and `iterations` holds every step: the sum of them, never the last.
 */
export function usageFromAnthropic(report: unknown): Usage | null {
  if (!isObject(report)) return null;
  const steps = executorSteps(report);
  const cached = steps.map((step) => count(step, 'cache_read_input_tokens')).reduce(sum, undefined);
  const cache_write = steps.map((step) => count(step, 'cache_creation_input_tokens')).reduce(sum, undefined);
  const fresh = steps.map((step) => count(step, 'input_tokens'));
  const output = steps.map((step) => count(step, 'output_tokens'));
  if (fresh.includes(undefined) || output.includes(undefined)) return null;
  return usageOf({
    input: sum(sum(fresh.reduce(sum, undefined), cached), cache_write),
    output: output.reduce(sum, undefined),
    cached,
    cache_write,
    reasoning: count(part(report, 'output_tokens_details'), 'thinking_tokens'),
    priced_apart: {
      cache_write_1h_tokens: steps
        .map((step) => count(part(step, 'cache_creation'), 'ephemeral_1h_input_tokens'))
        .reduce(sum, undefined),
      web_searches: count(part(report, 'server_tool_use'), 'web_search_requests'),
    },
  });
}

function executorSteps(report: Json): readonly Json[] {
  const given = report['iterations'];
  const iterations: readonly Json[] = Array.isArray(given) ? given.filter(isObject) : [];
  if (iterations.some((step) => step['type'] === 'fallback_message')) return [report];
  const steps = iterations.filter((step) => step['type'] === 'message' || step['type'] === 'compaction');
  return steps.length > 0 ? steps : [report];
}

/** Null (impossible) wins over a number, a number over undefined (absent). */
function sum(a: Count, b: Count): Count {
  if (a === null || b === null) return null;
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

/** What providers call their standard way of processing, and what they say when there is but one. */
const STANDARD: ReadonlySet<string> = new Set([
  '',
  'default',
  'standard',
  'auto',
  'on_demand',
  'service_tier_unspecified',
  'unspecified',
]);

/** The service tier that a provider says it used; undefined for its standard one. */
export function serviceTier(told: unknown): string | undefined {
  if (typeof told !== 'string') return undefined;
  const name = told.toLowerCase().slice(0, 40);
  return STANDARD.has(name) ? undefined : name;
}
