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
import { AnswerParts } from '../chat/answer-parts.ts';
import type { AnswerPiece } from '../chat/parts.ts';
import { parseObject } from '../json.ts';
import { KeyRing } from '../key-ring.ts';
import type { OutputLimitName } from '../output-limit.ts';
import {
  type EmbedAnswer,
  type EmbedCall,
  type Provider,
  type ProviderAnswer,
  type ProviderCall,
  ProviderError,
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
import { Unwritable } from './unwritable.ts';

export interface SdkProviderConfig {
  readonly id: string;
  readonly family: Family;
  /** Empty where none is needed. */
  readonly api_key: string;
  /** Where there are several, of which `api_key` is one. */
  readonly keys?: KeyRing;
  readonly base_url: string;
  /** Absent: the family's. */
  readonly output_limit?: OutputLimitName | null;
  readonly limits?: Partial<TransportLimits>;
  /** What the provider bills for calls that fail. */
  readonly billing?: FailedCallBilling;
}

export type ClosableProvider = Provider & { close(): Promise<void> };

/**
 * A provider as its family speaks. Chats are written and read here, other requests by its SDK; one call is one physical request: what is
 * written is sent once, over a connection of ours.
 */
export function sdkProvider(config: SdkProviderConfig): ClosableProvider {
  const { id, family, api_key, base_url, output_limit = family.output_limit } = config;
  const keys = config.keys ?? new KeyRing([{ key: api_key, weight: 1 }]);
  const transport = new Transport(new URL(base_url).origin, { ...TRANSPORT_LIMITS, ...config.limits });
  const context: FailureContext = { provider: id, billing: config.billing ?? {}, secrets: keys.secrets };
  // Loaded while the program starts, so that the first call need not wait; a failure to load is that call's fault to report.
  family.load?.().catch(() => undefined);
  const line: Line = { family, output_limit, transport, context, keys, base_url };
  return {
    id,
    offline: false,
    honours: family.honours,
    imageTokensMax: family.imageTokensMax,
    generate: (call) => generate(line, call),
    stream: (call) => stream(line, call),
    ...(family.embeds_max > 0
      ? { embeds_max: family.embeds_max, embeds_tokens: family.embeds_tokens, embed: (call: EmbedCall) => embed(line, call) }
      : {}),
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
  readonly keys: KeyRing;
  readonly base_url: string;
}

async function generate(line: Line, call: ProviderCall): Promise<ProviderAnswer> {
  const answer = await ask(line, call, false);
  assert(answer.kind === 'whole', 'only an answer that was asked to stream does');
  return readWhole(line, call, answer).answer;
}

interface ReadAnswer {
  readonly answer: ProviderAnswer;
  readonly pieces: readonly AnswerPiece[];
}

function readWhole({ family, context }: Line, call: ProviderCall, answer: WholeAnswer): ReadAnswer {
  const reader = family.reader(call);
  const pieces: AnswerPiece[] = [];
  reader.whole(answer.body.toString(), pieces);
  const parts = new AnswerParts();
  for (const piece of pieces) parts.add(piece);
  return { answer: answerOf(context, call, answer, reader.record, parts), pieces };
}

async function* stream(line: Line, call: ProviderCall): AsyncGenerator<StreamEvent> {
  const answer = await ask(line, call, true);
  if (answer.kind === 'whole') {
    const whole = readWhole(line, call, answer);
    yield* whole.pieces;
    yield { type: 'end', answer: whole.answer };
    return;
  }
  const reader = line.family.reader(call);
  const parts = new AnswerParts();
  try {
    for await (const pieces of readPieces(line.context, answer, reader)) {
      for (const piece of pieces) {
        parts.add(piece);
        yield piece;
      }
    }
    if (!line.family.last_word) reader.end();
    yield { type: 'end', answer: answerOf(line.context, call, answer, reader.record, parts) };
  } catch (error) {
    const { text } = parts;
    throw error instanceof ProviderError && text !== '' ? withDelivered(error, text) : error;
  } finally {
    answer.body.cancel('the reader left');
  }
}

/** An error event is often followed by the usage of what came before it: so long it is waited for. */
const AFTER_ERROR_MS = 1_000;

/** The pieces of a stream until its last word or its end. @throws ProviderError when it breaks */
async function* readPieces(
  context: FailureContext,
  { body, headers }: StreamAnswer,
  reader: AnswerReader,
): AsyncGenerator<AnswerPiece[]> {
  const splitter = new EventSplitter();
  const { record } = reader;
  let hearOut: NodeJS.Timeout | undefined;
  try {
    for (let over = false; !over && !record.terminated;) {
      const turn = await body.next();
      over = turn.done === true;
      const last = over ? splitter.end() : null;
      const pieces: AnswerPiece[] = [];
      for (const { data } of turn.done === true ? (last === null ? [] : [last]) : splitter.push(turn.value)) {
        // What comes after an error is heard for its usage alone.
        if (data !== null) reader.event(data, record.error === null ? pieces : []);
      }
      if (pieces.length > 0) yield pieces;
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
  said: AnswerParts,
): ProviderAnswer {
  const known = begun(context, headers);
  if (record.error?.type === 'broken_json' && record.bytes === 0)
    throw garbageFailure(known, 'sent an answer that its protocol does not allow', record.error.message);
  if (record.error !== null) throw spokenFailure(known, record);
  if (!record.isAnswer) throw noAnswerFailure(known, record);
  const { request_id } = known;
  const { parts, text } = said;
  const finish = record.finish ?? 'other';
  return {
    text,
    ...(parts === undefined ? {} : { parts }),
    ...(record.stop_sequence === undefined ? {} : { stop_sequence: record.stop_sequence }),
    usage: record.report,
    finish: finish === 'stop' && said.calls > 0 ? 'tool_calls' : finish,
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

/** Writes a chat, and sends it once. @throws ProviderError when there is no answer, or one of an error's status */
async function ask(line: Line, call: ProviderCall, streams: boolean): Promise<TransportAnswer> {
  const { family, output_limit, transport, context, keys, base_url } = line;
  const written = orRefused(context, () => family.write(call, { stream: streams, output_limit }));
  const body = JSON.stringify(written.body);
  const url = new URL(base_url + written.path);
  const { output_tokens_max, signal } = call;
  const bytes_max = answerBytesMax({ output_tokens_max, stream: streams, request_bytes: body.length });
  return keys.use(async (key) => {
    const headers = ['content-type', 'application/json', ...family.credentials(key), ...written.headers];
    return successful(
      context,
      await sendOnce(transport, context, { url, headers, body }, { signal, bytes_max, limited: true }, streams),
    );
  });
}

/** What a protocol has no words for is the caller's to change: nothing was sent. */
function orRefused<T>(context: FailureContext, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error;
    throw new ProviderError(context.provider, 'was not asked', {
      kind: 'refused',
      billed: 'no',
      status: 400,
      blame: 'call',
      cause: new Error(error.message),
    });
  }
}

/** Has the SDK write a request, and sends it once. @throws ProviderError when there is no answer, or one of an error's status */
async function send(line: Line, call: EmbedCall | ImageCall, write: Write): Promise<WholeAnswer> {
  const { family, context, keys } = line;
  assert(family.load, `${context.provider} serves nothing but chats`);
  const { protocol } = await family.load();
  return keys.use((key) => sendBySdk(line, call, key, (access) => write(protocol, access)));
}

type Write = (protocol: Protocol, access: Access) => PromiseLike<unknown>;

async function sendBySdk(
  { family, transport, context, base_url }: Line,
  call: EmbedCall | ImageCall,
  api_key: string,
  write: (access: Access) => PromiseLike<unknown>,
): Promise<WholeAnswer> {
  let request: EncodedRequest;
  try {
    request = await encodeRequest((fetch) => write({ api_key, base_url, fetch }));
  } catch (error) {
    throw garbageFailure(context, 'cannot be asked so', error instanceof Error ? error.message : String(error), 'no');
  }
  if ('inputs' in call) request = { ...request, body: askedFor(request.body, call, family.vectors_as_base64) };
  if (request.url.origin !== transport.origin) throw new BrokenInvariant('a call to another origin than the configured one');
  const bytes_max = 'inputs' in call ? vectorBytesMax(call, family.vectors_as_base64) : imageBytesMax(call);
  const limits = { signal: call.signal, bytes_max, limited: false };
  const answer = successful(context, await sendOnce(transport, context, request, limits, false));
  assert(answer.kind === 'whole', 'only an answer that was asked to stream does');
  return answer;
}

/** The SDK asks for decimals, of which 2,048 long vectors are more bytes than are read of an answer, and knows no tokens. */
function askedFor(body: string, { inputs }: EmbedCall, base64: boolean): string {
  const tokens = inputs.some((input) => typeof input !== 'string');
  if (!base64 && !tokens) return body;
  return JSON.stringify({
    ...parseObject(body),
    ...(tokens ? { input: inputs } : {}),
    ...(base64 ? { encoding_format: 'base64' } : {}),
  });
}

/** One whole answer to what the SDK writes. */
function sendBy(line: Line): SendWhole {
  return (call, write) => send(line, call, write);
}

async function embed(line: Line, call: EmbedCall): Promise<EmbedAnswer> {
  const { family, context } = line;
  const answer = await send(line, call, (protocol, access) => {
    assert(protocol.embedding, `${call.provider} makes no embeddings`);
    return protocol.embedding(access, call.model).doEmbed({
      values: call.inputs.map((input) => (typeof input === 'string' ? input : ' ')),
      ...(call.dimensions === undefined ? {} : { dimensions: call.dimensions }),
    });
  });
  const text = answer.body.toString();
  const body = parseObject(text);
  const vectors = body === undefined ? undefined : family.vectors(body);
  if (vectors?.length !== call.inputs.length)
    throw garbageFailure(begun(context, answer.headers), 'answered no embeddings', text);
  const usage = family.usage(body?.[family.usage_member]);
  return { vectors, usage, model: { provider: call.provider, name: call.model }, offline: false };
}
