import { assert } from '@purser/core';
import type { Spent, TextResult } from '@purser/gate';
import type { Usage } from '@purser/money';
import type { AnswerPiece } from '@purser/providers';

import { type ChatWire, piecesOf } from '../chat/answer-chat.ts';
import { billInEvent } from '../describe-call.ts';
import type { Json } from '../chat/reading.ts';

/** One thing that a response holds. */
export type OutputItem = OutputMessage | OutputCall;

interface OutputMessage {
  readonly type: 'message';
  readonly id: string;
  readonly role: 'assistant';
  status: 'in_progress' | 'completed';
  readonly content: { readonly type: 'output_text'; text: string; readonly annotations: []; readonly logprobs: [] }[];
}

interface OutputCall {
  readonly type: 'function_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  arguments: string;
  status: 'in_progress' | 'completed';
}

function usageOf({ input_tokens, output_tokens, cached_input_tokens = 0, reasoning_tokens = 0 }: Usage): object {
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: cached_input_tokens },
    output_tokens,
    output_tokens_details: { reasoning_tokens },
    total_tokens: input_tokens + output_tokens,
  };
}

/** What a request said, as a response repeats it. */
function repeated(body: Json): object {
  const {
    instructions,
    max_output_tokens,
    metadata,
    parallel_tool_calls,
    temperature,
    tool_choice,
    tools,
    top_p,
    text,
    reasoning,
    user,
  } = body;
  return {
    instructions: instructions ?? null,
    max_output_tokens: max_output_tokens ?? null,
    metadata: metadata ?? {},
    parallel_tool_calls: parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null, ...(reasoning as object | null) },
    store: body['store'] !== false,
    temperature: temperature ?? 1,
    text: { format: { type: 'text' }, ...(text as object | null) },
    tool_choice: tool_choice ?? 'auto',
    tools: tools ?? [],
    top_p: top_p ?? 1,
    truncation: 'disabled',
    ...(user !== undefined && { user }),
  };
}

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed';

interface Frame {
  readonly id: string;
  readonly model: string;
  readonly created_at: number;
  readonly body: Json;
}

function responseOf(
  { id, model, created_at, body }: Frame,
  status: Status,
  output: readonly OutputItem[],
  more: object = {},
): object {
  return {
    id: `resp_${id.replaceAll('-', '')}`,
    object: 'response',
    created_at,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    model,
    output,
    ...repeated(body),
    usage: null,
    ...more,
  };
}

const INCOMPLETE: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' };

function endOf(
  frame: Frame,
  { result, usage }: Spent<TextResult>,
  output: readonly OutputItem[],
  more: object = {},
): { status: Status; response: object } {
  const reason = INCOMPLETE[result.finish];
  const status = reason === undefined ? 'completed' : 'incomplete';
  const details = reason === undefined ? {} : { incomplete_details: { reason } };
  return { status, response: responseOf(frame, status, output, { ...details, usage: usageOf(usage), ...more }) };
}

type Emit = (type: string, more: object) => string;

/** The items of an answer as they grow: each is begun, grows and is ended before the next one. */
class Items {
  readonly items: OutputItem[] = [];
  readonly #id: string;
  readonly #emit: Emit;
  /** The call that is open; null: a message, or nothing. */
  #call: number | null = null;
  #open = false;

  constructor(id: string, emit: Emit) {
    this.#id = id.replaceAll('-', '');
    this.#emit = emit;
  }

  *take(piece: AnswerPiece): Generator<string> {
    switch (piece.type) {
      case 'text':
        yield* this.#text(piece.text);
        break;
      case 'tool_call':
        yield* this.#beginCall(piece);
        if (piece.text !== '') yield this.#arguments(piece.text);
        break;
      case 'tool_arguments':
        // An item that is ended cannot grow: a provider that mixes two calls cannot be told in this format.
        assert(this.#call === piece.index, 'the pieces of a call of a tool follow one another');
        yield this.#arguments(piece.text);
        break;
      case 'thought':
      case 'sealed_thought':
        break;
    }
  }

  *close(): Generator<string> {
    const item = this.items.at(-1);
    if (!this.#open || item === undefined) return;
    this.#open = false;
    this.#call = null;
    item.status = 'completed';
    const at = { item_id: item.id, output_index: this.items.length - 1 };
    if (item.type === 'message') {
      const [part] = item.content;
      yield this.#emit('response.output_text.done', { ...at, content_index: 0, text: part?.text, logprobs: [] });
      yield this.#emit('response.content_part.done', { ...at, content_index: 0, part });
    } else yield this.#emit('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments });
    yield this.#emit('response.output_item.done', { output_index: at.output_index, item });
  }

  *#text(text: string): Generator<string> {
    let item = this.items.at(-1);
    if (!this.#open || item?.type !== 'message') {
      yield* this.close();
      item = this.#begin({
        type: 'message',
        id: `msg_${this.#id}_${this.items.length}`,
        role: 'assistant',
        status: 'in_progress',
        content: [],
      });
      const output_index = this.items.length - 1;
      yield this.#emit('response.output_item.added', { output_index, item });
      const part = { type: 'output_text' as const, text: '', annotations: [] as [], logprobs: [] as [] };
      item.content.push(part);
      yield this.#emit('response.content_part.added', { item_id: item.id, output_index, content_index: 0, part });
    }
    const [part] = item.content;
    assert(part, 'a message that is open has a part');
    part.text += text;
    const at = { item_id: item.id, output_index: this.items.length - 1, content_index: 0 };
    yield this.#emit('response.output_text.delta', { ...at, delta: text, logprobs: [] });
  }

  *#beginCall({ id, index, name }: AnswerPiece & { readonly type: 'tool_call' }): Generator<string> {
    yield* this.close();
    const item = this.#begin({
      type: 'function_call',
      id: `fc_${this.#id}_${this.items.length}`,
      call_id: id,
      name,
      arguments: '',
      status: 'in_progress',
    });
    this.#call = index;
    yield this.#emit('response.output_item.added', { output_index: this.items.length - 1, item });
  }

  #arguments(text: string): string {
    const item = this.items.at(-1);
    assert(item?.type === 'function_call', 'the item that is open is a call');
    item.arguments += text;
    return this.#emit('response.function_call_arguments.delta', {
      item_id: item.id,
      output_index: this.items.length - 1,
      delta: text,
    });
  }

  #begin<T extends OutputItem>(item: T): T {
    this.items.push(item);
    this.#open = true;
    return item;
  }
}

export interface ResponsesContext {
  readonly body: Json;
  readonly created_at: number;
  /** Keeps the items of an answer that its caller may name by their ids. */
  readonly keep: (items: readonly OutputItem[]) => void;
}

/** How an answer to that request is written in OpenAI's responses format. */
export function responsesWire({ body, created_at, keep }: ResponsesContext): ChatWire {
  return {
    whole(spent) {
      const items = new Items(spent.id, () => '');
      for (const piece of piecesOf(spent.result)) exhaust(items.take(piece));
      exhaust(items.close());
      keep(items.items);
      return endOf({ id: spent.id, model: spent.model.name, created_at, body }, spent, items.items).response;
    },
    events: (parts, call, problem) => {
      let sequence_number = 0;
      const emit: Emit = (type, more) =>
        `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...more })}\n\n`;
      const frame = { id: call.id, model: call.model, created_at, body };
      return eventsOf(parts, { frame, emit, keep, problem });
    },
    broken: (problem) => `event: error\ndata: ${JSON.stringify(errorOf(problem))}\n\n`,
  };
}

function exhaust(steps: Generator<string>): void {
  for (const _ of steps);
}

type Problem = ReturnType<Parameters<ChatWire['events']>[2]>;

function errorOf({ code, detail, title }: Problem): object {
  return { type: 'error', code, message: detail ?? title, param: null };
}

interface Stream {
  readonly frame: Frame;
  readonly emit: Emit;
  readonly keep: ResponsesContext['keep'];
  readonly problem: Parameters<ChatWire['events']>[2];
}

async function* eventsOf(
  parts: Parameters<ChatWire['events']>[0],
  { frame, emit, keep, problem }: Stream,
): AsyncGenerator<string> {
  const items = new Items(frame.id, emit);
  yield emit('response.created', { response: responseOf(frame, 'in_progress', []) });
  yield emit('response.in_progress', { response: responseOf(frame, 'in_progress', []) });
  let began = false;
  for await (const part of parts) {
    if (part.type === 'refusal') {
      const { code, detail, title } = problem(part.refusal);
      const error = { code, message: detail ?? title };
      yield emit('response.failed', { response: responseOf(frame, 'failed', items.items, { error }) });
    } else if (part.type === 'end') {
      // Nothing came before it: it was kept, and is told whole.
      if (!began) for (const piece of piecesOf(part.spent.result)) yield* items.take(piece);
      yield* items.close();
      keep(items.items);
      const { status, response } = endOf(frame, part.spent, items.items, { purser: billInEvent(part.spent) });
      yield emit(`response.${status}`, { response });
    } else {
      began = true;
      yield* items.take(part);
    }
  }
}
