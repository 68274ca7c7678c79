import { createHash } from 'node:crypto';

import { isRefusal, refuse, RefusalError } from '@purser/core';
import type { Answer, ChatMessage, GenerateRequest } from '@purser/gate';

import { callerOf } from './callers.ts';
import { receiptOf } from './holds.ts';
import { readAmount } from './money-on-the-wire.ts';
import type { Parts } from './open-parts.ts';
import type { Generated, GenerateOptions, StreamedPart } from './types.ts';

const NEVER = new AbortController().signal;

/** @throws RefusalError */
export async function generate(parts: Parts, options: GenerateOptions): Promise<Generated> {
  const caller = await callerOf(parts, options);
  const answer = await parts.gate.generate(caller, requestOf(options), options.signal ?? NEVER);
  if (isRefusal(answer)) throw new RefusalError(answer);
  return generatedOf(answer);
}

/** A refusal before the first piece is thrown here; one after it while the parts are read. */
export async function stream(parts: Parts, options: GenerateOptions): Promise<AsyncIterable<StreamedPart>> {
  const caller = await callerOf(parts, options);
  const streamed = await parts.gate.stream(caller, requestOf(options), options.signal ?? NEVER);
  if (isRefusal(streamed)) throw new RefusalError(streamed);
  return (async function* () {
    for await (const part of streamed) {
      if (part.type === 'refusal') throw new RefusalError(part.refusal);
      if (part.type === 'end') yield { type: 'end', answer: generatedOf(part.answer) };
      else if (part.type === 'text') yield part;
    }
  })();
}

function requestOf(options: GenerateOptions): GenerateRequest {
  const { operation, complexity = 'medium', output_tokens_max, max_cost, model, idempotency_key } = options;
  const messages = messagesOf(options);
  const request_hash = createHash('sha256')
    .update(JSON.stringify([operation, messages, complexity, output_tokens_max, max_cost, model]))
    .digest('hex');
  return {
    operation,
    messages,
    complexity,
    ...(output_tokens_max !== undefined && { output_tokens_max }),
    ...(max_cost !== undefined && { cost_max: readAmount(max_cost, 'max_cost') }),
    ...(model !== undefined && { model }),
    ...(idempotency_key !== undefined && { idempotency: { key: idempotency_key, request_hash } }),
  };
}

function messagesOf({ prompt, messages }: GenerateOptions): readonly ChatMessage[] {
  if (messages !== undefined && prompt === undefined && messages.length > 0) return messages;
  if (prompt !== undefined && messages === undefined) return [{ role: 'user', content: prompt }];
  throw new RefusalError(refuse('invalid_request', 'want either prompt or messages, and at least one message'));
}

function generatedOf(answer: Answer): Generated {
  const { output, model, usage, finish, degraded, offline } = answer;
  return { ...receiptOf(answer), output, model, usage, finish, degraded, offline };
}
