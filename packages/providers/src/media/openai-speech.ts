import { begun, type FailureContext, garbageFailure, spokenFailure, transportFailure } from '../failure.ts';
import { AnswerRecord } from '../answer-record.ts';
import { parseObject, textIn } from '../json.ts';
import { EventSplitter, EventTooLong } from '../upstream/events.ts';
import { contentType, type StreamAnswer, TransportError } from '../upstream/transport.ts';
import { errorIn } from '../upstream/read-chat.ts';
import { finalReport, NO_REPORT, type UsageReport } from '../usage-report.ts';
import { type Endpoint, jsonRequest } from './endpoint.ts';
import { usageOfSpeech } from './usage.ts';
import { type SpeechAbilities, type SpeechCall, type SpeechEvent, SPEECH_FORMATS } from './speech.ts';

/** As `POST /v1/audio/speech` is documented. */
export const OPENAI_SPEECH: SpeechAbilities = {
  formats: new Set(SPEECH_FORMATS),
  // "Does not work with `tts-1` or `tts-1-hd`."
  instructs: (model) => !model.startsWith('tts-1'),
  speed: true,
  input_chars_max: 4_096,
};

const EVENTS = 'text/event-stream';

/**
 * Speech in OpenAI's protocol. The plain answer is sound and says nothing of usage, so a model that bills tokens is asked for events,
 * whose last one counts them. @throws ProviderError while iterating
 */
export async function* speakOpenAi(endpoint: Endpoint, call: SpeechCall): AsyncGenerator<SpeechEvent> {
  const { model, input, voice, instructions, speed, format, counts_wanted } = call;
  const body = {
    model,
    input,
    voice,
    response_format: format,
    ...(instructions === undefined ? {} : { instructions }),
    ...(speed === undefined ? {} : { speed }),
    ...(counts_wanted ? { stream_format: 'sse' } : {}),
  };
  const answer = await endpoint.send({
    ...jsonRequest('/audio/speech', body, call.signal),
    streams: (status, headers) => status < 300 && !contentType(headers).startsWith('application/json'),
  });
  const known = begun(endpoint.context, answer.headers);
  if (answer.kind === 'whole') throw garbageFailure(known, 'answered no speech', answer.body.toString('utf8', 0, 1_000));
  const type = contentType(answer.headers);
  if (type.startsWith('text/html')) throw cancelled(answer, known, `an answer of the type ${type}`);
  let report: UsageReport = NO_REPORT;
  let bytes = 0;
  try {
    for await (const piece of type.startsWith(EVENTS) ? soundOfEvents(answer, known) : plainSound(answer)) {
      if ('usage' in piece) {
        report = piece.usage;
        continue;
      }
      bytes += piece.length;
      yield { type: 'bytes', bytes: piece };
    }
  } catch (error) {
    if (error instanceof TransportError) throw transportFailure(known, error);
    if (error instanceof EventTooLong) throw garbageFailure(known, 'sent more than is read', error.message);
    throw error;
  } finally {
    answer.body.cancel('the reader left');
  }
  if (bytes === 0) throw garbageFailure(known, 'answered no speech', 'no byte of sound');
  const { request_id } = known;
  yield {
    type: 'end',
    usage: report,
    model: { provider: call.provider, name: model },
    ...(request_id === undefined ? {} : { request_id }),
  };
}

function cancelled({ body }: StreamAnswer, known: FailureContext, seen: string): Error {
  body.cancel('it is no speech');
  return garbageFailure(known, 'answered no speech', seen);
}

async function* plainSound({ body }: StreamAnswer): AsyncGenerator<Buffer> {
  for (let turn = await body.next(); turn.done !== true; turn = await body.next()) yield turn.value;
}

/** `speech.audio.delta` carries sound, `speech.audio.done` the usage; other events are skipped. @throws ProviderError */
async function* soundOfEvents(
  { body }: StreamAnswer,
  known: FailureContext,
): AsyncGenerator<Buffer | { readonly usage: UsageReport }> {
  const splitter = new EventSplitter();
  let done = false;
  for (let turn = await body.next(); turn.done !== true; turn = await body.next()) {
    for (const { data } of splitter.push(turn.value)) {
      const event = data === null ? undefined : parseObject(data);
      if (event === undefined) continue;
      const error = errorIn(event);
      if (error !== null) throw spokenFailure(known, Object.assign(new AnswerRecord(), { error }));
      if (event['type'] === 'speech.audio.delta') {
        const sound = Buffer.from(textIn(event['audio']), 'base64');
        if (sound.length > 0) yield sound;
      } else if (event['type'] === 'speech.audio.done') {
        done = true;
        const usage = usageOfSpeech(event['usage']);
        if (usage !== null) yield { usage: finalReport(usage) };
      }
    }
  }
  if (!done) throw garbageFailure(known, 'ended its answer early', 'no speech.audio.done');
}
