import { assert } from '@purser/core';
import type { Spent, TextResult } from '@purser/gate';
import { anthropicError, event } from '@purser/http';
import type { Usage } from '@purser/money';
import type { AnswerPart, AnswerPiece } from '@purser/providers';

import { type ChatWire, piecesOf } from '../chat/answer-chat.ts';
import { billInEvent } from '../describe-call.ts';

const STOPS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

function stopOf({ finish, stop_sequence }: TextResult): { stop_reason: string; stop_sequence: string | null } {
  if (stop_sequence !== undefined) return { stop_reason: 'stop_sequence', stop_sequence };
  return { stop_reason: STOPS[finish] ?? 'end_turn', stop_sequence: null };
}

/** Anthropic leaves cached and written tokens out of `input_tokens`. */
function usageOf({ input_tokens, output_tokens, cached_input_tokens = 0, cache_write_tokens = 0 }: Usage): object {
  return {
    input_tokens: input_tokens - cached_input_tokens - cache_write_tokens,
    cache_creation_input_tokens: cache_write_tokens,
    cache_read_input_tokens: cached_input_tokens,
    output_tokens,
  };
}

function messageOf(id: string, model: string, content: readonly object[], more: object): object {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model, content, container: null, ...more };
}

function wholeMessage({ id, model, usage, result }: Spent<TextResult>): object {
  const content = (result.parts ?? [{ type: 'text' as const, text: result.output }]).map(blockOf);
  return messageOf(id, model.name, content, { ...stopOf(result), usage: usageOf(usage) });
}

function blockOf(part: AnswerPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text, citations: null };
    case 'tool_call':
      return { type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.arguments), caller: { type: 'direct' } };
    case 'thought':
      return { type: 'thinking', thinking: part.text, signature: part.signature };
    case 'sealed_thought':
      return { type: 'redacted_thinking', data: part.data };
  }
}

/** What a model wrote as arguments may be cut off by its limit. */
function inputOf(text: string): unknown {
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as unknown);
  } catch {
    return { unfinished: text };
  }
}

/** The blocks of a stream: each is begun, grows and is ended before the next one. */
class Blocks {
  #index = -1;
  /** What the block that is open holds; of a call, which one. */
  #open: string | null = null;

  *take(piece: AnswerPiece): Generator<string> {
    switch (piece.type) {
      case 'text':
        yield* this.#grow('text', { type: 'text', text: '', citations: null }, { type: 'text_delta', text: piece.text });
        break;
      case 'thought':
        yield* this.#thought(piece.text, piece.signature);
        break;
      case 'sealed_thought':
        yield* this.#begin('sealed', { type: 'redacted_thinking', data: piece.text });
        yield* this.close();
        break;
      case 'tool_call': {
        const { id, name, index, text } = piece;
        yield* this.#begin(`call ${index}`, { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } });
        if (text !== '') yield this.#delta({ type: 'input_json_delta', partial_json: text });
        break;
      }
      case 'tool_arguments': {
        // A block that is ended cannot grow: a provider that mixes two calls cannot be told in this format.
        assert(this.#open === `call ${piece.index}`, 'the pieces of a call of a tool follow one another');
        yield this.#delta({ type: 'input_json_delta', partial_json: piece.text });
        break;
      }
    }
  }

  *close(): Generator<string> {
    if (this.#open === null) return;
    this.#open = null;
    yield event('content_block_stop', { type: 'content_block_stop', index: this.#index });
  }

  *#thought(text: string, signature: string | undefined): Generator<string> {
    const block = { type: 'thinking', thinking: '', signature: '' };
    yield* this.#grow('thought', block, { type: 'thinking_delta', thinking: text });
    if (signature === undefined) return;
    yield this.#delta({ type: 'signature_delta', signature });
    yield* this.close();
  }

  *#grow(kind: string, block: object, delta: object): Generator<string> {
    if (this.#open !== kind) yield* this.#begin(kind, block);
    yield this.#delta(delta);
  }

  *#begin(kind: string, content_block: object): Generator<string> {
    yield* this.close();
    this.#index += 1;
    this.#open = kind;
    yield event('content_block_start', { type: 'content_block_start', index: this.#index, content_block });
  }

  #delta(delta: object): string {
    return event('content_block_delta', { type: 'content_block_delta', index: this.#index, delta });
  }
}

function errorOf(problem: Parameters<typeof anthropicError>[0]): string {
  return event('error', anthropicError(problem));
}

async function* events(...[parts, call, problem]: Parameters<ChatWire['events']>): AsyncGenerator<string> {
  const blocks = new Blocks();
  let began = false;
  const begin = (model: string): string => {
    began = true;
    const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: null, cache_read_input_tokens: null };
    const message = messageOf(call.id, model, [], { stop_reason: null, stop_sequence: null, usage });
    return event('message_start', { type: 'message_start', message });
  };
  for await (const part of parts) {
    if (part.type === 'refusal') yield errorOf(problem(part.refusal));
    else if (part.type === 'end') {
      const { result, usage, model } = part.spent;
      // Nothing came before it: it was kept, and is told whole.
      const kept = began ? [] : piecesOf(result);
      if (!began) yield begin(model.name);
      for (const piece of kept) yield* blocks.take(piece);
      yield* blocks.close();
      const delta = {
        type: 'message_delta',
        delta: { ...stopOf(result), container: null },
        usage: usageOf(usage),
        purser: billInEvent(part.spent),
      };
      yield event('message_delta', delta);
      yield event('message_stop', { type: 'message_stop' });
    } else {
      if (!began) yield begin(call.model);
      yield* blocks.take(part);
    }
  }
}

export const messagesWire: ChatWire = { whole: wholeMessage, events, broken: errorOf };
