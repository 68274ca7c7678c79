import { type Refusal, refuse } from '@purser/core';

import type { Draft } from '../draft.ts';

/** Bounds what one request may ask: too much input is refused, too much output is cut to what the plan allows, and said so. */
export function checkSize(draft: Draft): Draft | Refusal {
  const { policy, ask, bounds, output_tokens } = draft;
  const { input_chars_max, output_tokens_max } = policy.request;
  if (bounds.chars > input_chars_max) {
    return refuse('request_too_large', `the prompt has ${bounds.chars} characters; the plan allows ${input_chars_max}`);
  }
  if (output_tokens <= output_tokens_max) return draft;
  const rung = policy.degraded.get('request.output_tokens_max');
  const why = rung?.why ?? `the plan allows ${output_tokens_max} tokens a request`;
  const cut = { what: `output cut to ${output_tokens_max} tokens`, why };
  // Who asked for no number is told only when a ladder, and not the plan, gives less than the operation would.
  const told = ask.output_tokens_max !== undefined || rung !== undefined;
  return { ...draft, output_tokens: output_tokens_max, degraded: told ? [...draft.degraded, cut] : draft.degraded };
}
