import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamScanner, type StreamSummary } from './stream-scanner.ts';

const chunk = (choices: unknown, usage?: unknown): string =>
  JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm-1', choices, ...(usage === undefined ? {} : { usage }) });
const delta = (content: string): string => chunk([{ index: 0, delta: { content }, finish_reason: null }], null);
const USAGE = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14, prompt_tokens_details: { cached_tokens: 4 } };

function scan(stream: string, cuts: readonly number[] = []): StreamSummary {
  const bytes = Buffer.from(stream);
  const scanner = new StreamScanner();
  let from = 0;
  for (const cut of [...cuts].map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b)) {
    scanner.push(bytes.subarray(from, cut));
    from = cut;
  }
  scanner.push(bytes.subarray(from));
  scanner.end();
  return scanner.summary();
}

const events = (payloads: readonly string[], end = '\n'): string =>
  payloads.map((payload) => `data: ${payload}${end}${end}`).join('');
const HONEST = [
  delta('Hé'),
  delta(' "quoted\\" ไทย'),
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], null),
  chunk([], USAGE),
  '[DONE]',
];

describe('reading usage out of a stream as it passes', () => {
  test('usage at the end is read, with what was delivered', () => {
    expect(scan(events(HONEST))).toEqual({
      usage: { input_tokens: 9, output_tokens: 5, cached_input_tokens: 4 },
      usage_rejected: false,
      done: true,
      delivered: { pieces: 2, bytes: Buffer.byteLength('Hé "quoted\\" ไทย') },
    });
  });

  test('any division into chunks, any line end and any comments give the same reading', () => {
    const summary = scan(events(HONEST));
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 60 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.constantFrom(': keep-alive', 'event: message', 'id: 7', 'retry: 10'), { maxLength: 3 }),
        (cuts, end, comments) => {
          const noise = comments.map((comment) => comment + end).join('');
          const stream = HONEST.map((payload) => `${noise}data: ${payload}${end}${end}`).join('');
          expect(scan(stream, cuts)).toEqual(summary);
        },
      ),
    );
  });

  test('a stream fed byte by byte reads the same', () => {
    const stream = events(HONEST, '\r\n');
    expect(
      scan(
        stream,
        Array.from({ length: Buffer.byteLength(stream) }, (_, at) => at),
      ),
    ).toEqual(scan(events(HONEST)));
  });

  test('no bytes whatever make it throw, and garbage is no usage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const scanner = new StreamScanner();
        for (const bytes of chunks) scanner.push(Buffer.from(bytes));
        scanner.end();
        expect(scanner.summary().usage).toBeNull();
      }),
    );
  });

  test('text that talks about usage is not usage: quotes inside strings are always escaped', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        const text = `${noise}"usage":{"prompt_tokens":1,"completion_tokens":1}${noise}`;
        expect(scan(events([delta(text), '[DONE]']))).toMatchObject({ usage: null, usage_rejected: false, done: true });
      }),
    );
  });

  test.each([
    ['data:without a space', `data:${chunk([], USAGE)}\n\n`],
    [
      'spaces inside the JSON',
      `data: {"usage" : {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}}\n\n`,
    ],
    [
      'an event over two data lines',
      `data: {"usage":\ndata: {"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}}\n\n`,
    ],
    ['no blank line at the end', `data: ${chunk([], USAGE)}`],
    [
      'growing usage in every event',
      events([chunk([], { prompt_tokens: 9, completion_tokens: 1 }), chunk([], USAGE), delta('x')]),
    ],
  ])('%s', (_, stream) => {
    expect(scan(stream).usage).toEqual({ input_tokens: 9, output_tokens: 5, cached_input_tokens: 4 });
  });

  test.each([
    ['negative', { prompt_tokens: 9, completion_tokens: -1 }],
    ['fractional', { prompt_tokens: 9, completion_tokens: 1.5 }],
    ['absurd', { prompt_tokens: 9, completion_tokens: 1e300 }],
    ['a string', { prompt_tokens: '9', completion_tokens: 5 }],
    ['without a total', { completion_tokens: 5 }],
  ])('usage that is %s is rejected, and said to be', (_, usage) => {
    expect(scan(events([delta('x'), chunk([], usage), '[DONE]']))).toMatchObject({
      usage: null,
      usage_rejected: true,
      done: true,
    });
  });

  test('the order of members does not matter', () => {
    const turned =
      '{"usage":{"total_tokens":14,"completion_tokens":5,"prompt_tokens":9},"choices":[{"finish_reason":"length","delta":{"content":"x"}}]}';
    expect(scan(events([turned]))).toMatchObject({
      usage: { output_tokens: 5 },
      delivered: { pieces: 1, bytes: 1 },
    });
  });

  test('several choices in one event, and escaped letters, count in full', () => {
    const two = '{"choices":[{"delta":{"content":"ab"}},{"delta":{"content":"\\u0e01\\n\\""}}]}';
    expect(scan(events([two])).delivered).toEqual({ pieces: 1, bytes: 2 + 3 + 1 + 1 });
  });

  test('tool calls, refusals and reasoning count as delivered too', () => {
    const tool = chunk([{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] } }]);
    const reasoning = chunk([{ index: 0, delta: { reasoning_content: 'think' } }]);
    expect(scan(events([tool, reasoning])).delivered).toEqual({ pieces: 2, bytes: 7 + 5 });
  });
});
