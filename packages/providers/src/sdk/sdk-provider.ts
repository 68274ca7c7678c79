import type { LanguageModelV4CallOptions, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { assert, BrokenInvariant } from '@purser/core';
import { answerBytesMax, vectorBytesMax } from '../answer-bytes.ts';
import type { AnswerRecord } from '../answer-record.ts';
import {
  type FailedCallBilling,
  type FailureContext,
  begun,
  garbageFailure,
  noAnswerFailure,
  spokenFailure,
  transportFailure,
} from '../failure.ts';
import { isObject, parseObject } from '../json.ts';
import { type OutputLimitName, withOutputLimit } from '../output-limit.ts';
import {
  type EmbedAnswer,
  type EmbedCall,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
  type SettingName,
  type StreamEvent,
} from '../provider.ts';
import { EventSplitter, EventTooLong } from '../upstream/events.ts';
import {
  type StreamAnswer,
  Transport,
  type TransportAnswer,
  TransportError,
  TRANSPORT_LIMITS,
  type TransportLimits,
  type WholeAnswer,
} from '../upstream/transport.ts';
import { imageBytesMax, type ImageCall } from '../media/images.ts';
import { mediaOf } from '../media/media.ts';
import { draw, type SendWhole } from './draw.ts';
import { type EncodedRequest, encodeRequest } from './encode.ts';
import type { Family } from './families.ts';
import type { Access, Protocol } from './protocol.ts';
import type { AnswerReader } from './reader.ts';
import { endpointOf, sendOnce, successful } from './send-once.ts';

export interface SdkProviderConfig {
  readonly id: string;
  readonly family: Family;
  /** Empty where none is needed. */
  readonly api_key: string;
  readonly base_url: string;
  /** Absent: the family's. */
  readonly output_limit?: OutputLimitName | null;
  readonly limits?: Partial<TransportLimits>;
  /** What the provider bills for calls that fail. */
  readonly billing?: FailedCallBilling;
}

export type ClosableProvider = Provider & { close(): Promise<void> };

/**
 * A provider whose requests the AI SDK writes, and whose answers are read here. One call is one physical request: what is written is
 * sent once, over a connection of ours.
 */
export function sdkProvider(config: SdkProviderConfig): ClosableProvider {
  const { id, family, api_key, base_url, output_limit = family.output_limit } = config;
  const transport = new Transport(new URL(base_url).origin, { ...TRANSPORT_LIMITS, ...config.limits });
  const context: FailureContext = { provider: id, billing: config.billing ?? {}, secrets: api_key === '' ? [] : [api_key] };
  // Loaded while the program starts, so that the first call need not wait; a failure to load is that call's fault to report.
  family.load().catch(() => undefined);
  const line: Line = { family, output_limit, transport, context, access: { api_key, base_url } };
  return {
    id,
    offline: false,
    honours: new Set(Object.keys(family.settings)),
    generate: (call) => generate(line, call),
    stream: (call) => stream(line, call),
    ...(family.embeds_max > 0 ? { embeds_max: family.embeds_max, embed: (call: EmbedCall) => embed(line, call) } : {}),
    ...drawingOf(line),
    ...mediaOf(family.media, endpointOf(line)),
    close: () => transport.close(),
  };
}

/** An image from nothing is asked for as the SDK writes it, unless the family's protocol is written here; one from others always is. */
function drawingOf(line: Line): Partial<Provider> {
  const { images } = line.family.media;
  if (images === undefined) return {};
  const endpoint = endpointOf(line);
  const fresh = (call: ImageCall) =>
    images.draw === undefined ? draw(sendBy(line), line.context, call) : images.draw(endpoint, call);
  return {
    draws: images.abilities,
    draw: (call: ImageCall) => (call.references.length > 0 ? images.edit(endpoint, call) : fresh(call)),
  };
}

/** How one provider is reached. */
interface Line {
  readonly family: Family;
  readonly output_limit: OutputLimitName | null;
  readonly transport: Transport;
  readonly context: FailureContext;
  readonly access: Omit<Access, 'fetch'>;
}

async function generate(line: Line, call: ProviderCall): Promise<ProviderAnswer> {
  const answer = await send(line, call, false, (protocol, access) =>
    protocol.language(access, call.model).doGenerate(optionsOf(line.family, call)),
  );
  assert(answer.kind === 'whole', 'only an answer that was asked to stream does');
  return readWhole(line, call, answer);
}

function readWhole({ family, context }: Line, call: ProviderCall, answer: WholeAnswer): ProviderAnswer {
  const reader = family.reader();
  const texts: string[] = [];
  const body = answer.body.toString();
  reader.whole(body, texts);
  return answerOf(context, call, answer, reader.record, texts.join(''));
}

async function* stream(line: Line, call: ProviderCall): AsyncGenerator<StreamEvent> {
  const answer = await send(line, call, true, (protocol, access) =>
    protocol.language(access, call.model).doStream(optionsOf(line.family, call)),
  );
  if (answer.kind === 'whole') {
    const whole = readWhole(line, call, answer);
    if (whole.text !== '') yield { type: 'text', text: whole.text };
    yield { type: 'end', answer: whole };
    return;
  }
  const reader = line.family.reader();
  let text = '';
  try {
    for await (const texts of readTexts(line.context, answer, reader)) {
      for (const piece of texts) {
        text += piece;
        yield { type: 'text', text: piece };
      }
    }
    if (!line.family.last_word) reader.end();
    yield { type: 'end', answer: answerOf(line.context, call, answer, reader.record, text) };
  } catch (error) {
    throw error instanceof ProviderError && text !== '' ? withDelivered(error, text) : error;
  } finally {
    answer.body.cancel('the reader left');
  }
}

/** An error event is often followed by the usage of what came before it: so long it is waited for. */
const AFTER_ERROR_MS = 1_000;

/** The texts of a stream until its last word or its end. @throws ProviderError when it breaks */
async function* readTexts(
  context: FailureContext,
  { body, headers }: StreamAnswer,
  reader: AnswerReader,
): AsyncGenerator<string[]> {
  const splitter = new EventSplitter();
  const { record } = reader;
  let hearOut: NodeJS.Timeout | undefined;
  try {
    for (let over = false; !over && !record.terminated;) {
      const turn = await body.next();
      over = turn.done === true;
      const last = over ? splitter.end() : null;
      const texts: string[] = [];
      for (const { data } of turn.done === true ? (last === null ? [] : [last]) : splitter.push(turn.value)) {
        // What comes after an error is heard for its usage alone.
        if (data !== null) reader.event(data, record.error === null ? texts : []);
      }
      if (texts.length > 0) yield texts;
      if (record.error !== null) hearOut ??= setTimeout(() => body.cancel('an error was told'), AFTER_ERROR_MS);
    }
  } catch (error) {
    if (record.error !== null && error instanceof TransportError) return;
    if (error instanceof TransportError) throw transportFailure(context, error, record);
    if (error instanceof EventTooLong) throw garbageFailure(begun(context, headers), 'sent more than is read', error.message);
    throw error;
  } finally {
    clearTimeout(hearOut);
  }
}

function answerOf(
  context: FailureContext,
  call: ProviderCall,
  { headers }: TransportAnswer,
  record: AnswerRecord,
  text: string,
): ProviderAnswer {
  const known = begun(context, headers);
  if (record.error?.type === 'broken_json' && record.bytes === 0)
    throw garbageFailure(known, 'sent an answer that its protocol does not allow', record.error.message);
  if (record.error !== null) throw spokenFailure(known, record);
  if (!record.isAnswer) throw noAnswerFailure(known, record);
  const { request_id } = known;
  return {
    text,
    usage: record.report,
    finish: record.finish ?? 'other',
    model: {
      provider: call.provider,
      name: record.model ?? call.model,
      ...(call.version === undefined ? {} : { version: call.version }),
    },
    offline: false,
    ...(request_id === undefined ? {} : { request_id }),
  };
}

function withDelivered(error: ProviderError, delivered: string): ProviderError {
  const { provider, kind, billed, at_least, overlong, status, blame, retry_after_ms, request_id, cause } = error;
  return new ProviderError(provider, error.message.slice(provider.length + 2), {
    kind,
    billed,
    delivered,
    overlong,
    cause,
    ...(at_least === undefined ? {} : { at_least }),
    ...(status === undefined ? {} : { status }),
    ...(blame === undefined ? {} : { blame }),
    ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
    ...(request_id === undefined ? {} : { request_id }),
  });
}

/** Has the SDK write the request, and sends it once. @throws ProviderError when there is no answer, or one of an error's status */
async function send(
  { family, output_limit, transport, context, access }: Line,
  call: ProviderCall | EmbedCall | ImageCall,
  streams: boolean,
  write: (protocol: Protocol, access: Access) => PromiseLike<unknown>,
): Promise<TransportAnswer> {
  const { protocol } = await family.load();
  let request: EncodedRequest;
  try {
    request = await encodeRequest((fetch) => write(protocol, { ...access, fetch }));
  } catch (error) {
    throw garbageFailure(context, 'cannot be asked so', error instanceof Error ? error.message : String(error), 'no');
  }
  if ('inputs' in call && family.vectors_as_base64) request = { ...request, body: askedAsBase64(request.body) };
  if ('messages' in call) refuseChanged(context, family, call, request.body);
  if (request.url.origin !== transport.origin) throw new BrokenInvariant('a call to another origin than the configured one');
  // An SDK picks the name by the model's; which one is kept is a matter of the server's.
  if (output_limit !== null && 'messages' in call)
    request = { ...request, body: withOutputLimit(request.body, call.output_limit ?? output_limit, call.output_tokens_max) };
  const limited = 'messages' in call;
  const bytes_max = limited
    ? answerBytesMax({ output_tokens_max: call.output_tokens_max, stream: streams, request_bytes: request.body.length })
    : 'inputs' in call
      ? vectorBytesMax(call, family.vectors_as_base64)
      : imageBytesMax(call);
  return successful(context, await sendOnce(transport, context, request, { signal: call.signal, bytes_max, limited }, streams));
}

const JSON_ONLY = 'Answer with one JSON value and nothing else.';

function optionsOf(family: Family, call: ProviderCall): LanguageModelV4CallOptions {
  return {
    prompt: promptOf(call),
    maxOutputTokens: call.output_tokens_max,
    ...settingsOf(call),
    ...(call.json === true ? { responseFormat: { type: 'json' } } : {}),
    providerOptions: family.options(call.user),
  };
}

function settingsOf({ settings = {} }: ProviderCall): Partial<LanguageModelV4CallOptions> {
  const { temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, stop } = settings;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { topP: top_p }),
    ...(top_k === undefined ? {} : { topK: top_k }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequency_penalty === undefined ? {} : { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty === undefined ? {} : { presencePenalty: presence_penalty }),
    ...(stop === undefined ? {} : { stopSequences: [...stop] }),
  };
}

/** An SDK leaves out or changes what it knows a model not to take, and says so to nobody here: what leaves is compared with what came. */
function refuseChanged({ provider }: FailureContext, family: Family, call: ProviderCall, body: string): void {
  const wanted = Object.entries(call.settings ?? {}) as [SettingName, unknown][];
  if (wanted.length === 0) return;
  const written = parseObject(body);
  for (const [name, value] of wanted) {
    const found = family.settings[name]?.reduce<unknown>((at, member) => (isObject(at) ? at[member] : undefined), written);
    if (JSON.stringify(found) === JSON.stringify(value)) continue;
    const why = `${name}: ${call.model} does not take ${JSON.stringify(value)}, alone or with what else was set; leave it out`;
    throw new ProviderError(provider, 'was not asked', {
      kind: 'refused',
      billed: 'no',
      status: 400,
      blame: 'call',
      cause: new Error(why),
    });
  }
}

/** All system messages become the first: Anthropic and Gemini take but one. */
function promptOf(call: ProviderCall): LanguageModelV4Prompt {
  const system = call.messages.filter((message) => message.role === 'system').map((message) => message.content);
  // Not every protocol has a JSON mode, and OpenAI's wants the word in the prompt.
  if (call.json === true) system.push(JSON_ONLY);
  const rest = call.messages.flatMap((message): LanguageModelV4Prompt => {
    if (message.role === 'system') return [];
    return [{ role: message.role, content: [{ type: 'text', text: message.content }] }];
  });
  return system.length === 0 ? rest : [{ role: 'system', content: system.join('\n\n') }, ...rest];
}

/** The SDK asks for decimals, of which 2,048 long vectors are more bytes than are read of an answer. */
function askedAsBase64(body: string): string {
  return JSON.stringify({ ...parseObject(body), encoding_format: 'base64' });
}

/** One whole answer to what the SDK writes. */
function sendBy(line: Line): SendWhole {
  return async (call, write) => {
    const answer = await send(line, call, false, write);
    assert(answer.kind === 'whole', 'only an answer that was asked to stream does');
    return answer;
  };
}

async function embed(line: Line, call: EmbedCall): Promise<EmbedAnswer> {
  const { family, context } = line;
  const answer = await send(line, call, false, (protocol, access) => {
    assert(protocol.embedding, `${call.provider} makes no embeddings`);
    return protocol.embedding(access, call.model).doEmbed({
      values: [...call.inputs],
      ...(call.dimensions === undefined ? {} : { dimensions: call.dimensions }),
    });
  });
  assert(answer.kind === 'whole', 'only an answer that was asked to stream does');
  const text = answer.body.toString();
  const body = parseObject(text);
  const vectors = body === undefined ? undefined : family.vectors(body);
  if (vectors?.length !== call.inputs.length)
    throw garbageFailure(begun(context, answer.headers), 'answered no embeddings', text);
  const usage = family.usage(body?.[family.usage_member]);
  return { vectors, usage, model: { provider: call.provider, name: call.model }, offline: false };
}
