import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Misbehaviour } from './misbehaviour.ts';
import { dataEvent } from './wire.ts';

const WORDS = ['The ', 'harbor ', 'opened ', 'in ', '1887.'];
const TEXT = WORDS.join('');
const SECONDS = 3;
const WHISPER_FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt'];

/** The form of a transcription as it came, read by the runtime's own parser. */
export async function readForm(body: Buffer, content_type: string): Promise<Readonly<Record<string, unknown>>> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': content_type } }).formData();
  const members = new Map<string, unknown>();
  for (const [name, value] of form) {
    const shown = typeof value === 'string' ? value : { name: value.name, type: value.type, size: value.size };
    const list = name.endsWith('[]');
    const before = members.get(name);
    members.set(name, list ? [...(Array.isArray(before) ? (before as unknown[]) : []), shown] : shown);
  }
  return Object.fromEntries(members);
}

/** OpenAI's transcriptions: Whisper by its duration, the other models by tokens and as events too. */
export async function sendTranscription(
  response: ServerResponse,
  body: Readonly<Record<string, unknown>>,
  misbehaviour: Misbehaviour,
  wait_ms: number,
): Promise<void> {
  const model = String(body['model']);
  const byTokens = model.startsWith('gpt-');
  const format = typeof body['response_format'] === 'string' ? body['response_format'] : 'json';
  const json = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  const allowed = byTokens ? (model.includes('diarize') ? ['json', 'text', 'diarized_json'] : ['json']) : WHISPER_FORMATS;
  if (!allowed.includes(format))
    return json(400, {
      error: { message: `response_format ${format} is not compatible with ${model}`, type: 'invalid_request_error' },
    });
  const usage = byTokens
    ? {
        type: 'tokens',
        input_tokens: 34,
        input_token_details: { audio_tokens: 30, text_tokens: 4 },
        output_tokens: 9,
        total_tokens: 43,
      }
    : { type: 'duration', seconds: SECONDS };
  const told = misbehaviour === 'no_usage' ? {} : { usage };
  if (byTokens && body['stream'] === 'true') return sendEvents(response, told, misbehaviour, wait_ms);
  if (format === 'verbose_json') {
    const segments = [
      {
        id: 0,
        start: 0,
        end: 1.25,
        text: ' The harbor',
        tokens: [],
        temperature: 0,
        avg_logprob: -0.2,
        compression_ratio: 1,
        no_speech_prob: 0,
        seek: 0,
      },
      {
        id: 1,
        start: 1.25,
        end: 2.9,
        text: ' opened in 1887.',
        tokens: [],
        temperature: 0,
        avg_logprob: -0.2,
        compression_ratio: 1,
        no_speech_prob: 0,
        seek: 0,
      },
    ];
    const duration = misbehaviour === 'no_usage' ? {} : { duration: 2.9 };
    return json(200, { task: 'transcribe', language: 'english', ...duration, text: TEXT, segments, ...told });
  }
  if (format === 'diarized_json') {
    const segments = [{ id: 'seg_0', type: 'transcript.text.segment', start: 0, end: 2.9, speaker: 'A', text: TEXT }];
    return json(200, { task: 'transcribe', duration: 2.9, text: TEXT, segments, ...told });
  }
  return json(200, { text: TEXT, ...told });
}

async function sendEvents(response: ServerResponse, told: object, misbehaviour: Misbehaviour, wait_ms: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [index, delta] of WORDS.entries()) {
    if (index === 3 && misbehaviour === 'cut_off') {
      await sleep(5);
      response.destroy();
      return;
    }
    if (index === 3 && misbehaviour === 'early_end') return void response.end();
    if (misbehaviour === 'drip') await sleep(wait_ms);
    response.write(dataEvent({ type: 'transcript.text.delta', delta }));
  }
  response.end(dataEvent({ type: 'transcript.text.done', text: TEXT, ...told }));
}
