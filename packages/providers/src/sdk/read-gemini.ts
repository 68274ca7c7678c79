import { AnswerRecord } from '../answer-record.ts';
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

  event(data: string, texts: string[]): void {
    const answer = parseObject(data);
    if (answer === undefined) this.record.error ??= { type: 'broken_json', message: data.slice(0, 200) };
    else this.#answer(answer, texts);
  }

  whole(body: string, texts: string[]): void {
    this.record.noteWhole();
    this.event(body, texts);
  }

  end(): void {
    this.record.terminated = this.record.finish !== null;
  }

  #answer(answer: Json, texts: string[]): void {
    const { record } = this;
    if (typeof answer['modelVersion'] === 'string') record.model = answer['modelVersion'];
    record.error ??= errorIn(answer);
    const feedback = answer['promptFeedback'];
    if (isObject(feedback) && typeof feedback['blockReason'] === 'string') record.finish = 'content_filter';
    for (const candidate of objectsIn(answer['candidates'])) {
      const content = candidate['content'];
      for (const part of isObject(content) ? objectsIn(content['parts']) : []) this.#part(part, texts);
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

  #part(part: Json, texts: string[]): void {
    const text = textIn(part['text']);
    const bytes = Buffer.byteLength(text);
    if (part['thought'] === true) {
      this.record.noteGenerated(0, bytes);
      return;
    }
    if (text !== '') texts.push(text);
    const call = part['functionCall'];
    this.record.noteGenerated(bytes + (isObject(call) ? Buffer.byteLength(JSON.stringify(call)) : 0), 0);
  }
}
