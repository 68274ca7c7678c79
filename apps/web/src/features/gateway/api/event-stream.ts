/** One server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Reads `text/event-stream` as it arrives, in pieces cut anywhere.
 * Feed it text; it returns the events that are now complete. An event cut off at the end of the stream is never returned,
 * as the format demands (WHATWG HTML, "Server-sent events").
 */
export class EventStreamParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #after_cr = false;
  #started = false;

  feed(piece: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = this.#rest + (this.#after_cr && piece.startsWith('\n') ? piece.slice(1) : piece);
    if (piece !== '') this.#after_cr = false;
    if (!this.#started && text !== '') {
      this.#started = true;
      if (text.startsWith('\ufeff')) text = text.slice(1);
    }
    for (;;) {
      const end = text.search(/[\r\n]/);
      if (end === -1) break;
      const line = text.slice(0, end);
      const crlf = text[end] === '\r' && text[end + 1] === '\n';
      // A lone CR at the very end may be the first half of a CRLF whose LF is still on its way.
      this.#after_cr = text[end] === '\r' && end === text.length - 1;
      text = text.slice(end + (crlf ? 2 : 1));
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    this.#rest = text;
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? undefined : event;
  }
}
