import type { Usage } from '@purser/money';

import { isObject } from '../json.ts';
import { count, usageOf } from '../usage.ts';

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
