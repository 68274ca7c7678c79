import { AnswerRecord } from '../answer-record.ts';
import type { AnswerPiece } from '../chat/parts.ts';
import { isObject, type Json, objectsIn, parseObject, textIn } from '../json.ts';
import type { Finish } from '../provider.ts';
import { serviceTier, usageFromAnthropic } from '../usage.ts';
import { errorIn } from '../upstream/read-chat.ts';
import type { AnswerReader } from './reader.ts';

const FINISHES: Readonly<Record<string, Finish>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
};

/** Anthropic's messages. Its stream reports the input at its start and the output at its end, each in an event of its own. */
export class AnthropicReader implements AnswerReader {
  readonly record = new AnswerRecord();
  readonly #json_tool: string | undefined;
  /** Blocks in which that tool is called: what it is called with is the answer. */
  readonly #answers = new Set<number>();
  readonly #calls = new Map<number, number>();
  #usage: Json = {};

  /** `json_tool`: the tool that stands for an answer in JSON. */
  constructor(json_tool?: string) {
    this.#json_tool = json_tool;
  }

  event(data: string, pieces: AnswerPiece[]): void {
    const event = parseObject(data);
    if (event === undefined) {
      this.record.error ??= { type: 'broken_json', message: data.slice(0, 200) };
      return;
    }
    switch (event['type']) {
      case 'message_start':
        if (isObject(event['message'])) this.#message(event['message'], pieces);
        break;
      case 'content_block_start':
        this.#piece(event['content_block'], indexOf(event), pieces);
        break;
      case 'content_block_delta':
        this.#piece(event['delta'], indexOf(event), pieces);
        break;
      case 'message_delta':
        if (isObject(event['delta'])) this.#finish(event['delta']);
        this.#report(event['usage']);
        break;
      case 'message_stop':
        this.record.terminated = true;
        break;
      default:
        this.record.error ??= errorIn(event);
    }
  }

  whole(body: string, pieces: AnswerPiece[]): void {
    this.record.noteWhole();
    const message = parseObject(body);
    if (message === undefined) this.record.error = { type: 'broken_json', message: body.slice(0, 200) };
    else this.#message(message, pieces);
  }

  end(): void {}

  #message(message: Json, pieces: AnswerPiece[]): void {
    if (typeof message['model'] === 'string') this.record.model = message['model'];
    this.record.error ??= errorIn(message);
    for (const [index, block] of objectsIn(message['content']).entries()) this.#piece(block, index, pieces);
    this.#finish(message);
    this.#report(message['usage']);
  }

  /** A block, or a piece of one: both name what they carry by its kind. `index`: which block it is of. */
  #piece(piece: unknown, index: number, pieces: AnswerPiece[]): void {
    if (!isObject(piece)) return;
    const text = textIn(piece['text']);
    if (text !== '') pieces.push({ type: 'text', text });
    const thinking = textIn(piece['thinking']);
    const signature = textIn(piece['signature']);
    if (thinking !== '' || signature !== '')
      pieces.push({ type: 'thought', text: thinking, ...(signature !== '' && { signature }) });
    if (piece['type'] === 'redacted_thinking') pieces.push({ type: 'sealed_thought', text: textIn(piece['data']) });
    const tool = this.#tool(piece, index, pieces);
    this.record.noteGenerated(Buffer.byteLength(text) + tool, Buffer.byteLength(thinking));
  }

  /** In a stream a call begins with an empty input, and its JSON follows in pieces. Returns how many bytes of it there are. */
  #tool(piece: Json, index: number, pieces: AnswerPiece[]): number {
    const name = textIn(piece['name']);
    const partial = textIn(piece['partial_json']);
    if (piece['type'] === 'tool_use') {
      const input = piece['input'];
      const text = isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '';
      if (name === this.#json_tool) this.#answers.add(index);
      else pieces.push({ type: 'tool_call', index: this.#callOf(index), id: textIn(piece['id']), name, text });
      if (name === this.#json_tool && text !== '') pieces.push({ type: 'text', text });
      return Buffer.byteLength(name) + Buffer.byteLength(text);
    }
    if (partial !== '') {
      if (this.#answers.has(index)) pieces.push({ type: 'text', text: partial });
      else pieces.push({ type: 'tool_arguments', index: this.#callOf(index), text: partial });
    }
    return Buffer.byteLength(name) + Buffer.byteLength(partial);
  }

  /** Blocks are counted whatever they hold; calls by themselves. */
  #callOf(block: number): number {
    let call = this.#calls.get(block);
    if (call === undefined) this.#calls.set(block, (call = this.#calls.size));
    return call;
  }

  #finish(from: Json): void {
    const reason = from['stop_reason'];
    if (typeof reason === 'string') this.record.finish = FINISHES[reason] ?? 'other';
    if (reason === 'tool_use' && this.#answers.size > 0) this.record.finish = 'stop';
    if (typeof from['stop_sequence'] === 'string') this.record.stop_sequence = from['stop_sequence'];
  }

  /** A later report names what has changed; what it leaves out stands. */
  #report(usage: unknown): void {
    if (!isObject(usage)) return;
    const told = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
    this.record.service_tier = serviceTier(this.#usage['service_tier']);
    this.record.noteUsage(usageFromAnthropic(this.#usage));
  }
}

function indexOf({ index }: Json): number {
  return typeof index === 'number' ? index : 0;
}
