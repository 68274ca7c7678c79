import type { Usage } from '@purser/money';

/**
 * How sure what a provider said about usage is.
 * - `final`: it said so when it had finished: this is the bill.
 * - `at_least`: it said so under way, or what it said last cannot be all: the bill is no smaller, and may be much larger, because
 *   hidden reasoning goes on unseen.
 * - `none`: it said nothing that can be so. Nothing is not zero.
 */
export type UsageReport =
  | { readonly certainty: 'final'; readonly usage: Usage }
  | { readonly certainty: 'at_least'; readonly usage: Usage }
  | { readonly certainty: 'none' };

export const NO_REPORT: UsageReport = Object.freeze({ certainty: 'none' });

export function finalReport(usage: Usage): UsageReport {
  return { certainty: 'final', usage };
}

/** A whole answer's report: what it says is the bill. */
export function wholeReport(usage: Usage | null): UsageReport {
  return usage === null ? NO_REPORT : finalReport(usage);
}

const INPUT = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'cache_write_1h_tokens',
  'audio_input_tokens',
  'cached_audio_input_tokens',
] as const;
const OUTPUT = ['output_tokens', 'reasoning_tokens', 'audio_output_tokens', 'image_output_tokens'] as const;

/**
 * The higher of two reports of one call, each side apart: counts only grow, so the higher one is nearer the bill. The parts of a side
 * (cached, reasoning) come from the same report as its total, because a discount must not be taken from another.
 */
export function higherUsage(earlier: Usage | null, later: Usage): Usage {
  if (earlier === null) return later;
  if (earlier.input_tokens <= later.input_tokens && earlier.output_tokens <= later.output_tokens) return later;
  const higher: Record<string, unknown> = { ...earlier, ...later };
  for (const side of [INPUT, OUTPUT]) {
    const total = side[0];
    const from = earlier[total] > later[total] ? earlier : later;
    for (const part of side) {
      if (from[part] === undefined) delete higher[part];
      else higher[part] = from[part];
    }
  }
  return higher as unknown as Usage;
}
