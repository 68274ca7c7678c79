import { BrokenInvariant, inBackground } from '@purser/core';
import { AnswerRecord } from '../answer-record.ts';
import { type FailureContext, garbageFailure, noAnswerFailure, requestId, spokenFailure, transportFailure } from '../failure.ts';
import { ProviderError } from '../provider.ts';
import type { UsageReport } from '../usage-report.ts';
import { EventSplitter, EventTooLong, isComment, ServerEvent } from './events.ts';
import { readChatEvent } from './read-chat.ts';
import { TextFrame } from './text-frame.ts';
import { type ByteStream, contentType, type StreamAnswer, TransportError } from './transport.ts';

export interface DrainBounds {
  readonly bytes_max: number;
  readonly timeout_ms: number;
}

/** What an OpenAI-shaped event stream said so far. */
export interface StreamSummary {
  readonly report: UsageReport;
  /** `[DONE]` was read. */
  readonly done: boolean;
  /** Nothing in it that a caller could use. */
  readonly empty: boolean;
  /** Events that carried something generated, and the bytes of it. */
  readonly delivered: { readonly pieces: number; readonly bytes: number };
}

export interface Drained extends StreamSummary {
  /** The provider broke the stream by itself. */
  readonly failure: ProviderError | null;
}

export interface PassedStream {
  readonly streamed: true;
  readonly status: number;
  readonly content_type: string;
  readonly request_id: string | undefined;
  /**
   * The provider's events, each whole and untouched, without the usage event unless it was wanted, and without any that is an error
   * or no JSON. @throws ProviderError when the stream breaks, tells an error, or ends before it says that it is finished
   */
  readonly chunks: AsyncIterable<Buffer>;
  /** What was read so far. */
  summary(): StreamSummary;
  /**
   * The client left: reads on for the usage, within bounds, then closes the connection. Resolves as soon as the provider has said
   * all it will; never rejects.
   */
  drain(bounds: DrainBounds): Promise<Drained>;
  /** Closes the connection at once. */
  cancel(): void;
}

/** An error event is often followed by the usage of what came before it: so far and so long it is waited for. */
const AFTER_ERROR: DrainBounds = { bytes_max: 65_536, timeout_ms: 1_000 };
/** A stream whose events have so many frames in a row of which none fits the next has none to look for. */
const FRAMES_MAX = 4;
/** A connection is used again when its stream ends soon after its last word. */
const AFTER_DONE: DrainBounds = { bytes_max: 65_536, timeout_ms: 1_000 };

/** Bytes that say nothing (keep-alives) are not held back beyond this. */
const HELD_BACK_BYTES_MAX = 65_536;

const LATE = Symbol('late');

/** What every client of the protocol waits for. */
const DONE = Buffer.from('data: [DONE]\n\n');
const NOTHING = Buffer.alloc(0);
const BLANK = Buffer.from('\n\n');

export interface PassageOptions {
  readonly usage_wanted: boolean;
  /** Members for the event that holds the final usage. */
  readonly beside_usage?: (summary: StreamSummary) => object;
  /** Whether a stream that ends without `[DONE]` was cut off. */
  readonly last_word: boolean;
}

/** A stream of chat completion chunks on its way through: cut into whole events, read, and passed on. */
export class StreamPassage implements PassedStream {
  readonly streamed = true;
  readonly status: number;
  readonly content_type: string;
  readonly request_id: string | undefined;
  readonly chunks: AsyncIterable<Buffer>;
  readonly #context: FailureContext;
  readonly #body: ByteStream;
  readonly #options: PassageOptions;
  readonly #record = new AnswerRecord();
  readonly #splitter = new EventSplitter();
  /** Read while the beginning was awaited. */
  #ready: Buffer[] = [];
  #pulling: Promise<Buffer | null> | null = null;
  #failure: ProviderError | null = null;
  #over = false;
  #cancelled = false;
  /** Of the last event that was parsed. */
  #frame: TextFrame | null = null;
  #frames_left = FRAMES_MAX;
  #bytes = 0;

  constructor(context: FailureContext, answer: StreamAnswer, options: PassageOptions) {
    this.status = answer.status;
    this.content_type = contentType(answer.headers);
    this.request_id = requestId(answer.headers);
    this.#context = context;
    this.#body = answer.body;
    this.#options = options;
    const iterator: AsyncIterator<Buffer, undefined> = {
      next: () => this.#next(),
      return: () => Promise.resolve({ value: undefined, done: true }),
    };
    this.chunks = { [Symbol.asyncIterator]: () => iterator };
  }

  /** Resolves when something was generated, the stream is over, or `wait_ms` have passed. @throws ProviderError */
  async begin(wait_ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let late: Promise<typeof LATE> | undefined;
    try {
      while (this.#record.bytes === 0 && this.#bytes < HELD_BACK_BYTES_MAX) {
        // What has come together with its head is there already.
        if (!this.#body.ready) {
          late ??= new Promise((resolve) => {
            timer = setTimeout(() => resolve(LATE), wait_ms);
          });
        }
        const pulling = this.#pull();
        const read = await (late === undefined ? pulling : Promise.race([pulling, late]));
        if (read === LATE) return;
        this.#taken(pulling);
        if (read === null) return;
        if (read.length > 0) this.#ready.push(read);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  summary(): StreamSummary {
    const { report, terminated, empty, pieces, bytes } = this.#record;
    return { report, done: terminated, empty, delivered: { pieces, bytes } };
  }

  cancel(): void {
    this.#cancel('cancelled');
  }

  async drain({ bytes_max, timeout_ms }: DrainBounds): Promise<Drained> {
    const timer = setTimeout(() => this.#cancel('the drain took too long'), timeout_ms);
    const from = this.#bytes;
    let failure: ProviderError | null = null;
    try {
      while ((await this.#take()) !== null && this.#bytes - from <= bytes_max);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (!this.#cancelled) failure = error;
    } finally {
      clearTimeout(timer);
      if (!this.#record.terminated) this.#cancel('drained');
    }
    return { ...this.summary(), failure };
  }

  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#ready.length > 0) {
      const value = joined(this.#ready);
      this.#ready = [];
      return { value, done: false };
    }
    for (;;) {
      const read = await this.#take();
      if (read === null) return { value: undefined, done: true };
      if (read.length > 0) return { value: read, done: false };
    }
  }

  /** One read at a time; one that nobody waited for any more is the next one's, whenever that comes. */
  #pull(): Promise<Buffer | null> {
    return (this.#pulling ??= this.#read());
  }

  async #take(): Promise<Buffer | null> {
    const pulling = this.#pull();
    const read = await pulling;
    this.#taken(pulling);
    return read;
  }

  #taken(pulling: Promise<Buffer | null>): void {
    if (this.#pulling === pulling) this.#pulling = null;
  }

  /** What the next bytes bring for the client (perhaps nothing); null at the end. */
  async #read(): Promise<Buffer | null> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#over) return null;
    try {
      const turn = await this.#body.next();
      if (turn.done !== true) {
        this.#bytes += turn.value.length;
        const passed = this.#pass(this.#splitter.push(turn.value));
        if (this.#toldError) await this.#hearOut();
        return passed;
      }
      const last = this.#splitter.end();
      const passed = last === null ? NOTHING : this.#pass([last]);
      if (this.#toldError) await this.#hearOut();
      if (!this.#over && !this.#options.last_word) this.#record.endWithoutLastWord();
      // The word that the provider left out is said for it.
      const said = !this.#over && this.#record.terminated ? DONE : NOTHING;
      this.#end();
      // An event without its blank line would run into whatever follows it.
      return Buffer.concat(passed.length === 0 ? [said] : [passed, BLANK, said]);
    } catch (error) {
      this.#over = true;
      if (error instanceof TransportError) throw (this.#failure = transportFailure(this.#context, error, this.#record));
      if (!(error instanceof EventTooLong)) throw error;
      this.#cancel(error.message);
      throw (this.#failure = garbageFailure(this.#context, 'sent more than is read', error.message));
    }
  }

  /** Reads events and returns the bytes of those that go on: those that came together stay so, uncopied. */
  #pass(events: readonly ServerEvent[]): Buffer {
    const passed: Buffer[] = [];
    let run: ServerEvent | undefined;
    let end = 0;
    for (const event of events) {
      if (this.#over) break;
      const goes = this.#reads(event);
      if (goes === null) continue;
      if (goes === event && run?.bytes === event.bytes && event.from === end) {
        ({ end } = event);
        continue;
      }
      if (run !== undefined) passed.push(between(run, end));
      run = goes instanceof ServerEvent ? goes : undefined;
      if (goes instanceof ServerEvent) ({ end } = goes);
      else passed.push(goes);
    }
    if (run !== undefined) passed.push(between(run, end));
    return joined(passed);
  }

  get #toldError(): boolean {
    return this.#record.error !== null && !this.#over;
  }

  /** What the client gets of the event: the event itself, other bytes, or nothing. */
  #reads(event: ServerEvent): ServerEvent | Buffer | null {
    if (this.#frame?.note(this.#record, event) === true) {
      this.#frames_left = FRAMES_MAX;
      return event;
    }
    const { data } = event;
    if (data === null) return isComment(event) ? event : null;
    this.#frame = null;
    const reports_before = this.#record.reports;
    const kind = readChatEvent(this.#record, data);
    if (this.#record.error !== null) return null;
    if (kind === 'done') {
      this.#end();
      if (this.#failure !== null) return null;
      return data === '[DONE]' ? event : DONE;
    }
    if (kind !== 'chunk' && !this.#options.usage_wanted) return null;
    if (this.#record.reports > reports_before) return this.#besideUsage(data) ?? event;
    if (this.#frames_left > 0) {
      this.#frame = TextFrame.of(event);
      if (this.#frame !== null) this.#frames_left -= 1;
    }
    return event;
  }

  /** An event with the final usage says what follows from it, too. */
  #besideUsage(data: string): Buffer | null {
    const { usage_wanted, beside_usage } = this.#options;
    if (!usage_wanted || beside_usage === undefined || this.#record.report.certainty !== 'final') return null;
    // Its own members stay as they were written.
    const more = JSON.stringify(beside_usage(this.summary())).slice(1);
    const text = `${data.slice(0, data.lastIndexOf('}'))},${more}`;
    return Buffer.from(`data: ${text.replaceAll('\n', '\ndata: ')}\n\n`);
  }

  /** The provider has told an error: what it still says of usage is heard, then the error is raised. */
  async #hearOut(): Promise<void> {
    const timer = setTimeout(() => this.#cancel('an error was told'), AFTER_ERROR.timeout_ms);
    const from = this.#bytes;
    try {
      while (!this.#record.terminated && this.#bytes - from <= AFTER_ERROR.bytes_max) {
        const turn = await this.#body.next();
        const last = turn.done === true ? this.#splitter.end() : null;
        const events = turn.done === true ? (last === null ? [] : [last]) : this.#splitter.push(turn.value);
        for (const { data } of events) if (data !== null) readChatEvent(this.#record, data);
        if (turn.done === true) break;
        this.#bytes += turn.value.length;
      }
    } catch (error) {
      if (!(error instanceof TransportError) && !(error instanceof EventTooLong)) throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#cancel('an error was told');
    this.#over = true;
    this.#failure = spokenFailure(this.#context, this.#record);
  }

  /** The stream is over: either there is an answer, or the next read raises why there is none. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#record.terminated && !this.#body.ended) inBackground(this.#letEnd(), () => {});
    if (!this.#record.isAnswer) this.#failure = noAnswerFailure(this.#context, this.#record);
  }

  /** Lets the connection end by itself, or ends it. */
  async #letEnd(): Promise<void> {
    const timer = setTimeout(() => this.#cancel('it said all'), AFTER_DONE.timeout_ms);
    let bytes = 0;
    try {
      for await (const chunk of this.#body) if ((bytes += chunk.length) > AFTER_DONE.bytes_max) break;
    } catch (error) {
      // The last word was read: how the connection ends is nobody's concern.
      if (!(error instanceof TransportError)) throw new BrokenInvariant(`a byte stream failed with ${String(error)}`);
    } finally {
      clearTimeout(timer);
      this.#cancel('it said all');
    }
  }

  #cancel(reason: string): void {
    this.#cancelled = true;
    this.#body.cancel(reason);
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only = NOTHING] = parts;
  return parts.length <= 1 ? only : Buffer.concat(parts);
}

/** The bytes from where an event begins. */
function between({ bytes, from }: ServerEvent, end: number): Buffer {
  return from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end);
}
