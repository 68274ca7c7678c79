import { type Dispatcher, Pool } from 'undici';

/** HTTP to one origin. Small on purpose: undici's dispatch without its streams, because every call of the gate goes through here. */

export interface TransportLimits {
  /** Connections to this provider, and so calls in flight to it; more wait in line. */
  readonly connections: number;
  readonly connect_timeout_ms: number;
  /** From the request to the first byte of the answer. */
  readonly headers_timeout_ms: number;
  /** Between two pieces of the answer. */
  readonly body_timeout_ms: number;
  /** No answer is longer than this, whatever a request allows. */
  readonly body_bytes_max: number;
}

export const TRANSPORT_LIMITS: TransportLimits = Object.freeze({
  connections: 256,
  connect_timeout_ms: 5_000,
  headers_timeout_ms: 30_000,
  body_timeout_ms: 30_000,
  body_bytes_max: 64 * 1024 * 1024,
});

/** Unread bytes of a stream at which the provider is made to wait, so that a slow client costs no memory. */
const UNREAD_BYTES_MAX = 256 * 1024;

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** In lower case, as its names count whatever the case. */
export function contentType(headers: AnswerHeaders): string {
  const value = headers['content-type'];
  return typeof value === 'string' ? value.toLowerCase() : '';
}

export interface TransportRequest {
  readonly method: 'POST' | 'GET';
  /** With a leading slash, query included. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | null;
  /** An answer longer than this is cut off, whole or streamed; absent: the limit of the transport. */
  readonly bytes_max?: number;
  /** Which answers come as a stream; all others are collected first. */
  readonly streams: (status: number, headers: AnswerHeaders) => boolean;
}

export type TransportAnswer = WholeAnswer | StreamAnswer;

export interface WholeAnswer {
  readonly kind: 'whole';
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

export interface StreamAnswer {
  readonly kind: 'stream';
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: ByteStream;
}

/**
 * The call broke on the way. `sent` tells whether the provider may have seen it whole, and so may bill it; `headers` are those of its
 * answer, null when none had begun.
 */
export class TransportError extends Error {
  readonly sent: boolean;
  readonly aborted: boolean;
  readonly headers: AnswerHeaders | null;

  constructor(cause: unknown, sent: boolean, aborted: boolean, headers: AnswerHeaders | null) {
    super(aborted ? 'the call was ended' : 'the connection failed', { cause });
    this.name = 'TransportError';
    this.sent = sent;
    this.aborted = aborted;
    this.headers = headers;
  }
}

export class BodyTooLong extends Error {
  constructor(bytes_max: number) {
    super(`the answer is longer than ${bytes_max} bytes`);
    this.name = 'BodyTooLong';
  }
}

export class Transport {
  readonly origin: string;
  readonly #pool: Pool;
  readonly #limits: TransportLimits;

  constructor(origin: string, limits: TransportLimits) {
    this.origin = origin;
    this.#limits = limits;
    this.#pool = new Pool(origin, {
      connections: limits.connections,
      pipelining: 1,
      // One call a connection: a stalled stream then stalls no other.
      allowH2: false,
      connect: { timeout: limits.connect_timeout_ms },
      headersTimeout: limits.headers_timeout_ms,
      bodyTimeout: limits.body_timeout_ms,
    });
  }

  /** One physical request; never retried. @throws TransportError */
  send(request: TransportRequest): Promise<TransportAnswer> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(
        request,
        Math.min(request.bytes_max ?? Infinity, this.#limits.body_bytes_max),
        resolve,
        reject,
      );
      const { path, method, headers, body } = request;
      this.#pool.dispatch({ path, method, headers, body }, exchange);
    });
  }

  /** Waits for calls in flight. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Ends calls in flight. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** One request's life as undici tells it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: TransportRequest;
  readonly #body_bytes_max: number;
  readonly #resolve: (answer: TransportAnswer) => void;
  readonly #reject: (error: TransportError) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: AnswerHeaders = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #stream: ByteStream | null = null;
  #sent = false;
  #over = false;

  constructor(
    request: TransportRequest,
    body_bytes_max: number,
    resolve: (answer: TransportAnswer) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#request = request;
    this.#body_bytes_max = body_bytes_max;
    this.#resolve = resolve;
    this.#reject = reject;
    if (request.signal?.aborted === true) this.#abort();
    else request.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Ended while it waited for a connection: the caller has its answer already.
    if (this.#over) controller.abort(new Error('ended before it began'));
  }

  onRequestSent(): void {
    this.#sent = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    if (!this.#request.streams(status, headers)) return;
    this.#stream = new ByteStream(controller, (cause) => this.#fail(cause));
    this.#resolve({ kind: 'stream', status, headers, body: this.#stream });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#body_bytes_max) {
      this.#chunks = [];
      controller.abort(new BodyTooLong(this.#body_bytes_max));
    } else if (this.#stream) this.#stream.push(chunk);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#finish();
    if (this.#stream) {
      this.#stream.end(null);
      return;
    }
    this.#resolve({ kind: 'whole', status: this.#status, headers: this.#headers, body: joined(this.#chunks) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#fail(cause);
  }

  /** The signal fired: whoever waits is told at once, and the socket is closed behind them. */
  readonly #abort = (): void => {
    this.#fail(this.#request.signal?.reason);
    this.#controller?.abort(new Error('ended by its caller'));
  };

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#finish();
    const error = new TransportError(
      cause,
      this.#sent,
      this.#request.signal?.aborted === true,
      this.#status === 0 ? null : this.#headers,
    );
    if (this.#stream) this.#stream.end(error);
    else this.#reject(error);
  }

  #finish(): void {
    this.#over = true;
    this.#request.signal?.removeEventListener('abort', this.#abort);
  }
}

type Turn = IteratorResult<Buffer, undefined>;

/**
 * The bytes of an answer as they come, for one reader. Stopping early leaves the provider waiting: whoever stops reading must
 * either `cancel` or read on.
 */
export class ByteStream implements AsyncIterableIterator<Buffer, undefined> {
  readonly #controller: Dispatcher.DispatchController;
  readonly #failed: (cause: unknown) => void;
  #unread: Buffer[] = [];
  #unread_bytes = 0;
  #wake: (() => void) | null = null;
  #ended = false;
  #error: TransportError | null = null;

  constructor(controller: Dispatcher.DispatchController, failed: (cause: unknown) => void) {
    this.#controller = controller;
    this.#failed = failed;
  }

  push(chunk: Buffer): void {
    this.#unread.push(chunk);
    this.#unread_bytes += chunk.length;
    if (this.#unread_bytes > UNREAD_BYTES_MAX) this.#controller.pause();
    this.#wake?.();
  }

  end(error: TransportError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /**
   * Resolves to all that has come since, or waits. A reader that waited wakes when the socket's bytes are parsed to their end, so
   * what came together goes on together. Bytes that came before a break are delivered before it is thrown.
   */
  async next(): Promise<Turn> {
    if (this.#unread.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    if (this.#unread.length > 0) return { value: this.#takeUnread(), done: false };
    if (this.#error) throw this.#error;
    return { value: undefined, done: true };
  }

  #takeUnread(): Buffer {
    const chunks = this.#unread;
    this.#unread = [];
    this.#unread_bytes = 0;
    if (this.#controller.paused) this.#controller.resume();
    return joined(chunks);
  }

  /** Leaving a loop is no decision about the provider: `cancel` and reading on are. */
  return(): Promise<Turn> {
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Closes the connection; the stream ends with a `TransportError`. */
  cancel(reason: string): void {
    if (this.#ended) return;
    const cause = new Error(reason);
    this.#failed(cause);
    this.#controller.abort(cause);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next read has not to wait. */
  get ready(): boolean {
    return this.#ended || this.#unread.length > 0;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only ? only : Buffer.concat(chunks);
}
