import type { Usage } from '@purser/money';

/**
 * Providers' usage reports in one shape: `input_tokens` the total with cached and written tokens, `output_tokens` the total with
 * reasoning. Each function takes the report as the provider sent it and answers null for one that is absent, lacks a total, or
 * cannot be so. Null is not zero: the caller then counts the worst case as doubtful.
 */

/** No model reads or writes this many tokens in one call; a count beyond it is a broken report. */
const TOKENS_MAX = 1_000_000_000;

type Report = Readonly<Record<string, unknown>>;

/** Absent is undefined; present and impossible (negative, fractional, absurd, no number) is null. */
function count(report: Report, member: string): number | null | undefined {
  const value = report[member];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= TOKENS_MAX ? value : null;
}

function part(report: Report, member: string): Report {
  const value = report[member];
  return isReport(value) ? value : {};
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Counts {
  readonly input: number | null | undefined;
  readonly output: number | null | undefined;
  readonly cached: number | null | undefined;
  readonly cache_write: number | null | undefined;
  readonly reasoning: number | null | undefined;
}

function usageOf({ input, output, cached, cache_write, reasoning }: Counts): Usage | null {
  if (input === undefined || output === undefined || input === null || output === null) return null;
  if (cached === null || cache_write === null || reasoning === null) return null;
  if ((cached ?? 0) + (cache_write ?? 0) > input || (reasoning ?? 0) > output) return null;
  return {
    input_tokens: input,
    output_tokens: output,
    ...(cached === undefined ? {} : { cached_input_tokens: cached }),
    ...(cache_write === undefined ? {} : { cache_write_tokens: cache_write }),
    ...(reasoning === undefined ? {} : { reasoning_tokens: reasoning }),
  };
}

/**
 * The output as the provider bills it: the larger of what it calls output and what its total leaves beside the input. Some
 * OpenAI-shaped providers (xAI, Gemini's compatible endpoint) leave reasoning out of `completion_tokens` but not out of the total;
 * embeddings report only input and total.
 */
function outputWithin(
  output: number | null | undefined,
  total: number | null | undefined,
  input: number | null | undefined,
): number | null | undefined {
  if (output === null || total === null) return null;
  if (total === undefined || typeof input !== 'number') return output;
  return output === undefined && total < input ? null : Math.max(output ?? 0, total - input);
}

/** OpenAI's chat and embedding `usage`, and that of everything that speaks its protocol (DeepSeek's cache counts included). */
export function usageFromOpenAi(report: unknown): Usage | null {
  if (!isReport(report)) return null;
  const input = count(report, 'prompt_tokens');
  const given = part(report, 'prompt_tokens_details');
  return usageOf({
    input,
    output: outputWithin(count(report, 'completion_tokens'), count(report, 'total_tokens'), input),
    cached: count(given, 'cached_tokens') ?? count(report, 'prompt_cache_hit_tokens'),
    cache_write: count(given, 'cache_write_tokens'),
    reasoning: count(part(report, 'completion_tokens_details'), 'reasoning_tokens'),
  });
}

/** Gemini's `usageMetadata`: thoughts are billed as output and stand beside `candidatesTokenCount`, not in it; so do tool prompts. */
export function usageFromGoogle(report: unknown): Usage | null {
  if (!isReport(report)) return null;
  const prompt = sum(count(report, 'promptTokenCount'), count(report, 'toolUsePromptTokenCount'));
  const thoughts = count(report, 'thoughtsTokenCount');
  return usageOf({
    input: count(report, 'promptTokenCount') === undefined ? undefined : prompt,
    output: outputWithin(sum(count(report, 'candidatesTokenCount'), thoughts), count(report, 'totalTokenCount'), prompt),
    cached: count(report, 'cachedContentTokenCount'),
    cache_write: undefined,
    reasoning: thoughts,
  });
}

/**
 * Anthropic's `usage`: its `input_tokens` leaves cached and written tokens out. With context compaction the top level leaves the
 * compaction steps out too, and `iterations` holds every step: the sum of them, never the last.
 */
export function usageFromAnthropic(report: unknown): Usage | null {
  if (!isReport(report)) return null;
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
  });
}

function executorSteps(report: Report): readonly Report[] {
  const given = report['iterations'];
  const iterations: readonly Report[] = Array.isArray(given) ? given.filter(isReport) : [];
  if (iterations.some((step) => step['type'] === 'fallback_message')) return [report];
  const steps = iterations.filter((step) => step['type'] === 'message' || step['type'] === 'compaction');
  return steps.length > 0 ? steps : [report];
}

/** Null (impossible) wins over a number, a number over undefined (absent). */
function sum(a: number | null | undefined, b: number | null | undefined): number | null | undefined {
  if (a === null || b === null) return null;
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}
