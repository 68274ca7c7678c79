/** One server-sent event, or the comments between two. */
export interface ServerEvent {
  /** Every byte of it, the blank line that ends it included. */
  readonly raw: Buffer;
  /** Its data lines, joined; null when there is nothing in them: by the format that is no event (a comment, a keep-alive). */
  readonly data: string | null;
}

/** An event longer than this ends the stream: whoever holds whole events back must bound them. */
const EVENT_BYTES_MAX = 8 * 1024 * 1024;

export class EventTooLong extends Error {
  constructor() {
    super(`an event is longer than ${EVENT_BYTES_MAX} bytes`);
    this.name = 'EventTooLong';
  }
}

const LF = 0x0a;
const CR = 0x0d;
const LINE_FEED = Buffer.from('\n');
const BOM = '\uFEFF';

/**
 * Cuts a byte stream into whole events, whatever the cuts it arrives in: any line end (LF, CR, CRLF), several data lines, comments, a
 * byte order mark, characters cut in the middle. Each byte is looked at once.
 */
export class EventSplitter {
  #pending: Buffer[] = [];
  #pending_bytes = 0;
  /** Bytes in the line under way. */
  #line = 0;
  /** The last byte was a carriage return: a line feed after it ends the same line. */
  #afterReturn = false;
  #first = true;

  /** Nothing of an event is waiting for its end. */
  get atBoundary(): boolean {
    return this.#pending_bytes === 0;
  }

  /** The events that end in this chunk. @throws EventTooLong */
  push(chunk: Buffer): ServerEvent[] {
    const events: ServerEvent[] = [];
    const returns = this.#afterReturn || chunk.includes(CR);
    const from = returns ? this.#pushAny(chunk, events) : this.#pushFeeds(chunk, events);
    if (from < chunk.length) {
      const rest = from === 0 ? chunk : chunk.subarray(from);
      this.#pending.push(rest);
      this.#pending_bytes += rest.length;
      if (this.#pending_bytes > EVENT_BYTES_MAX) throw new EventTooLong();
    }
    return events;
  }

  /** As nearly every provider ends its lines. Returns where the event under way begins. */
  #pushFeeds(chunk: Buffer, events: ServerEvent[]): number {
    let from = 0;
    let line = this.#line;
    let at = 0;
    for (let feed = chunk.indexOf(LF); feed !== -1; feed = chunk.indexOf(LF, at)) {
      const blank = line === 0 && feed === at;
      line = 0;
      at = feed + 1;
      if (!blank) continue;
      events.push(this.#event(chunk.subarray(from, at)));
      from = at;
    }
    this.#line = line + chunk.length - at;
    return from;
  }

  /** With carriage returns among the line ends: each byte is looked at. */
  #pushAny(chunk: Buffer, events: ServerEvent[]): number {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === LF && this.#afterReturn) {
        this.#afterReturn = false;
        // The other half of the line end of an event that is gone: it was given its own.
        if (at === from && this.#pending_bytes === 0) from = at + 1;
        continue;
      }
      this.#afterReturn = byte === CR;
      if (byte !== LF && byte !== CR) {
        this.#line += 1;
        continue;
      }
      if (this.#line > 0) {
        this.#line = 0;
        continue;
      }
      // The line feed of a blank line belongs to it when it is here already.
      let end = at + 1;
      if (byte === CR && chunk[end] === LF) {
        this.#afterReturn = false;
        end += 1;
        at += 1;
      }
      events.push(this.#event(chunk.subarray(from, end)));
      from = end;
    }
    return from;
  }

  /** What came after the last blank line, as an event: some providers forget the last one. Null when there is nothing. */
  end(): ServerEvent | null {
    return this.#pending_bytes === 0 ? null : this.#event(Buffer.alloc(0));
  }

  #event(last: Buffer): ServerEvent {
    let raw = this.#pending.length === 0 ? last : Buffer.concat([...this.#pending, last]);
    // The cut fell into its last line end.
    if (raw.at(-1) === CR && raw.includes('\r\n')) raw = Buffer.concat([raw, LINE_FEED]);
    this.#pending = [];
    this.#pending_bytes = 0;
    this.#line = 0;
    let text = raw.toString('utf8');
    if (this.#first && text.startsWith(BOM)) text = text.slice(1);
    this.#first = false;
    return { raw, data: dataOf(text) || null };
  }
}

function dataOf(text: string): string | null {
  // As nearly every provider writes it: one data line, one blank line.
  if (text.startsWith('data:') && text.indexOf('\n') === text.length - 2 && text.endsWith('\n\n') && !text.includes('\r'))
    return text.slice(valueStart(text, 5), -2);
  let data: string | null = null;
  for (const line of text.split(/\r\n|\n|\r/u)) {
    if (line !== 'data' && !line.startsWith('data:')) continue;
    const value = line.slice(valueStart(line, 5));
    data = data === null ? value : `${data}\n${value}`;
  }
  return data;
}

/** One space behind the colon is not part of the value. */
function valueStart(line: string, from: number): number {
  return line.charCodeAt(from) === 0x20 ? from + 1 : from;
}

/** Comments alone: clients skip them, where some stumble over a field without data (`retry:`, an empty `data:`). */
export function isComment({ raw }: ServerEvent): boolean {
  return raw
    .toString('latin1')
    .split(/\r\n|\n|\r/u)
    .every((line) => line === '' || line.startsWith(':'));
}
