import type { Usage } from '@purser/money';

import { isObject } from '../json.ts';
import { count, part, usageOf } from '../usage.ts';

/** As in `usage.ts`: null is a report that is absent, lacks a total, or cannot be so. All that speech puts out is sound. */
export function usageOfSpeech(report: unknown): Usage | null {
  if (!isObject(report)) return null;
  const output = count(report, 'output_tokens');
  return usageOf({
    input: count(report, 'input_tokens'),
    output,
    cached: undefined,
    cache_write: undefined,
    reasoning: undefined,
    priced_apart: { audio_output_tokens: output },
  });
}

/** By duration (`{type: "duration", seconds}`), of which begun seconds count whole, or by tokens of sound and text. */
export function usageOfTranscription(report: unknown): Usage | null {
  if (!isObject(report)) return null;
  const { seconds } = report;
  if (typeof seconds === 'number')
    return Number.isFinite(seconds) && seconds >= 0 && seconds <= SECONDS_MAX
      ? { input_tokens: 0, output_tokens: 0, seconds: Math.ceil(seconds) }
      : null;
  return usageOf({
    input: count(report, 'input_tokens'),
    output: count(report, 'output_tokens'),
    cached: undefined,
    cache_write: undefined,
    reasoning: undefined,
    priced_apart: { audio_input_tokens: count(part(report, 'input_token_details'), 'audio_tokens') },
  });
}

/** No recording is longer than a year. */
const SECONDS_MAX = 31_622_400;
