import type { LanguageModelV4CallOptions, LanguageModelV4Usage } from '@ai-sdk/provider';

import type { ModelUsage } from '../types.ts';

/** A token is a byte at least. */
const bytesOf = (text: string): number => Buffer.byteLength(text);
/** What a message, a tool and the frame of a prompt may add in tokens of their own. */
const FRAME_TOKENS = 16;

/**
 * The most input tokens that a prompt can have: the bytes of all that is text in it, with room for each message's frame.
 * @throws where something else than text is in it and nobody says what that comes to
 */
export function boundOf(
  { prompt, tools = [], responseFormat }: LanguageModelV4CallOptions,
  other_tokens_max: number | undefined,
): number {
  let tokens = FRAME_TOKENS;
  let others = 0;
  for (const message of prompt) {
    tokens += FRAME_TOKENS;
    if (typeof message.content === 'string') {
      tokens += bytesOf(message.content);
      continue;
    }
    for (const part of message.content) {
      if (part.type === 'text' || part.type === 'reasoning') tokens += bytesOf(part.text) + FRAME_TOKENS;
      else if (part.type === 'tool-call' || part.type === 'tool-result') tokens += bytesOf(JSON.stringify(part)) + FRAME_TOKENS;
      else others += 1;
    }
  }
  for (const tool of tools) tokens += bytesOf(JSON.stringify(tool)) + FRAME_TOKENS;
  if (responseFormat !== undefined) tokens += bytesOf(JSON.stringify(responseFormat)) + FRAME_TOKENS;
  if (others === 0) return tokens;
  if (other_tokens_max !== undefined) return tokens + other_tokens_max;
  throw new Error(
    `the prompt has ${others} parts that are no text, and nothing says what they come to: set other_tokens_max of purserMiddleware`,
  );
}

/** As it was reported; undefined where a side is missing: then the bound is booked. */
export function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): ModelUsage | undefined {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return undefined;
  return {
    input_tokens: inputTokens.total,
    output_tokens: outputTokens.total,
    ...(inputTokens.cacheRead !== undefined && { cached_input_tokens: inputTokens.cacheRead }),
    ...(inputTokens.cacheWrite !== undefined && { cache_write_tokens: inputTokens.cacheWrite }),
    ...(outputTokens.reasoning !== undefined && { reasoning_tokens: outputTokens.reasoning }),
  };
}

/** The provider said no before it did any work: a status of 400 to 499. */
export function isRefusedByProvider(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 0;
  return status >= 400 && status < 500 && status !== 408;
}
