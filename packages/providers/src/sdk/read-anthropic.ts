import { AnswerRecord } from '../answer-record.ts';
import { isObject, type Json, objectsIn, parseObject, textIn } from '../json.ts';
import type { Finish } from '../provider.ts';
import { serviceTier, usageFromAnthropic } from '../usage.ts';
import { errorIn } from '../upstream/read-chat.ts';
import type { AnswerReader } from './reader.ts';

const FINISHES: Readonly<Record<string, Finish>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
};

/** Anthropic's messages. Its stream reports the input at its start and the output at its end, each in an event of its own. */
export class AnthropicReader implements AnswerReader {
  readonly record = new AnswerRecord();
  #usage: Json = {};

  event(data: string, texts: string[]): void {
    const event = parseObject(data);
    if (event === undefined) {
      this.record.error ??= { type: 'broken_json', message: data.slice(0, 200) };
      return;
    }
    switch (event['type']) {
      case 'message_start':
        if (isObject(event['message'])) this.#message(event['message'], texts);
        break;
      case 'content_block_start':
        this.#piece(event['content_block'], texts);
        break;
      case 'content_block_delta':
        this.#piece(event['delta'], texts);
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

  whole(body: string, texts: string[]): void {
    this.record.noteWhole();
    const message = parseObject(body);
    if (message === undefined) this.record.error = { type: 'broken_json', message: body.slice(0, 200) };
    else this.#message(message, texts);
  }

  end(): void {}

  #message(message: Json, texts: string[]): void {
    if (typeof message['model'] === 'string') this.record.model = message['model'];
    this.record.error ??= errorIn(message);
    for (const block of objectsIn(message['content'])) this.#piece(block, texts);
    this.#finish(message);
    this.#report(message['usage']);
  }

  /** A block, or a piece of one: both name what they carry by its kind. */
  #piece(piece: unknown, texts: string[]): void {
    if (!isObject(piece)) return;
    const text = textIn(piece['text']);
    if (text !== '') texts.push(text);
    const tool = textIn(piece['name']) + textIn(piece['partial_json']);
    this.record.noteGenerated(Buffer.byteLength(text) + Buffer.byteLength(tool), Buffer.byteLength(textIn(piece['thinking'])));
  }

  #finish(from: Json): void {
    const reason = from['stop_reason'];
    if (typeof reason === 'string') this.record.finish = FINISHES[reason] ?? 'other';
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
