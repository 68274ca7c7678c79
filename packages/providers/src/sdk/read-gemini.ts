import { randomUUID } from 'node:crypto';

import { AnswerRecord } from '../answer-record.ts';
import type { AnswerPiece } from '../chat/parts.ts';
import { withThought } from '../chat/thought-ids.ts';
import { isObject, type Json, objectsIn, parseObject, textIn } from '../json.ts';
import type { Finish } from '../provider.ts';
import { serviceTier, usageFromGoogle } from '../usage.ts';
import { errorIn } from '../upstream/read-chat.ts';
import type { AnswerReader } from './reader.ts';

const FINISHES: Readonly<Record<string, Finish>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  // It offers to go on in a second call, which nobody has held for.
  CONTINUATION: 'length',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  LANGUAGE: 'content_filter',
  BLOCKLIST: 'content_filter',
  PROHIBITED_CONTENT: 'content_filter',
  SPII: 'content_filter',
  IMAGE_SAFETY: 'content_filter',
};
/** The model broke its own answer. */
const BROKEN = /MALFORMED|UNEXPECTED_TOOL_CALL|TOO_MANY_TOOL_CALLS|MISSING_THOUGHT_SIGNATURE/u;

/** Gemini's generateContent and its stream, whose events are answers like the whole one and whose end is its last word. */
export class GeminiReader implements AnswerReader {
  readonly record = new AnswerRecord();
  readonly #one_call: boolean;
  #calls = 0;

  /**
   * `one_call`: the caller wants one call of a tool at a time, which the protocol has no word for. The others of an answer are left out, and
   * the model makes them again once it knows what the first one answered.
   */
  constructor(one_call = false) {
    this.#one_call = one_call;
  }

  event(data: string, pieces: AnswerPiece[]): void {
    const answer = parseObject(data);
    if (answer === undefined) this.record.error ??= { type: 'broken_json', message: data.slice(0, 200) };
    else this.#answer(answer, pieces);
  }

  whole(body: string, pieces: AnswerPiece[]): void {
    this.record.noteWhole();
    this.event(body, pieces);
  }

  end(): void {
    this.record.terminated = this.record.finish !== null;
  }

  #answer(answer: Json, pieces: AnswerPiece[]): void {
    const { record } = this;
    if (typeof answer['modelVersion'] === 'string') record.model = answer['modelVersion'];
    record.error ??= errorIn(answer);
    const feedback = answer['promptFeedback'];
    if (isObject(feedback) && typeof feedback['blockReason'] === 'string') record.finish = 'content_filter';
    for (const candidate of objectsIn(answer['candidates'])) {
      const content = candidate['content'];
      for (const part of isObject(content) ? objectsIn(content['parts']) : []) this.#part(part, pieces);
      const reason = candidate['finishReason'];
      if (typeof reason !== 'string' || reason === 'FINISH_REASON_UNSPECIFIED') continue;
      record.finish = FINISHES[reason] ?? 'other';
      if (BROKEN.test(reason)) record.error ??= { type: reason, message: textIn(candidate['finishMessage']) };
    }
    const usage = answer['usageMetadata'];
    if (!isObject(usage)) return;
    record.service_tier = serviceTier(usage['serviceTier'] ?? usage['trafficType']) ?? record.service_tier;
    record.noteUsage(usageFromGoogle(usage));
  }

  #part(part: Json, pieces: AnswerPiece[]): void {
    const text = textIn(part['text']);
    const bytes = Buffer.byteLength(text);
    if (part['thought'] === true) {
      this.record.noteGenerated(0, bytes);
      return;
    }
    if (text !== '') pieces.push({ type: 'text', text });
    const call = part['functionCall'];
    if (isObject(call) && !(this.#one_call && this.#calls > 0)) pieces.push(this.#call(call, textIn(part['thoughtSignature'])));
    this.record.noteGenerated(bytes + (isObject(call) ? Buffer.byteLength(JSON.stringify(call)) : 0), 0);
  }

  /** A call comes whole. Older models give it no id. */
  #call(call: Json, signature: string): AnswerPiece {
    const given = textIn(call['id']);
    const id = given === '' ? `call_${randomUUID().replaceAll('-', '').slice(0, 24)}` : given;
    const text = JSON.stringify(isObject(call['args']) ? call['args'] : {});
    const index = this.#calls++;
    return { type: 'tool_call', index, id: signature === '' ? id : withThought(id, signature), name: textIn(call['name']), text };
  }
}
