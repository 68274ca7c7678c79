import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamParser, type ServerEvent } from './event-stream.ts';

function read(pieces: readonly string[]): ServerEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

describe('the event stream parser', () => {
  it('reads named events with their data', () => {
    expect(read(['event: text\ndata: {"text":"Hi"}\n\nevent: end\ndata: {}\n\n'])).toEqual([
      { event: 'text', data: '{"text":"Hi"}' },
      { event: 'end', data: '{}' },
    ]);
  });

  it('finds the same events wherever the stream is cut, with any of the three line ends', () => {
    const line_end = fc.constantFrom('\n', '\r\n', '\r');
    const events = fc.array(
      fc.record({ event: fc.constantFrom('text', 'end'), data: fc.string().map((s) => JSON.stringify(s)) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(line_end, events, fc.array(fc.nat(400), { maxLength: 12 }), (eol, sent, cuts) => {
        const stream = sent.map(({ event, data }) => `: note${eol}event: ${event}${eol}data: ${data}${eol}${eol}`).join('');
        const at = [...new Set(cuts.map((cut) => Math.min(cut, stream.length)))].toSorted((a, b) => a - b);
        const pieces = [0, ...at].map((from, i) => stream.slice(from, at[i] ?? stream.length));
        expect(read(pieces)).toEqual(sent);
      }),
    );
  });

  it('joins several data lines and skips comments, unknown fields and a byte-order mark', () => {
    expect(read(['\ufeff: hello\nid: 7\ndata: a\ndata:b\n\n'])).toEqual([{ event: 'message', data: 'a\nb' }]);
  });

  it('never returns an event that was cut off', () => {
    expect(read(['event: end\ndata: {"cost"'])).toEqual([]);
    expect(read(['event: end\ndata: {}\n'])).toEqual([]);
  });
});
