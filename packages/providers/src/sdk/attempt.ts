import { APICallError } from '@ai-sdk/provider';
import { type FailureContext, garbageFailure, requestId, statusFailure, transportFailure } from '../failure.ts';
import { type OutputLimitName, withOutputLimit } from '../output-limit.ts';
import { type Billed, ProviderError } from '../provider.ts';
import type { AnswerHeaders, ByteStream, Transport } from '../upstream/transport.ts';
import { TransportError } from '../upstream/transport.ts';

const IDENTITY = ['accept-encoding', 'identity'];

/** The most tokens a call may answer with, and what its upstream calls that. */
interface OutputLimit {
  readonly name: OutputLimitName;
  readonly tokens: number;
}

/**
 * The `fetch` an SDK gets for one call of ours. It sends once: a client that would retry, or fetch a continuation behind our back
 * (the Gemini client does), is refused the second time, since only one call was held and will be booked. It also keeps what the
 * SDK would lose: the status, the provider's words, and how the connection broke.
 */
export class Attempt {
  readonly #transport: Transport;
  readonly #context: FailureContext;
  readonly #signal: AbortSignal;
  readonly #limit: OutputLimit | null;
  #sends = 0;
  #failure: ProviderError | null = null;
  #stream: ByteStream | null = null;
  headers: AnswerHeaders = {};
  /** The whole answer, when it came in one piece. */
  body = '';
  /** A second request was wanted and refused. */
  wanted_more = false;

  constructor(transport: Transport, context: FailureContext, signal: AbortSignal, limit: OutputLimit | null) {
    this.#transport = transport;
    this.#context = context;
    this.#signal = signal;
    this.#limit = limit;
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== this.#transport.origin) throw new Error('a call to another origin than the configured one');
    if (this.#sends > 0) {
      this.wanted_more = true;
      throw new Error('a second request within one call');
    }
    this.#sends = 1;
    const body = init?.body;
    const text = typeof body === 'string' ? body : null;
    // An SDK picks the name by the model's; which one is kept is a matter of the server's.
    const limited = text !== null && this.#limit ? withOutputLimit(text, this.#limit.name, this.#limit.tokens) : text;
    return this.#send(url, new Headers(init?.headers), limited);
  };

  async #send(url: URL, headers: Headers, body: string | null): Promise<Response> {
    const sent = [...[...headers].filter(([name]) => name !== 'accept-encoding').flat(), ...IDENTITY];
    try {
      const answer = await this.#transport.send({
        method: 'POST',
        path: url.pathname + url.search,
        headers: sent,
        body,
        signal: this.#signal,
        streams: (status, { 'content-type': type }) =>
          status < 300 && typeof type === 'string' && type.startsWith('text/event-stream'),
        tap: null,
      });
      this.headers = answer.headers;
      const init = { status: answer.status, headers: singleValues(answer.headers) };
      if (answer.kind === 'stream') {
        this.#stream = answer.body;
        return new Response(this.#webStream(answer.body), init);
      }
      this.body = answer.body.toString();
      if (answer.status < 200 || answer.status >= 300) {
        throw (this.#failure = statusFailure(this.#context, answer.status, answer.headers, this.body));
      }
      return new Response(answer.status === 204 ? null : this.body, init);
    } catch (error) {
      if (error instanceof TransportError) this.#failure = transportFailure(this.#context, error);
      throw error;
    }
  }

  #webStream(body: ByteStream): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const turn = await body.next();
          if (turn.done === true) controller.close();
          else controller.enqueue(turn.value);
        } catch (error) {
          if (error instanceof TransportError) this.#failure = transportFailure(this.#context, error);
          controller.error(error);
        }
      },
      cancel: () => body.cancel('the reader left'),
    });
  }

  get request_id(): string | undefined {
    return requestId(this.headers);
  }

  /** Ends the connection when the answer was not read to its end. */
  close(): void {
    this.#stream?.cancel('the reader left');
  }

  /**
   * What a failed call is to us, whatever the SDK made of it. `billed` is what the provider reported before it broke, if it did.
   */
  failure(error: unknown, billed: Billed | null, delivered: string): ProviderError {
    const known = this.#failure ?? this.#judge(error);
    if (billed === null && delivered === '') return known;
    const { kind, status, retry_after_ms, request_id, cause } = known;
    return new ProviderError(this.#context.provider, known.message.slice(this.#context.provider.length + 2), {
      kind,
      billed: billed ?? known.billed,
      delivered,
      cause,
      ...(status === undefined ? {} : { status }),
      ...(retry_after_ms === undefined ? {} : { retry_after_ms }),
      ...(request_id === undefined ? {} : { request_id }),
    });
  }

  #judge(error: unknown): ProviderError {
    if (this.#sends === 0) return garbageFailure(this.#context, 'cannot be asked so', describe(error), 'no');
    if (APICallError.isInstance(error) && (error.statusCode ?? 0) >= 400) {
      return statusFailure(this.#context, error.statusCode ?? 0, this.headers, error.message);
    }
    return garbageFailure(this.#context, 'answered something else than its protocol says', this.body || describe(error));
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === 'string' ? error : (JSON.stringify(error) ?? 'nothing');
}

function singleValues(headers: AnswerHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    return [[name, typeof value === 'string' ? value : value.join(', ')]];
  });
}
