import { refusalKind, type Refusal } from '@purser/core';

import { type Money, toWire } from '@purser/money';

import type { Answer, StreamPart } from '../../../gate.ts';

const FINISH: Record<string, string> = { stop: 'stop', length: 'length', content_filter: 'content_filter' };

function seconds(at: Temporal.Instant): number {
  return Math.floor(at.epochMilliseconds / 1000);
}

/** An answer of ours in OpenAI's shape. `purser` says what it cost, and that no model wrote it when none did. */
export function completionOf(answer: Answer, at: Temporal.Instant): Buffer {
  const { input_tokens, output_tokens } = answer.usage;
  return Buffer.from(
    JSON.stringify({
      id: `chatcmpl-${answer.id}`,
      object: 'chat.completion',
      created: seconds(at),
      model: answer.model.name,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: answer.output, refusal: null },
          logprobs: null,
          finish_reason: FINISH[answer.finish] ?? 'stop',
        },
      ],
      usage: { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens: input_tokens + output_tokens },
      purser: { offline: answer.offline, provider: answer.model.provider },
    }),
  );
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

/** Parts of ours as OpenAI's events, each a chunk; `[DONE]` comes after the books are written. */
export async function* eventsOf(
  parts: AsyncIterable<StreamPart>,
  model: string,
  usageWanted: boolean,
  at: Temporal.Instant,
  id: string,
): AsyncGenerator<Uint8Array> {
  const event = (choices: unknown[], more: Record<string, unknown> = {}): Buffer =>
    Buffer.from(
      `data: ${JSON.stringify({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: seconds(at), model, choices, ...more })}\n\n`,
    );
  const delta = (change: Record<string, unknown>, finish_reason: string | null): Buffer =>
    event([{ index: 0, delta: change, logprobs: null, finish_reason }]);
  yield delta({ role: 'assistant', content: '' }, null);
  for await (const part of parts) {
    if (part.type === 'text') yield delta({ content: part.text }, null);
    else if (part.type === 'refusal') yield errorEvent(part.refusal);
    else {
      const { answer } = part;
      yield delta({}, FINISH[answer.finish] ?? 'stop');
      const { input_tokens, output_tokens } = answer.usage;
      const usage = { prompt_tokens: input_tokens, completion_tokens: output_tokens, total_tokens: input_tokens + output_tokens };
      const purser = purserMember({ id: answer.transaction_id, cost: answer.cost, charged: answer.credits.charged });
      if (usageWanted) yield event([], { usage, purser });
      yield Buffer.from('data: [DONE]\n\n');
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
