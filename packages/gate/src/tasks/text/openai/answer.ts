import { refusalKind, type Refusal } from '@purser/core';
import { type Money, toWire, type Usage } from '@purser/money';
import type { AnswerPart, AnswerPiece } from '@purser/providers';

import type { Spent, SpentEnd, StreamedPart } from '../../../gate.ts';
import type { TextResult } from '../text-input.ts';

const FINISH: Record<string, string> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_calls',
};

function seconds(at: Temporal.Instant): number {
  return Math.floor(at.epochMilliseconds / 1000);
}

function usageOf({ input_tokens, output_tokens, cached_input_tokens, reasoning_tokens }: Usage): object {
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
    ...(cached_input_tokens !== undefined && { prompt_tokens_details: { cached_tokens: cached_input_tokens } }),
    ...(reasoning_tokens !== undefined && { completion_tokens_details: { reasoning_tokens } }),
  };
}

/** An answer of ours in OpenAI's shape. `purser` says what it cost, and that no model wrote it when none did. */
export function completionOf({ id, model, usage, offline, result }: Spent<TextResult>, at: Temporal.Instant): Buffer {
  const message = messageOf(result);
  return Buffer.from(
    JSON.stringify({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      created: seconds(at),
      model: model.name,
      choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[result.finish] ?? 'stop' }],
      usage: usageOf(usage),
      purser: { offline, provider: model.provider },
    }),
  );
}

function messageOf({ output, parts = [] }: TextResult): object {
  const tool_calls = callsIn(parts);
  const content = output === '' && tool_calls.length > 0 ? null : output;
  return { role: 'assistant', content, refusal: null, ...(tool_calls.length > 0 && { tool_calls }) };
}

function callsIn(parts: readonly AnswerPart[]): object[] {
  return parts
    .filter((part) => part.type === 'tool_call')
    .map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } }));
}

/** What a streamed call came to, beside its last usage: its headers had left before anybody knew. */
export function purserMember({
  id,
  cost,
  charged,
}: {
  readonly id: string;
  readonly cost: Money;
  readonly charged: bigint;
}): object {
  return { transaction_id: id, cost: toWire(cost), credits_charged: Number(charged) };
}

type Part = StreamedPart<SpentEnd<TextResult>, AnswerPiece>;

/** What a piece changes; reasoning that is shown has no place in this format. */
function deltaOf(piece: AnswerPiece): object | undefined {
  switch (piece.type) {
    case 'text':
      return { content: piece.text };
    case 'tool_call': {
      const { index, id, name, text } = piece;
      return { tool_calls: [{ index, id, type: 'function', function: { name, arguments: text } }] };
    }
    case 'tool_arguments':
      return { tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] };
    case 'thought':
    case 'sealed_thought':
      return undefined;
  }
}

/** Parts of ours as OpenAI's events, each a chunk; `[DONE]` comes after the books are written. */
export async function* eventsOf(
  parts: AsyncIterable<Part>,
  model: string,
  usageWanted: boolean,
  at: Temporal.Instant,
  id: string,
): AsyncGenerator<Uint8Array> {
  const event = (choices: unknown[], more: Record<string, unknown> = {}): Buffer =>
    Buffer.from(
      `data: ${JSON.stringify({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: seconds(at), model, choices, ...more })}\n\n`,
    );
  const changed = (delta: object, finish_reason: string | null): Buffer =>
    event([{ index: 0, delta, logprobs: null, finish_reason }]);
  yield changed({ role: 'assistant', content: '' }, null);
  for await (const part of parts) {
    if (part.type === 'refusal') yield errorEvent(part.refusal);
    else if (part.type === 'end') {
      const { result, usage, transaction_id, cost, credits } = part.spent;
      yield changed({}, FINISH[result.finish] ?? 'stop');
      const purser = purserMember({ id: transaction_id, cost, charged: credits.charged });
      if (usageWanted) yield event([], { usage: usageOf(usage), purser });
      yield Buffer.from('data: [DONE]\n\n');
    } else {
      const delta = deltaOf(part);
      if (delta !== undefined) yield changed(delta, null);
    }
  }
}

/** A failure inside a stream that has begun, as OpenAI's own API sends it. */
export function errorEvent(refusal: Refusal): Buffer {
  const { status } = refusalKind(refusal.code);
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return Buffer.from(
    `data: ${JSON.stringify({ error: { message: refusal.detail, type, param: null, code: refusal.code } })}\n\n`,
  );
}
