import { randomUUID } from 'node:crypto';

import { AnswerRecord, type SpokenError } from '../answer-record.ts';
import type { AnswerPiece } from '../chat/parts.ts';
import { isObject, type Json, objectsIn, parseObject, textIn } from '../json.ts';
import type { Finish } from '../provider.ts';
import { serviceTier, usageFromOpenAi } from '../usage.ts';

/** Reads chat completions as OpenAI and all that copy its protocol write them. Members that are not known here are skipped. */

/** What an event is to a client that gets the provider's bytes. */
export type ChatEvent =
  /** Something for the client. */
  | 'chunk'
  /** Usage, or other word about the call, without a choice: only for clients that asked for it. */
  | 'usage'
  /** The last word. */
  | 'done'
  /** No JSON: never passed on. */
  | 'broken';

/** With spaces about it, as some write it. */
const DONE_LENGTH_MAX = 16;

/** One event's data. What it says is appended to `pieces` when given. */
export function readChatEvent(record: AnswerRecord, data: string, pieces?: AnswerPiece[]): ChatEvent {
  if (data.length <= DONE_LENGTH_MAX && data.trim() === '[DONE]') {
    record.terminated = true;
    return 'done';
  }
  const chunk = parseObject(data);
  if (chunk === undefined) {
    record.error ??= { type: 'broken_json', message: data.slice(0, 200) };
    return 'broken';
  }
  readMembers(record, chunk, 'delta', pieces);
  return objectsIn(chunk['choices']).length === 0 && record.error === null ? 'usage' : 'chunk';
}

/**
 * A whole answer, of which only its bill is asked and whether there is something in it. Read as Latin-1, where every sign of JSON is what it
 * is and each other byte some character: half as much to read as long as no word of it matters. Why there is none is said in words, and so
 * is a tier.
 */
export function readWhole(body: Buffer): AnswerRecord {
  const record = new AnswerRecord();
  readChat(record, body.toString('latin1'));
  if (record.isAnswer && record.service_tier === undefined) return record;
  const worded = new AnswerRecord();
  readChat(worded, body.toString('utf8'));
  return worded;
}

/** A whole answer. */
export function readChat(record: AnswerRecord, body: string, pieces?: AnswerPiece[]): void {
  record.noteWhole();
  const answer = parseObject(body);
  if (answer === undefined) record.error = { type: 'broken_json', message: body.slice(0, 200) };
  else readMembers(record, answer, 'message', pieces);
}

function readMembers(record: AnswerRecord, answer: Json, part: 'delta' | 'message', pieces: AnswerPiece[] | undefined): void {
  if (typeof answer['model'] === 'string' && answer['model'] !== '') record.model = answer['model'];
  record.service_tier = serviceTier(answer['service_tier']) ?? record.service_tier;
  const error = errorIn(answer);
  if (error !== null) record.error ??= error;
  for (const choice of objectsIn(answer['choices'])) {
    const spoken = errorIn(choice);
    if (spoken !== null) record.error ??= spoken;
    const message = choice[part];
    if (isObject(message)) readMessage(record, message, pieces);
    // Older servers answer a chat with a completion's text.
    else if (typeof choice['text'] === 'string') readMessage(record, { content: choice['text'] }, pieces);
    if (typeof choice['finish_reason'] === 'string') record.finish = finishOf(choice['finish_reason']);
  }
  const usage = answer['usage'];
  if (isObject(usage)) record.noteUsage(usageFromOpenAi(usage));
}

function readMessage(record: AnswerRecord, message: Json, pieces: AnswerPiece[] | undefined): void {
  // A refusal in words is what the model says.
  const text = contentOf(message['content']) + textIn(message['refusal']);
  let said = Buffer.byteLength(text);
  if (pieces !== undefined && text !== '') pieces.push({ type: 'text', text });
  for (const [place, call] of objectsIn(message['tool_calls']).entries()) {
    said += callBytes(call['function']) + callBytes(call['custom']);
    if (pieces !== undefined) pieces.push(...callPieces(call, place));
  }
  said += callBytes(message['function_call']);
  if (isObject(message['audio'])) said += Buffer.byteLength(textIn(message['audio']['data']));
  const thought = textIn(message['reasoning_content']) || textIn(message['reasoning']) || textIn(message['thinking']);
  record.noteGenerated(said, Buffer.byteLength(thought));
}

/** Text, or parts of it as some providers send them (Mistral's thinking parts are no text). */
function contentOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsIn(content)
    .map((part) => textIn(part['text']))
    .join('');
}

/** In a stream the first piece of a call names it, and each says by its index which call it is of. */
function callPieces(call: Json, place: number): AnswerPiece[] {
  const about = call['function'];
  if (!isObject(about)) return [];
  const index = typeof call['index'] === 'number' ? call['index'] : place;
  const text = textIn(about['arguments']);
  const id = textIn(call['id']);
  const name = textIn(about['name']);
  if (name !== '') return [{ type: 'tool_call', index, id: id === '' ? `call_${randomUUID()}` : id, name, text }];
  return text === '' ? [] : [{ type: 'tool_arguments', index, text }];
}

function callBytes(call: unknown): number {
  if (!isObject(call)) return 0;
  return (
    Buffer.byteLength(textIn(call['name'])) +
    Buffer.byteLength(textIn(call['arguments'])) +
    Buffer.byteLength(textIn(call['input']))
  );
}

function finishOf(reason: string): Finish {
  if (reason === 'length' || reason === 'content_filter') return reason;
  if (reason === 'tool_calls' || reason === 'function_call') return 'tool_calls';
  return ['stop', 'eos', 'end_turn'].includes(reason) ? 'stop' : 'other';
}

/** The error of an answer, in whichever form one of these protocols gives it. */
export function errorIn(value: Json): SpokenError | null {
  const error = value['error'];
  if (typeof error === 'string' && error !== '') return { type: 'error', message: error };
  if (!isObject(error)) return null;
  const type = ['type', 'status', 'code'].map((member) => wordOf(error[member])).join(' ');
  return { type: type.trim() || 'error', message: textIn(error['message']) };
}

function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
