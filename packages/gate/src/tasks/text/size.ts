import { type Refusal, refuse } from '@purser/core';
import { promptBounds } from '@purser/routing';

import type { Sizing } from '../task.ts';
import { boundsOf } from './openai/request.ts';
import { instructed, type TextInput, type TextSize } from './text-input.ts';

/** Bounds what one request may ask: too much input is refused, too much output is cut to what the plan allows, and said so. */
export function sizeOf({ input, operation, policy }: Sizing<TextInput>): TextSize | Refusal {
  const { input_chars_max, output_tokens_max } = policy.request;
  const bounds = 'body' in input ? boundsOf(input.body) : promptBounds(instructed(operation, input.messages));
  if (bounds.chars > input_chars_max) {
    return refuse('request_too_large', `the prompt has ${bounds.chars} characters; the plan allows ${input_chars_max}`);
  }
  const asked = 'body' in input ? (input.body.max_completion_tokens ?? input.body.max_tokens) : input.output_tokens_max;
  const output_tokens = asked ?? operation.output_tokens_default;
  if (output_tokens <= output_tokens_max) return { bounds, output_tokens };
  const level = policy.degraded.get('request.output_tokens_max');
  const why = level?.why ?? `the plan allows ${output_tokens_max} tokens a request`;
  const cut = { what: `output cut to ${output_tokens_max} tokens`, why };
  // Who asked for no number is told only when a ladder, and not the plan, gives less than the operation would.
  const told = asked !== undefined || level !== undefined;
  return { bounds, output_tokens: output_tokens_max, ...(told && { cut }) };
}
