import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { textIn } from '../json.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { mp3, pcm, secondsOf, wav } from './sound.ts';
import { dataEvent } from './wire.ts';

const SOUNDS: Readonly<Record<string, readonly [type: string, make: (seconds: number) => Buffer]>> = {
  mp3: ['audio/mpeg', mp3],
  wav: ['audio/wav', wav],
  pcm: ['audio/pcm', pcm],
};
const PIECES = 8;

/** OpenAI's speech: a tone as long as the text, plain or as events. Packed formats that take an encoder are refused. */
export async function sendSpeech(
  response: ServerResponse,
  body: Readonly<Record<string, unknown>>,
  misbehaviour: Misbehaviour,
  wait_ms: number,
): Promise<void> {
  const format = textIn(body['response_format']) || 'mp3';
  const made = SOUNDS[format];
  const refuse = (status: number, message: string): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code: null } }));
  };
  if (made === undefined) return refuse(400, `this stand-in makes no ${format}`);
  const text = textIn(body['input']);
  const seconds = secondsOf(text);
  const [type, make] = made;
  const sound = misbehaviour === 'early_end' ? Buffer.alloc(0) : make(seconds);
  const pieces = Array.from({ length: PIECES }, (_, index) =>
    sound.subarray(Math.floor((sound.length * index) / PIECES), Math.floor((sound.length * (index + 1)) / PIECES)),
  );
  const events = body['stream_format'] === 'sse';
  if (events && textIn(body['model']).startsWith('tts-1'))
    return refuse(400, 'stream_format: sse is not supported for this model');
  response.writeHead(200, { 'content-type': events ? 'text/event-stream' : type });
  for (const [index, piece] of pieces.entries()) {
    if (index === PIECES / 2 && misbehaviour === 'hang_mid_stream') return;
    if (index === PIECES / 2 && misbehaviour === 'cut_off') {
      await sleep(5);
      response.destroy();
      return;
    }
    if (misbehaviour === 'drip') await sleep(wait_ms);
    response.write(events ? dataEvent({ type: 'speech.audio.delta', audio: piece.toString('base64') }) : piece);
  }
  if (!events) return void response.end();
  const [input_tokens, output_tokens] = [Math.ceil(Buffer.byteLength(text) / 4), seconds * 20];
  const usage = { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens };
  response.end(dataEvent({ type: 'speech.audio.done', ...(misbehaviour === 'no_usage' ? {} : { usage }) }));
}
