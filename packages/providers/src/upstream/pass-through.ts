import { BrokenInvariant } from '@purser/core';
import {
  begun,
  type FailedCallBilling,
  type FailureContext,
  garbageFailure,
  noAnswerFailure,
  requestId,
  spokenFailure,
  statusFailure,
  transportFailure,
} from '../failure.ts';
import { KeyRing } from '../key-ring.ts';
import type { OutputLimitName } from '../output-limit.ts';
import type { ProviderError } from '../provider.ts';
import { NO_REPORT, type UsageReport } from '../usage-report.ts';
import { type PassedStream, StreamPassage, type StreamSummary } from './passage.ts';
import { readWhole } from './read-chat.ts';
import {
  type AnswerHeaders,
  contentType,
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
  /** Where there are several, of which `api_key` is one. */
  readonly keys?: KeyRing;
  readonly output_limit: OutputLimitName;
  /** Whether its streams always end with `[DONE]`; absent: they do, and one that does not was cut off. */
  readonly last_word?: boolean;
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
  /** Whether the client of a stream asked for the usage event; it is asked for in any case. */
  readonly usage_wanted: boolean;
  /** Members for the event that holds the final usage, beside its own; called when that usage is known. */
  readonly beside_usage?: (summary: StreamSummary) => object;
  /** The most bytes the answer can be (`answerBytesMax`); a longer one is cut off. */
  readonly bytes_max: number;
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
  readonly report: UsageReport;
  /** The provider finished without saying anything, and says why (the limit, a filter). */
  readonly empty: boolean;
  readonly failure: ProviderError | null;
}

/** An OpenAI-shaped provider, spoken to in its own bytes. */
export interface Upstream {
  readonly provider: string;
  /** The name under which it keeps the output limit: whoever writes a body says the limit under this one alone. */
  readonly output_limit: OutputLimitName;
  /**
   * One physical call. Any error status is an answer. A stream comes when it has begun to say something, or has been silent for a
   * while. @throws ProviderError when there is no answer: none came, or one that is an error, no JSON, or has nothing in it
   */
  passThrough(request: PassThroughRequest): Promise<PassedWhole | PassedStream>;
  /** Waits for calls in flight. */
  close(): Promise<void>;
}

/**
 * How long a stream that has said nothing yet is held back. As long as it is, another provider can take the call over; afterwards
 * its keep-alives reach the client, which may need them to stay.
 */
const HELD_BACK_MS = 2_000;
/** So much of an error's body is read. */
const ERROR_BYTES_MAX = 16_384;

export function openUpstream(config: UpstreamConfig): Upstream {
  const { last_word = true } = config;
  const url = new URL(config.base_url);
  const prefix = url.pathname.replace(/\/+$/u, '');
  const transport = new Transport(url.origin, { ...TRANSPORT_LIMITS, ...config.limits });
  const keys = config.keys ?? new KeyRing([{ key: config.api_key ?? '', weight: 1 }]);
  const context: FailureContext = {
    provider: config.provider,
    billing: config.billing ?? {},
    secrets: keys.secrets,
  };
  const whole = headersFor('application/json');
  const streaming = headersFor('text/event-stream');

  return {
    provider: config.provider,
    output_limit: config.output_limit,
    close: () => transport.close(),
    passThrough: ({ path, body, stream, usage_wanted, beside_usage, bytes_max, signal }) =>
      keys.use(
        async (key) => {
          const headers = (stream ? streaming : whole)(key);
          const streams = stream ? isEventStream : asWhole;
          const answer = await transport
            .send({ method: 'POST', path: prefix + path, headers, body, bytes_max, signal, streams })
            .catch((error: unknown) => rethrow(context, error));
          const known = begun(context, answer.headers);
          if (answer.kind === 'whole') return passedWhole(known, answer);
          const passage = new StreamPassage(known, answer, { usage_wanted, last_word, ...(beside_usage && { beside_usage }) });
          await passage.begin(HELD_BACK_MS);
          return passage;
        },
        (passed) => (passed.streamed ? null : passed.failure),
      ),
  };
}

/** Made once for each key. Identity encoding: bytes are read as they pass, and packing a stream only delays it. */
function headersFor(accept: string): (key: string) => string[] {
  const known = new Map<string, string[]>();
  return (key) => {
    let headers = known.get(key);
    if (headers === undefined) {
      const authorization = key === '' ? [] : ['authorization', `Bearer ${key}`];
      headers = ['content-type', 'application/json', 'accept-encoding', 'identity', ...authorization, 'accept', accept];
      known.set(key, headers);
    }
    return headers;
  };
}

const asWhole = (): boolean => false;

function isEventStream(status: number, headers: AnswerHeaders): boolean {
  return status >= 200 && status < 300 && contentType(headers).startsWith('text/event-stream');
}

function rethrow(context: FailureContext, error: unknown): never {
  if (error instanceof TransportError) throw transportFailure(context, error);
  throw new BrokenInvariant(`the transport failed with something else than its own error: ${String(error)}`);
}

function passedWhole(context: FailureContext, answer: WholeAnswer): PassedWhole {
  const { status, headers, body } = answer;
  const common = { streamed: false, status, content_type: contentType(headers), request_id: requestId(headers), body } as const;
  if (status < 200 || status >= 300) {
    const failure = statusFailure(context, status, headers, body.toString('utf8', 0, ERROR_BYTES_MAX));
    return { ...common, report: NO_REPORT, empty: true, failure };
  }
  const record = readWhole(body);
  if (record.error?.type === 'broken_json') throw garbageFailure(context, 'answered no JSON', body.toString('utf8'));
  if (record.error !== null) throw spokenFailure(context, record);
  if (!record.isAnswer) throw noAnswerFailure(context, record);
  return { ...common, report: record.report, empty: record.empty, failure: null };
}
