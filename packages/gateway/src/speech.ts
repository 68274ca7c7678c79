import { isRefusal, RefusalError } from '@purser/core';
import type { Spent, SpeechInput, SpeechResult, Streamed, SpentEnd } from '@purser/gate';
import { type App, callerOf, callerSignal, openAiErrors, sendBytes, sendChunks, sendRefusal } from '@purser/http';
import { formatMoney } from '@purser/money';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { billInEvent } from './describe-call.ts';
import { describeStream } from './describe-limits.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';
import { brokenStream } from './broken-stream.ts';
import { requestOf } from './answer-spent.ts';

const FORMATS = ['mp3', 'opus', 'aac', 'flac', 'wav', 'pcm'] as const;
const TYPES: Readonly<Record<(typeof FORMATS)[number], string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
};
/** As OpenAI's own endpoint has it. */
const INPUT_CHARS_MAX = 4_096;

const speechBody = z.strictObject({
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  input: z.string().min(1).max(INPUT_CHARS_MAX),
  voice: z
    .union([z.string().min(1).max(200), z.strictObject({ id: z.string().min(1).max(200) })])
    .describe('A voice as the provider of the model names it, such as `alloy`.'),
  instructions: z.string().max(INPUT_CHARS_MAX).nullish().describe('How it is to be spoken, where the model takes that.'),
  response_format: z.enum(FORMATS).nullish().describe('mp3 unless said otherwise.'),
  speed: z.number().min(0.25).max(4).nullish(),
  stream_format: z.enum(['audio', 'sse']).nullish().describe('`sse`: events with the sound in base64, ended by its usage.'),
  user: endUser,
});
type SpeechBody = z.infer<typeof speechBody>;
type Speech = Streamed<SpentEnd<SpeechResult>>;

export function registerSpeech(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/audio/speech',
    config: { access: 'workspace', spends: true },
    bodyLimit: bounds.prompt_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'A text spoken, in OpenAI’s wire format',
      description:
        'The sound comes as it is made. What it cost follows it: in the trailers `purser-cost` and `purser-credits-charged`, or with `stream_format: "sse"` in the `purser` member of the last event.',
      body: speechBody,
      response: {
        200: {
          description: 'The sound, or its events.',
          content: { 'audio/*': { schema: z.any() }, 'text/event-stream': { schema: z.string() } },
        },
        ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504),
      },
    },
    handler: async (request, reply) => {
      const { model, user, stream_format } = request.body;
      const input = inputOf(request.body);
      const speech = await gate.spendStreaming<SpeechResult>(
        callerOf(request),
        'speech',
        requestOf(request, { input, model, user }),
        callerSignal(reply),
      );
      if (isRefusal(speech)) return sendRefusal(request, reply, speech);
      describeStream(gate, request, reply, speech);
      if (stream_format === 'sse')
        await sendChunks(reply, eventsOf(speech), { lastWords: (error) => brokenStream(request, error) });
      else await sendSound(request, reply, speech, input);
      return reply;
    },
  });
}

function inputOf({ input, voice, instructions, speed, response_format }: SpeechBody): SpeechInput {
  return {
    text: input,
    voice,
    instructions: instructions || undefined,
    speed: speed ?? undefined,
    format: response_format ?? 'mp3',
  };
}

async function sendSound(request: FastifyRequest, reply: FastifyReply, speech: Speech, { format }: SpeechInput): Promise<void> {
  let spent: Spent<SpeechResult> | undefined;
  const sound = soundOf(speech, (end) => (spent = end));
  const names = request.view === 'credits' ? ['purser-credits-charged'] : ['purser-cost', 'purser-credits-charged'];
  await sendBytes(reply, sound, {
    content_type: TYPES[format],
    trailers: {
      names,
      values: () => ({
        ...(spent && request.view !== 'credits' ? { 'purser-cost': formatMoney(spent.cost) } : {}),
        ...(spent ? { 'purser-credits-charged': spent.credits.charged.toString() } : {}),
      }),
    },
  });
}

/** The sound of a speech as it comes; one that was given before comes with its end. @throws RefusalError when it breaks */
async function* soundOf(speech: Speech, ended: (spent: Spent<SpeechResult>) => void): AsyncGenerator<Uint8Array> {
  for await (const part of speech) {
    if (part.type === 'bytes') yield part.bytes;
    else if (part.type === 'refusal') throw new RefusalError(part.refusal);
    else if (part.type === 'end') {
      if (speech.replayed && part.spent.result.audio !== null) yield part.spent.result.audio;
      ended(part.spent);
    }
  }
}

/** OpenAI's events, whichever way the provider sent the sound. */
async function* eventsOf(speech: Speech): AsyncGenerator<string> {
  let spent: Spent<SpeechResult> | undefined;
  for await (const sound of soundOf(speech, (end) => (spent = end)))
    yield dataEvent({ type: 'speech.audio.delta', audio: Buffer.from(sound).toString('base64') });
  if (spent === undefined) return;
  const { input_tokens, output_tokens } = spent.usage;
  yield dataEvent({
    type: 'speech.audio.done',
    usage: { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens },
    purser: billInEvent(spent),
  });
}

function dataEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
