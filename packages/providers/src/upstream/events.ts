/** One server-sent event, or the comments between two. It lies where it came in, and is decoded when it is read. */
export class ServerEvent {
  /** What it came in. */
  readonly bytes: Buffer;
  /** The same as Latin-1, a character a byte; null where its lines end in carriage returns. */
  readonly latin1: string | null;
  readonly from: number;
  readonly end: number;
  readonly #first: boolean;

  constructor(bytes: Buffer, latin1: string | null, from: number, end: number, first: boolean) {
    this.bytes = bytes;
    this.latin1 = latin1;
    this.from = from;
    this.end = end;
    this.#first = first;
  }

  /** Every byte of it, the blank line that ends it included. */
  get raw(): Buffer {
    return this.bytes.subarray(this.from, this.end);
  }

  /** Its data lines, joined; null when there is nothing in them: by the format that is no event (a comment, a keep-alive). */
  get data(): string | null {
    const text = this.bytes.toString('utf8', this.from, this.end);
    return dataOf(this.#first && text.startsWith(BOM) ? text.slice(1) : text) || null;
  }
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
    // One look over all of them: as many characters as bytes, so that places in one are places in the other.
    const text = chunk.toString('latin1');
    let from = 0;
    for (let end = afterBlank(text, 0, this.#line); end !== -1; end = afterBlank(text, end, 0)) {
      events.push(this.#event(chunk, text, from, end));
      from = end;
    }
    const feed = text.lastIndexOf('\n');
    this.#line = feed >= from ? text.length - feed - 1 : this.#line + text.length - from;
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
      events.push(this.#event(chunk, null, from, end));
      from = end;
    }
    return from;
  }

  /** What came after the last blank line, as an event: some providers forget the last one. Null when there is nothing. */
  end(): ServerEvent | null {
    return this.#pending_bytes === 0 ? null : this.#event(Buffer.alloc(0), null, 0, 0);
  }

  #event(chunk: Buffer, latin1: string | null, from: number, end: number): ServerEvent {
    const first = this.#first;
    this.#first = false;
    this.#line = 0;
    // The cut fell into its last line end.
    const cut = end === 0 ? this.#pending.at(-1)?.at(-1) === CR : chunk[end - 1] === CR;
    if (this.#pending_bytes === 0 && !cut) return new ServerEvent(chunk, latin1, from, end, first);
    let bytes = Buffer.concat([...this.#pending, chunk.subarray(from, end)]);
    if (cut && bytes.includes('\r\n')) bytes = Buffer.concat([bytes, LINE_FEED]);
    this.#pending = [];
    this.#pending_bytes = 0;
    return new ServerEvent(bytes, latin1 === null ? null : bytes.toString('latin1'), 0, bytes.length, first);
  }
}

/** Where the next blank line ends; `line`: the bytes of the line under way. -1: not here. */
function afterBlank(text: string, from: number, line: number): number {
  if (line === 0 && text.charCodeAt(from) === LF) return from + 1;
  const blank = text.indexOf('\n\n', from);
  return blank === -1 ? -1 : blank + 2;
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
export function isComment({ bytes, from, end }: ServerEvent): boolean {
  return bytes
    .toString('latin1', from, end)
    .split(/\r\n|\n|\r/u)
    .every((line) => line === '' || line.startsWith(':'));
}
