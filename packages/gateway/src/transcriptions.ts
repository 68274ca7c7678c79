import { isRefusal, RefusalError, refuse } from '@purser/core';
import {
  type Gate,
  lengthOf,
  type Spent,
  type SpentEnd,
  type Streamed,
  type TranscriptionInput,
  type TranscriptionResult,
} from '@purser/gate';
import { type App, callerOf, callerSignal, openAiErrors, sendChunks, sendRefusal } from '@purser/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { requestOf, sendSpent } from './answer-spent.ts';
import { brokenStream } from './broken-stream.ts';
import { billInEvent } from './describe-call.ts';
import { describeStream } from './describe-limits.ts';
import type { GatewayDeps } from './deps.ts';
import { endUser } from './end-user.ts';
import { asSrt, asVtt } from './subtitles.ts';

const FORMATS = ['json', 'text', 'srt', 'verbose_json', 'vtt', 'diarized_json'] as const;
/** As OpenAI's own endpoint has it. */
const FILE_BYTES_MAX = 25 * 1024 * 1024;

const text = z.string().min(1).max(20_000);
const words = z.array(z.string().min(1).max(200)).max(100);

const transcriptionBody = z.strictObject({
  file: z.file().min(1).max(FILE_BYTES_MAX).describe('flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav or webm.'),
  model: z.string().min(1).max(200).describe('One of GET /v1/models; `auto` leaves the choice to the plan.'),
  response_format: z.enum(FORMATS).optional().describe('json unless said otherwise.'),
  language: z.string().min(2).max(20).optional(),
  languages: words.optional(),
  prompt: text.optional(),
  keywords: words.optional(),
  temperature: z
    .string()
    .regex(/^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/u, 'want a number from 0 to 1')
    .optional(),
  include: z.array(z.literal('logprobs')).max(1).optional(),
  timestamp_granularities: z
    .array(z.enum(['word', 'segment']))
    .max(2)
    .optional(),
  chunking_strategy: z.literal('auto').optional(),
  stream: z.enum(['true', 'false']).optional(),
  user: endUser,
});
type TranscriptionBody = z.infer<typeof transcriptionBody>;
type Wanted = Omit<TranscriptionInput, 'length'>;

export function registerTranscriptions(app: App, { gate, bounds }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/v1/audio/transcriptions',
    config: { access: 'workspace', spends: true, uploads: true },
    bodyLimit: bounds.upload_body_bytes_max,
    schema: {
      tags: ['OpenAI'],
      summary: 'A recording written down, in OpenAI’s wire format',
      description:
        'How long a recording is, is found out before anything is spent. What a model does not take is refused by name; srt, vtt and text are made of what it says.',
      consumes: ['multipart/form-data'],
      body: transcriptionBody,
      response: {
        200: {
          description: 'The transcript, in the format that was asked for, or its events.',
          content: {
            'application/json': { schema: z.looseObject({ text: z.string() }) },
            'text/plain': { schema: z.string() },
            'text/event-stream': { schema: z.string() },
          },
        },
        ...openAiErrors(400, 401, 402, 403, 404, 409, 422, 429, 502, 503, 504),
      },
    },
    handler: async (request, reply) => {
      const { model, user } = request.body;
      const input = await measured(wantedOf(request.body), request.body.file);
      const asked = requestOf(request, { input, model, user });
      if (input.stream) {
        const events = await gate.spendStreaming<TranscriptionResult>(
          callerOf(request),
          'transcription',
          asked,
          callerSignal(reply),
        );
        return isRefusal(events) ? sendRefusal(request, reply, events) : sendEvents(gate, request, reply, events);
      }
      const spent = await gate.spend<TranscriptionResult>(callerOf(request), 'transcription', asked, callerSignal(reply));
      return isRefusal(spent) ? sendRefusal(request, reply, spent) : sendTranscript(reply, spent, input);
    },
  });
}

function wantedOf({ file, response_format, stream, model: _model, user: _user, ...wishes }: TranscriptionBody): Omit<
  Wanted,
  'recording'
> & {
  readonly name: string;
} {
  const set = Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined));
  return { name: file.name, format: response_format ?? 'json', wishes: set, stream: stream === 'true' };
}

async function measured({ name, ...wanted }: ReturnType<typeof wantedOf>, file: File): Promise<TranscriptionInput> {
  const bytes = Buffer.from(await file.arrayBuffer());
  const length = await lengthOf(bytes);
  if (length === undefined)
    throw new RefusalError(
      refuse('invalid_request', 'file: got bytes that are no recording; want flac, mp3, mp4, m4a, ogg, wav or webm'),
    );
  return { ...wanted, recording: { bytes, name, type: file.type }, length };
}

function sendTranscript(reply: FastifyReply, spent: Spent<TranscriptionResult>, { format }: TranscriptionInput): FastifyReply {
  const { text: said, told } = spent.result;
  switch (format) {
    case 'text':
      return sendSpent(reply, spent, 'text/plain; charset=utf-8', `${said}\n`);
    case 'srt':
      return sendSpent(reply, spent, 'application/x-subrip; charset=utf-8', asSrt(told));
    case 'vtt':
      return sendSpent(reply, spent, 'text/vtt; charset=utf-8', asVtt(told));
    case 'json': {
      const { logprobs, languages } = told;
      const more = { ...(logprobs === undefined ? {} : { logprobs }), ...(languages === undefined ? {} : { languages }) };
      return sendSpent(reply, spent, JSON_TYPE, JSON.stringify({ text: said, ...more, usage: usageOf(spent) }));
    }
    case 'verbose_json':
    case 'diarized_json':
      return sendSpent(reply, spent, JSON_TYPE, JSON.stringify({ ...told, usage: usageOf(spent) }));
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

function usageOf({ usage }: Spent<TranscriptionResult>): object {
  const { input_tokens, output_tokens, seconds, audio_input_tokens } = usage;
  if (input_tokens + output_tokens === 0) return { type: 'duration', seconds: seconds ?? 0 };
  const input_token_details = { audio_tokens: audio_input_tokens ?? 0, text_tokens: input_tokens - (audio_input_tokens ?? 0) };
  return { type: 'tokens', input_tokens, input_token_details, output_tokens, total_tokens: input_tokens + output_tokens };
}

async function sendEvents(
  gate: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
  events: Streamed<SpentEnd<TranscriptionResult>>,
): Promise<FastifyReply> {
  describeStream(gate, request, reply, events);
  await sendChunks(reply, eventsOf(events), { lastWords: (error) => brokenStream(request, error) });
  return reply;
}

async function* eventsOf(events: Streamed<SpentEnd<TranscriptionResult>>): AsyncGenerator<string | Uint8Array> {
  for await (const part of events) {
    if (part.type === 'bytes') yield part.bytes;
    else if (part.type === 'refusal') throw new RefusalError(part.refusal);
    else if (part.type === 'end') {
      const { result } = part.spent;
      const purser = billInEvent(part.spent);
      const done = { type: 'transcript.text.done', ...result.told, text: result.text, usage: usageOf(part.spent), purser };
      yield `data: ${JSON.stringify(done)}\n\n`;
    }
  }
}
