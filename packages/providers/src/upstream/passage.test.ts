import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AnswerRecord } from '../answer-record.ts';
import { ProviderError } from '../provider.ts';
import { startScripted } from '../standins/scripted.ts';
import { EventSplitter } from './events.ts';
import { openUpstream, type Upstream } from './pass-through.ts';
import type { StreamSummary } from './passage.ts';
import { readChat, readChatEvent } from './read-chat.ts';

const chunk = (choices: unknown, usage?: unknown, more: object = {}): string =>
  JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'm-1',
    choices,
    ...(usage === undefined ? {} : { usage }),
    ...more,
  });
const delta = (content: string): string => chunk([{ index: 0, delta: { content }, finish_reason: null }], null);
const STOP = chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], null);
const USAGE = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 14, prompt_tokens_details: { cached_tokens: 4 } };
const READ = { input_tokens: 9, output_tokens: 5, cached_input_tokens: 4 };
/** The usage event as a server that writes its JSON with spaces sends it. */
const SPACED = `{ "id": "c", "object": "chat.completion.chunk", "choices" : [ ], "usage" : ${JSON.stringify(USAGE, null, 1).replaceAll('\n', ' ')} }`;
const TEXT = 'Hé "quoted\\" ไทย 🛳';
const HONEST = [delta('Hé'), delta(TEXT.slice(2)), STOP, SPACED, '[DONE]'];
const ENDS = ['\n', '\r\n', '\r'] as const;

interface Answered {
  readonly text: string;
  readonly report: unknown;
  readonly failure: string | null;
}

/** What an upstream's next answer is: pieces of a body, each written apart. */
let pieces: readonly Buffer[] = [];
let lax: Upstream;
let upstream: Upstream;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    write(response).catch(() => response.destroy());
  });
});

async function write(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const piece of pieces) {
    response.write(piece);
    // A piece is a read of its own only when the loop has turned.
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const config = { provider: 'compatible', base_url, api_key: null, output_limit: 'max_tokens' } as const;
  upstream = openUpstream(config);
  lax = openUpstream({ ...config, last_word: false });
});
afterAll(async () => {
  await Promise.all([upstream.close(), lax.close()]);
  server.close();
});

/** Streams these bytes, cut at these places, to a client. */
async function passed(
  stream: string | Buffer,
  cuts: readonly number[] = [],
  usage_wanted = false,
  by = upstream,
): Promise<Answered> {
  const bytes = Buffer.from(stream as string);
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  pieces = [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length)).filter(({ length }) => length > 0);
  const { signal } = new AbortController();
  const chunks: Buffer[] = [];
  try {
    const answer = await by.passThrough({
      path: '/chat/completions',
      body: '{}',
      stream: true,
      usage_wanted,
      bytes_max: 10_000_000,
      signal,
    });
    if (!answer.streamed) throw new Error('came whole');
    try {
      for await (const bytesOfEvents of answer.chunks) chunks.push(bytesOfEvents);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return { text: Buffer.concat(chunks).toString(), report: answer.summary().report, failure: error.kind };
    }
    return { text: Buffer.concat(chunks).toString(), report: answer.summary().report, failure: null };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { text: '', report: error.billed, failure: error.kind };
  }
}

const events = (payloads: readonly string[], end = '\n'): string =>
  payloads.map((payload) => `data: ${payload}${end}${end}`).join('');
/** The data of every event a client would read. */
function dataOf(text: string): string[] {
  const splitter = new EventSplitter();
  const read = splitter.push(Buffer.from(text));
  const last = splitter.end();
  return [...read, ...(last ? [last] : [])].flatMap(({ data }) => data ?? []);
}

describe('a stream passes as whole events', () => {
  test('any division of the bytes, any line end, comments, several data lines and a byte order mark give the client the same events and us the same bill', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom(...ENDS),
        fc.array(fc.constantFrom(': keep-alive', 'event: message', 'id: 7', 'retry: 10', ':'), { maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        async (cuts, end, lines, mark, wanted) => {
          const noise = lines.map((line) => line + end).join('');
          // A break between members is white space to JSON: the same value in two data lines.
          const lined = (payload: string): string => payload.replace(',"object"', `,${end}data: "object"`);
          const stream = HONEST.map((payload) => `${noise}data:${mark ? '' : ' '}${lined(payload)}${end}${end}`).join('');
          const answer = await passed((mark ? '\uFEFF' : '') + stream, cuts, wanted);
          expect(answer).toMatchObject({ failure: null, report: { certainty: 'final', usage: READ } });
          const data = dataOf(answer.text).map((text) => (text === '[DONE]' ? text : (JSON.parse(text) as unknown)));
          const want = HONEST.filter((payload) => wanted || payload !== SPACED);
          expect(data).toEqual(want.map((payload) => (payload === '[DONE]' ? payload : (JSON.parse(payload) as unknown))));
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each(ENDS.map((end) => [JSON.stringify(end), end] as const))(
    'a cut at every single byte between line ends of %s changes nothing',
    async (_, end) => {
      const stream = events(HONEST, end);
      const every = Array.from({ length: Buffer.byteLength(stream) }, (__, at) => at);
      const answer = await passed(stream, every);
      expect(answer).toEqual({
        text: events(
          HONEST.filter((payload) => payload !== SPACED),
          end,
        ),
        report: { certainty: 'final', usage: READ },
        failure: null,
      });
    },
  );

  test('no bytes whatever make the reader throw, and garbage is no usage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const splitter = new EventSplitter();
        const record = new AnswerRecord();
        for (const bytes of chunks) {
          for (const { data } of splitter.push(Buffer.from(bytes))) if (data !== null) readChatEvent(record, data);
        }
        expect(record.report).toEqual({ certainty: 'none' });
      }),
    );
  });

  test('a stream that ends inside an event gives the client no broken JSON', async () => {
    const whole = events(HONEST);
    for (const at of [70, 150, whole.indexOf('"usage"') + 20]) {
      const answer = await passed(whole.slice(0, at));
      expect(answer.failure).toBe('garbage');
      for (const data of dataOf(answer.text)) expect(() => JSON.parse(data) as unknown).not.toThrow();
    }
  });

  test('a last event without its blank line is read, and ends in one', async () => {
    const answer = await passed(`${events(HONEST.slice(0, -1))}data: [DONE]`);
    expect(answer).toMatchObject({ failure: null, report: { certainty: 'final', usage: READ } });
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('a server that leaves out the last word has said all once it said why it ended and what it bills: the client gets that word', async () => {
    const unsaid = HONEST.slice(0, -1);
    for (const end of ['\n\n', '']) {
      const answer = await passed(events(unsaid).slice(0, -2) + end, [], true, lax);
      expect(answer).toMatchObject({ failure: null, report: { certainty: 'final', usage: READ } });
      expect(dataOf(answer.text)).toEqual(HONEST);
    }
    expect(dataOf((await passed(events(HONEST), [], true, lax)).text)).toEqual(HONEST);
    // Without its bill, or without a reason for its end, it was cut off.
    for (const less of [HONEST.slice(0, 3), [...HONEST.slice(0, 2), SPACED]]) {
      expect(await passed(events(less), [], true, lax)).toMatchObject({ failure: 'garbage' });
    }
    expect(await passed(events(unsaid), [], true)).toMatchObject({ failure: 'garbage' });
  });

  test.each(['data: \n\n', 'data:\n\n', 'event: ping\ndata:\n\n', 'retry: 1000\n\n', 'id: 4\nretry: 1\n\n'])(
    '%j between two events is none: it ends no answer, and reaches no client',
    async (nothing) => {
      const lines = HONEST.map((data) => `data: ${data}\n\n`);
      expect(await passed(nothing + lines.join(nothing), [7, 400])).toEqual(await passed(lines.join('')));
    },
  );

  test.each(['data: [DONE] \n\n', 'data:  [DONE]\n\n', 'data:[DONE]\t\n\n'])(
    '%j is the last word, and clients get it as they know it',
    async (last) => {
      const before = events(HONEST.slice(0, -1));
      const answer = await passed(before + last);
      expect(answer).toMatchObject({ failure: null, report: { certainty: 'final' } });
      expect(answer.text).toMatch(/\ndata: ?\[DONE\]\s*$/u);
    },
  );

  test('the kind of an answer counts in any case', async () => {
    const shouted = await startScripted({ content_type: 'Text/Event-Stream; Charset=UTF-8', play: [events(HONEST)] });
    const of = openUpstream({ provider: 'p', base_url: shouted.origin, api_key: null, output_limit: 'max_tokens' });
    const request = {
      path: '/',
      body: '{}',
      stream: true,
      usage_wanted: true,
      bytes_max: 1e6,
      signal: AbortSignal.timeout(5_000),
    };
    expect(await of.passThrough(request)).toMatchObject({ streamed: true });
    await of.close();
    await shouted.close();
  });

  test('what is said beside the final usage is in the event that holds it, whose own bytes stay as they were', async () => {
    const lines = SPACED.replace(', "usage"', ',\n "usage"').replaceAll('\n', '\ndata:');
    for (const last of [SPACED, lines, chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], USAGE)]) {
      pieces = [Buffer.from(events([...HONEST.slice(0, 3), last, '[DONE]']))];
      const beside_usage = ({ report, delivered }: StreamSummary): object => ({ purser: { report, bytes: delivered.bytes } });
      const asked = { path: '/chat/completions', body: '{}', stream: true, usage_wanted: true, beside_usage, bytes_max: 1e7 };
      const answer = await upstream.passThrough({ ...asked, signal: new AbortController().signal });
      if (!answer.streamed) throw new Error('came whole');
      let text = '';
      for await (const bytes of answer.chunks) text += bytes.toString();
      const data = dataOf(text);
      expect([...data.slice(0, 3), data[4]]).toEqual([...HONEST.slice(0, 3), '[DONE]']);
      const own = last.replaceAll('\ndata: ', '\n').replace(/\s*\}$/u, '');
      expect(data[3]?.startsWith(own)).toBe(true);
      const { purser } = JSON.parse(data[3] ?? '') as { purser: unknown };
      expect(purser).toEqual({ report: final, bytes: Buffer.byteLength(TEXT) });
    }
  });

  test('keep-alives reach a client while the model is silent, and do not count as an answer', async () => {
    const answer = await passed(`: keep-alive\n\n${events(HONEST)}`, [5, 14]);
    expect(answer.text.startsWith(': keep-alive\n\n')).toBe(true);
    expect(await passed(': keep-alive\n\n: keep-alive\n\n')).toMatchObject({ text: '', failure: 'garbage' });
  });
});

function reportOf(payloads: readonly string[]): unknown {
  const record = new AnswerRecord();
  for (const payload of payloads) readChatEvent(record, payload);
  return record.report;
}
const final = { certainty: 'final', usage: READ };

describe('usage is read from its own place only', () => {
  const ZEROS = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

  test('a request’s metadata, an extra member or a text that holds a usage is none', async () => {
    const echo = { metadata: { usage: ZEROS, note: { usage: ZEROS } }, request: [{ usage: ZEROS }] };
    const choice = {
      index: 0,
      delta: { usage: ZEROS, content: '"usage":{"prompt_tokens":0}' },
      finish_reason: 'stop',
      usage: ZEROS,
    };
    expect(reportOf([chunk([choice], undefined, echo), chunk([], USAGE, echo), '[DONE]'])).toEqual(final);
    expect(reportOf([chunk([choice], undefined, echo), '[DONE]'])).toEqual({ certainty: 'none' });
    const whole = new AnswerRecord();
    const message = { role: 'assistant', content: 'yes', usage: ZEROS };
    readChat(whole, JSON.stringify({ usage: USAGE, choices: [{ message, finish_reason: 'stop' }], ...echo }));
    expect(whole.report).toEqual(final);
  });

  test.each([
    ['spaces inside the JSON', [STOP, SPACED]],
    ['the usage beside the last choice', [chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], USAGE)]],
    ['the usage before the choices', [`{"usage":${JSON.stringify(USAGE)},"choices":[{"delta":{},"finish_reason":"stop"}]}`]],
    [
      'growing usage in every event',
      [chunk([{ delta: { content: 'x' } }], { prompt_tokens: 9, completion_tokens: 1 }), STOP, chunk([], USAGE)],
    ],
    ['another word for why it ended', [chunk([{ delta: {}, finish_reason: 'eos' }]), chunk([], USAGE)]],
  ])('%s: it is the bill', (_, payloads) => {
    expect(reportOf(payloads)).toEqual(final);
  });

  test.each([
    ['before the model has finished', [chunk([], USAGE), delta('more')]],
    ['after which it goes on writing, though it said it had finished', [delta('x'), STOP, chunk([], USAGE), delta('more')]],
    ['in every event but the last', [chunk([{ delta: { content: 'x' } }], USAGE), STOP, '[DONE]'].with(1, delta('y'))],
  ])('usage %s is a lower bound, not the bill', (_, payloads) => {
    expect(reportOf(payloads)).toEqual({ certainty: 'at_least', usage: READ });
  });

  test.each([
    ['negative', { prompt_tokens: 9, completion_tokens: -1 }],
    ['fractional', { prompt_tokens: 9, completion_tokens: 1.5 }],
    ['absurd', { prompt_tokens: 9, completion_tokens: 1e300 }],
    ['a string', { prompt_tokens: '9', completion_tokens: 5 }],
    ['without a total', { completion_tokens: 5 }],
  ])('a last report that is %s is no bill; what was seen before is a lower bound', (_, usage) => {
    const last = chunk([{ delta: {}, finish_reason: 'stop' }], usage);
    expect(reportOf([delta('x'), last, '[DONE]'])).toEqual({ certainty: 'none' });
    expect(reportOf([chunk([{ delta: { content: 'x' } }], USAGE), last])).toEqual({ certainty: 'at_least', usage: READ });
  });

  test('a last report lower than one before it does not lower the bill; text for no tokens is no report', () => {
    const lower = chunk([{ delta: {}, finish_reason: 'stop' }], { prompt_tokens: 9, completion_tokens: 1 });
    expect(reportOf([chunk([{ delta: { content: 'x' } }], USAGE), lower])).toMatchObject({
      certainty: 'final',
      usage: { input_tokens: 9, output_tokens: 5 },
    });
    const zero = chunk([{ delta: { content: 'x' }, finish_reason: 'stop' }], { prompt_tokens: 9, completion_tokens: 0 });
    expect(reportOf([zero])).toMatchObject({ certainty: 'at_least' });
  });
});

describe('an answer with nothing in it is none', () => {
  const ERROR = '{"error":{"message":"the server is overloaded","type":"overloaded_error"}}';
  test.each([
    ['an empty stream', '', 'garbage', 'unknown'],
    ['a stream of nothing but its last word', events(['[DONE]']), 'garbage', 'unknown'],
    ['a stream that begins with an error', events([ERROR]), 'unavailable', 'no'],
    ['an error after the role', events([chunk([{ delta: { role: 'assistant', content: '' } }]), ERROR]), 'unavailable', 'no'],
    ['a model that was only loaded', events([chunk([{ delta: {}, finish_reason: 'load' }]), '[DONE]']), 'garbage', 'unknown'],
    ['an end without text', events([STOP, '[DONE]']), 'garbage', 'unknown'],
    ['an error and the usage all the same', events([ERROR, chunk([], USAGE), '[DONE]']), 'unavailable', READ],
  ])('%s fails before anything is passed on', async (_, stream, kind, billed) => {
    expect(await passed(stream)).toEqual({ text: '', failure: kind, report: billed });
  });

  test.each([
    ['a missing last word', events([delta('a'), STOP, chunk([], USAGE)]), 'garbage', final],
    ['an error in the middle', events([delta('a'), ERROR, chunk([], USAGE)]), 'unavailable', final],
    ['no reason for its end', events([delta('a'), '[DONE]']), 'garbage', { certainty: 'none' }],
  ])('%s breaks a stream that had begun, and what it reported last is the bill', async (_, stream, kind, report) => {
    const answer = await passed(stream);
    expect(answer).toMatchObject({ failure: kind, report });
    expect(answer.text).toContain('"content":"a"');
    expect(answer.text).not.toContain('error');
    expect(answer.text).not.toContain('[DONE]');
  });

  test('an answer that its limit or a filter left empty keeps its reason', async () => {
    for (const reason of ['length', 'content_filter']) {
      const stream = events([chunk([{ delta: {}, finish_reason: reason }]), chunk([], USAGE), '[DONE]']);
      expect(await passed(stream)).toMatchObject({ failure: null, report: final });
    }
  });

  test('tool calls, refusals and visible reasoning count as delivered; thoughts alone are no answer', () => {
    const record = new AnswerRecord();
    const tool = chunk([{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] } }]);
    readChatEvent(record, tool);
    readChatEvent(record, chunk([{ index: 0, delta: { reasoning_content: 'think' } }]));
    expect(record).toMatchObject({ pieces: 2, bytes: 7 + 5, said_bytes: 7, empty: false });
    const thoughts = new AnswerRecord();
    readChatEvent(thoughts, chunk([{ index: 0, delta: { reasoning_content: 'think' }, finish_reason: 'stop' }]));
    readChatEvent(thoughts, '[DONE]');
    expect(thoughts).toMatchObject({ empty: true, isAnswer: false });
  });
});
