import { assert, BrokenInvariant } from '@purser/base';
import type { Usage } from '@purser/money';
import {
  type FailedCallBilling,
  type FailureContext,
  garbageFailure,
  requestId,
  statusFailure,
  transportFailure,
} from '../failure.ts';
import type { OutputLimitName } from '../output-limit.ts';
import type { ProviderError } from '../provider.ts';
import { usageFromOpenAi } from '../usage.ts';
import { lastObjectMember } from './json-scan.ts';
import { StreamScanner, type StreamSummary } from './stream-scanner.ts';
import {
  type AnswerHeaders,
  type ByteStream,
  type StreamAnswer,
  Transport,
  TransportError,
  TRANSPORT_LIMITS,
  type TransportLimits,
  type WholeAnswer,
} from './transport.ts';

export interface UpstreamConfig {
  /** The provider's id, for errors. */
  readonly provider: string;
  /** Up to and with the version: `https://api.openai.com/v1`. */
  readonly base_url: string;
  /** Sent as a bearer token; null where none is needed. */
  readonly api_key: string | null;
  readonly output_limit: OutputLimitName;
  readonly limits?: Partial<TransportLimits>;
  /** What the provider bills for calls that fail. */
  readonly billing?: FailedCallBilling;
}

export interface PassThroughRequest {
  /** Below the base URL: `/chat/completions`. */
  readonly path: string;
  /** JSON, already rewritten: model, output limit, and `stream_options.include_usage` when it streams. */
  readonly body: Buffer | string;
  readonly stream: boolean;
  /** The time limit. A client that leaves a stream is `drain`ed instead, so that what it cost is known. */
  readonly signal: AbortSignal;
}

/** `failure` is set when the status is not 2xx: then nothing was generated, and `body` holds the provider's own words. */
export interface PassedWhole {
  readonly streamed: false;
  readonly status: number;
  readonly content_type: string;
  readonly request_id: string | undefined;
  readonly body: Buffer;
  /** Null when absent or impossible. */
  readonly usage: Usage | null;
  readonly failure: ProviderError | null;
}

export interface DrainBounds {
  readonly bytes_max: number;
  readonly timeout_ms: number;
}

export interface PassedStream {
  readonly streamed: true;
  readonly status: number;
  readonly content_type: string;
  readonly request_id: string | undefined;
  /** The provider's bytes, untouched. @throws ProviderError when the stream breaks, with the usage if it was seen. */
  readonly chunks: AsyncIterable<Buffer>;
  /** What was read so far, also of bytes that wait to be delivered. */
  summary(): StreamSummary;
  /**
   * The client left: reads on for the usage, within bounds, then closes the connection. Resolves as soon as the provider has said
   * all it will; never rejects.
   */
  drain(bounds: DrainBounds): Promise<StreamSummary>;
  /** Closes the connection at once. */
  cancel(): void;
}

/** An OpenAI-shaped provider, spoken to in its own bytes. */
export interface Upstream {
  readonly provider: string;
  /** The name under which it keeps the output limit: whoever writes a body says the limit under this one alone. */
  readonly output_limit: OutputLimitName;
  /** One physical call. Any status is an answer. @throws ProviderError when there is none, or one that is no JSON */
  passThrough(request: PassThroughRequest): Promise<PassedWhole | PassedStream>;
  /** Waits for calls in flight. */
  close(): Promise<void>;
}

export function openUpstream(config: UpstreamConfig): Upstream {
  const url = new URL(config.base_url);
  const prefix = url.pathname.replace(/\/+$/u, '');
  const transport = new Transport(url.origin, { ...TRANSPORT_LIMITS, ...config.limits });
  const context: FailureContext = {
    provider: config.provider,
    billing: config.billing ?? {},
    secrets: config.api_key === null ? [] : [config.api_key],
  };
  const authorization = config.api_key === null ? [] : ['authorization', `Bearer ${config.api_key}`];
  // Identity encoding: bytes are read as they pass, and packing a stream only delays it.
  const common = ['content-type', 'application/json', 'accept-encoding', 'identity', ...authorization];
  const forWhole = [...common, 'accept', 'application/json'];
  const forStream = [...common, 'accept', 'text/event-stream'];

  return {
    provider: config.provider,
    output_limit: config.output_limit,
    close: () => transport.close(),
    async passThrough({ path, body, stream, signal }) {
      const headers = stream ? forStream : forWhole;
      const streams = stream ? isEventStream : asWhole;
      const scanner = stream ? new StreamScanner() : null;
      const answer = await transport
        .send({ method: 'POST', path: prefix + path, headers, body, signal, streams, tap: scanner })
        .catch((error: unknown) => rethrow(context, error, null));
      if (answer.kind === 'whole') return passedWhole(context, answer);
      assert(scanner, 'only an answer that was asked to stream does');
      return new StreamPassage(context, answer, scanner);
    },
  };
}

const asWhole = (): boolean => false;

function isEventStream(status: number, headers: AnswerHeaders): boolean {
  return status >= 200 && status < 300 && contentType(headers).startsWith('text/event-stream');
}

function contentType(headers: AnswerHeaders): string {
  const value = headers['content-type'];
  return typeof value === 'string' ? value : '';
}

function rethrow(context: FailureContext, error: unknown, usage: Usage | null): never {
  if (error instanceof TransportError) throw transportFailure(context, error, usage ?? undefined);
  throw new BrokenInvariant(`the transport failed with something else than its own error: ${String(error)}`);
}

function passedWhole(context: FailureContext, answer: WholeAnswer): PassedWhole {
  const { status, headers, body } = answer;
  const common = { streamed: false, status, content_type: contentType(headers), request_id: requestId(headers), body } as const;
  if (status < 200 || status >= 300) {
    const failure = statusFailure(context, status, headers, body.toString('utf8', 0, 2048));
    return { ...common, usage: null, failure };
  }
  const text = body.toString('latin1');
  if (!looksLikeObject(text)) throw garbageFailure(context, 'answered no JSON', text);
  return { ...common, usage: usageFromOpenAi(lastObjectMember(text, '"usage"')), failure: null };
}

/** Enough to tell JSON from a proxy's HTML page or a body that was cut off; the client's own parser does the rest. */
function looksLikeObject(text: string): boolean {
  return /^\s*\{/u.test(text) && /\}\s*$/u.test(text.slice(-64));
}

class StreamPassage implements PassedStream {
  readonly streamed = true;
  readonly status: number;
  readonly content_type: string;
  readonly request_id: string | undefined;
  readonly chunks: AsyncIterable<Buffer>;
  readonly #context: FailureContext;
  readonly #body: ByteStream;
  readonly #scanner: StreamScanner;

  constructor(context: FailureContext, answer: StreamAnswer, scanner: StreamScanner) {
    this.status = answer.status;
    this.content_type = contentType(answer.headers);
    this.request_id = requestId(answer.headers);
    this.#context = context;
    this.#body = answer.body;
    this.#scanner = scanner;
    this.chunks = { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  summary(): StreamSummary {
    return this.#scanner.summary();
  }

  cancel(): void {
    this.#body.cancel('cancelled');
  }

  async drain({ bytes_max, timeout_ms }: DrainBounds): Promise<StreamSummary> {
    const timer = setTimeout(() => this.#body.cancel('the drain took too long'), timeout_ms);
    let bytes = 0;
    try {
      for await (const chunk of this.#body) {
        bytes += chunk.length;
        if (bytes > bytes_max || this.#scanner.summary().done) break;
      }
    } catch {
      // A break ends the drain like any other end: what was read counts.
    } finally {
      clearTimeout(timer);
      this.#body.cancel('drained');
    }
    return this.#scanner.summary();
  }

  #iterate(): AsyncIterator<Buffer, undefined> {
    return {
      next: () => this.#body.next().catch((error: unknown) => rethrow(this.#context, error, this.#scanner.summary().usage)),
      return: () => Promise.resolve({ value: undefined, done: true }),
    };
  }
}
