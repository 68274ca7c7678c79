import { AnswerRecord } from '../answer-record.ts';
import { begun, type FailureContext, garbageFailure, spokenFailure, transportFailure } from '../failure.ts';
import { type Json, parseObject, textIn } from '../json.ts';
import { EventSplitter, EventTooLong } from '../upstream/events.ts';
import { errorIn } from '../upstream/read-chat.ts';
import { contentType, type StreamAnswer, TransportError } from '../upstream/transport.ts';
import { NO_REPORT, type UsageReport, wholeReport } from '../usage-report.ts';
import { type Endpoint, type EndpointRequest, jsonOf, sendForJson } from './endpoint.ts';
import { formRequest } from './form.ts';
import type {
  TranscriptFormat,
  TranscriptionAbilities,
  TranscriptionAnswer,
  TranscriptionCall,
  TranscriptionEvent,
} from './transcription.ts';
import { usageOfTranscription } from './usage.ts';

/** What a family of models takes, as `POST /v1/audio/transcriptions` is documented. */
interface Kind {
  readonly formats: readonly TranscriptFormat[];
  readonly streams: boolean;
  readonly refuses: ReadonlySet<string>;
}

const DIARIZING: Kind = {
  formats: ['json', 'text', 'diarized_json'],
  streams: true,
  refuses: new Set(['prompt', 'include', 'timestamp_granularities', 'keywords', 'languages']),
};
const OMNI: Kind = {
  formats: ['json', 'text'],
  streams: true,
  refuses: new Set(['timestamp_granularities', 'keywords', 'languages']),
};
const TRANSCRIBER: Kind = { ...OMNI, refuses: new Set(['timestamp_granularities', 'include']) };
/** Whisper, and the servers that run it behind the same protocol. */
const WHISPER: Kind = {
  formats: ['json', 'text', 'srt', 'verbose_json', 'vtt'],
  streams: false,
  refuses: new Set(['include', 'chunking_strategy', 'keywords', 'languages']),
};

function kindOf(model: string): Kind {
  if (/^gpt-.*diarize/u.test(model)) return DIARIZING;
  if (model.startsWith('gpt-transcribe')) return TRANSCRIBER;
  return model.startsWith('gpt-') ? OMNI : WHISPER;
}

export const OPENAI_TRANSCRIPTION: TranscriptionAbilities = {
  unfit(model, { format, wishes, stream }) {
    const { formats, streams, refuses } = kindOf(model);
    if (!formats.includes(format)) return `response_format: got ${format}, want one of ${formats.join(', ')}`;
    if (stream && !streams) return 'stream';
    if (wishes.timestamp_granularities !== undefined && format !== 'verbose_json')
      return 'timestamp_granularities without response_format verbose_json';
    return Object.keys(wishes).find((name) => refuses.has(name));
  },
};

/**
 * A recording written down in OpenAI's protocol. Whisper says how long it was in no format but `verbose_json`, from which the others are
 * made; the other models say what they used in JSON alone. @throws ProviderError
 */
export async function transcribeOpenAi(endpoint: Endpoint, call: TranscriptionCall): Promise<TranscriptionAnswer> {
  const { body, known } = await sendForJson(endpoint, requestOf(call, false));
  return answerOf(body, known, call);
}

/** The same as it is written. @throws ProviderError while iterating */
export async function* streamTranscriptionOpenAi(
  endpoint: Endpoint,
  call: TranscriptionCall,
): AsyncGenerator<TranscriptionEvent> {
  const answer = await endpoint.send({
    ...requestOf(call, true),
    streams: (status, headers) => status < 300 && contentType(headers).startsWith('text/event-stream'),
  });
  const known = begun(endpoint.context, answer.headers);
  if (answer.kind === 'whole') {
    const whole = answerOf(jsonOf(answer, known), known, call);
    yield { type: 'event', event: { type: 'transcript.text.delta', delta: whole.transcript.text } };
    yield { type: 'end', answer: whole };
    return;
  }
  try {
    yield* eventsOf(answer, known, call);
  } catch (error) {
    if (error instanceof TransportError) throw transportFailure(known, error);
    if (error instanceof EventTooLong) throw garbageFailure(known, 'sent more than is read', error.message);
    throw error;
  } finally {
    answer.body.cancel('the reader left');
  }
}

/** `transcript.text.done` is the last: it holds the whole text and the usage. Other events go to the reader as they are. */
async function* eventsOf(
  { body }: StreamAnswer,
  known: FailureContext,
  call: TranscriptionCall,
): AsyncGenerator<TranscriptionEvent> {
  const splitter = new EventSplitter();
  for (let turn = await body.next(); turn.done !== true; turn = await body.next()) {
    for (const { data } of splitter.push(turn.value)) {
      const event = data === null ? undefined : parseObject(data);
      if (event === undefined) continue;
      const error = errorIn(event);
      if (error !== null) throw spokenFailure(known, Object.assign(new AnswerRecord(), { error }));
      if (event['type'] !== 'transcript.text.done') {
        yield { type: 'event', event };
        continue;
      }
      const { type: _, ...told } = event;
      yield { type: 'end', answer: answerOf(told, known, call) };
      return;
    }
  }
  throw garbageFailure(known, 'ended its answer early', 'no transcript.text.done');
}

function requestOf({ model, recording, format, wishes, signal }: TranscriptionCall, stream: boolean): EndpointRequest {
  const asked = format === 'diarized_json' ? format : kindOf(model) === WHISPER ? 'verbose_json' : 'json';
  return formRequest(
    '/audio/transcriptions',
    { model, response_format: asked, ...wishes, ...(stream ? { stream: 'true' } : {}) },
    { file: [recording] },
    signal,
  );
}

function answerOf(body: Json, known: FailureContext, { provider, model }: TranscriptionCall): TranscriptionAnswer {
  const { usage, ...told } = body;
  if (typeof told['text'] !== 'string')
    throw garbageFailure(known, 'answered no transcript', JSON.stringify(body).slice(0, 1_000));
  const { request_id } = known;
  return {
    transcript: { text: textIn(told['text']), told },
    usage: reportOf(usage, told['duration']),
    model: { provider, name: model },
    ...(request_id === undefined ? {} : { request_id }),
  };
}

/** Servers that run Whisper tell the duration beside the text, and not all of them as usage. */
function reportOf(usage: unknown, duration: unknown): UsageReport {
  const report = wholeReport(usageOfTranscription(usage));
  if (report !== NO_REPORT || duration === undefined) return report;
  return wholeReport(usageOfTranscription({ type: 'duration', seconds: Number(duration) }));
}
