import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProviderError } from '../provider.ts';
import type { Misbehaviour } from '../standins/misbehaviour.ts';
import { startFastUpstream } from '../standins/fast-upstream.ts';
import { type StandIn, startStandIn } from '../standins/stand-in.ts';
import type { UsageReport } from '../usage-report.ts';
import type { TransportLimits } from './transport.ts';
import type { PassedStream } from './passage.ts';
import { openUpstream, type PassedWhole, type Upstream } from './pass-through.ts';

const KEY = 'sk-very-secret-key-1234567890';
const DRAIN = { bytes_max: 1_000_000, timeout_ms: 1_000 };

let standIn: StandIn;
let upstream: Upstream;

beforeAll(async () => {
  standIn = await startStandIn({ wait_ms: 20 });
  upstream = openUpstream({ provider: 'compatible', base_url: standIn.openai_url, api_key: KEY, output_limit: 'max_tokens' });
});
afterAll(async () => {
  await upstream.close();
  await standIn.close();
});

function bodyOf(misbehaviour: Misbehaviour, streaming: boolean): string {
  const options = streaming ? { stream: true, stream_options: { include_usage: true } } : {};
  return JSON.stringify({
    model: `standin-${misbehaviour}`,
    messages: [{ role: 'user', content: 'hello' }],
    max_tokens: 20,
    ...options,
  });
}

async function whole(misbehaviour: Misbehaviour, signal = new AbortController().signal): Promise<PassedWhole> {
  const answer = await upstream.passThrough({
    path: '/chat/completions',
    body: bodyOf(misbehaviour, false),
    stream: false,
    usage_wanted: true,
    bytes_max: 10_000_000,
    signal,
  });
  if (answer.streamed) throw new Error('came as a stream');
  return answer;
}

async function stream(misbehaviour: Misbehaviour, signal = new AbortController().signal): Promise<PassedStream> {
  const answer = await upstream.passThrough({
    path: '/chat/completions',
    body: bodyOf(misbehaviour, true),
    stream: true,
    usage_wanted: true,
    bytes_max: 10_000_000,
    signal,
  });
  if (!answer.streamed) throw new Error('came whole');
  return answer;
}

async function bytesOf(answer: PassedStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.chunks) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The output that is billed; null when no bill is known. */
function outputOf(report: UsageReport): number | null {
  return report.certainty === 'final' ? report.usage.output_tokens : null;
}

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

describe('answers in one piece', () => {
  test('the body comes byte for byte, with its usage read beside it', async () => {
    const answer = await whole('honest');
    expect(answer).toMatchObject({
      status: 200,
      failure: null,
      content_type: 'application/json',
    });
    expect(answer.report).toMatchObject({ certainty: 'final', usage: { output_tokens: 12, reasoning_tokens: 3 } });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ object: 'chat.completion', usage: { completion_tokens: 12 } });
    expect(standIn.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${KEY}`);
  });

  test.each([
    ['no_usage', null],
    ['negative_usage', null],
    ['huge_usage', null],
    ['fractional_usage', null],
    ['too_many_tokens', 60],
  ] as const)('%s: output %s', async (misbehaviour, output_tokens) => {
    expect(outputOf((await whole(misbehaviour)).report)).toBe(output_tokens);
  });

  test.each([
    ['rate_limited', 429, 'rate_limited', 'no'],
    ['server_error', 500, 'unavailable', 'unknown'],
    ['overloaded', 503, 'unavailable', 'no'],
    ['unauthorised', 401, 'refused', 'no'],
  ] as const)('%s is an answer with its failure named, streaming or not', async (misbehaviour, status, kind, billed) => {
    for (const streaming of [false, true]) {
      const body = bodyOf(misbehaviour, streaming);
      const signal = new AbortController().signal;
      const answer = await upstream.passThrough({
        path: '/chat/completions',
        body,
        stream: streaming,
        usage_wanted: true,
        bytes_max: 10_000_000,
        signal,
      });
      expect(answer).toMatchObject({ streamed: false, status, failure: { kind, billed, status } });
      if (answer.streamed || !answer.failure) throw new Error('no failure');
      expect(answer.failure.retry_after_ms).toBe(status === 429 ? 2_000 : undefined);
      expect(`${answer.failure.message} ${String(answer.failure.cause)}`).not.toContain(KEY);
    }
  });

  test('garbage and half an answer are faults that may have been billed', async () => {
    expect(await failureOf(whole('garbage'))).toMatchObject({ kind: 'garbage', billed: 'unknown' });
    expect(await failureOf(whole('cut_off'))).toMatchObject({ kind: 'unavailable', billed: 'unknown' });
  });

  test('a hanging provider is left at the time limit, and the connection is closed', async () => {
    expect(await failureOf(whole('hang', AbortSignal.timeout(60)))).toMatchObject({ kind: 'timeout', billed: 'unknown' });
    const seen = standIn.requests.at(-1);
    await expect.poll(() => seen?.client_left).toBe(true);
    expect(await failureOf(whole('honest', AbortSignal.abort()))).toMatchObject({ kind: 'timeout', billed: 'no' });
  });

  test('our own limits end a call without any signal', async () => {
    const ask = async (misbehaviour: Misbehaviour, limits: Partial<TransportLimits>): Promise<ProviderError> => {
      const strict = openUpstream({
        provider: 'strict',
        base_url: standIn.openai_url,
        api_key: null,
        output_limit: 'max_tokens',
        limits,
      });
      const signal = new AbortController().signal;
      const body = bodyOf(misbehaviour, false);
      const error = await failureOf(
        strict.passThrough({ path: '/chat/completions', body, stream: false, usage_wanted: true, bytes_max: 10_000_000, signal }),
      );
      await strict.close();
      return error;
    };
    expect(await ask('hang', { headers_timeout_ms: 150 })).toMatchObject({ kind: 'timeout', billed: 'unknown' });
    expect(await ask('hang_mid_stream', { body_timeout_ms: 150 })).toMatchObject({ kind: 'timeout', billed: 'unknown' });
    expect(await ask('honest', { body_bytes_max: 100 })).toMatchObject({ kind: 'garbage', billed: 'unknown' });
  });
});

test.each([
  ['garbage', false],
  ['garbage', true],
  ['cut_off', false],
  ['cut_off', true],
  ['hang_mid_stream', false],
  ['hang_mid_stream', true],
  ['error_in_stream', true],
  ['early_end', true],
] as const)(
  '%s (streaming: %s): what fails once the answer has begun keeps the provider’s own name for the call',
  async (misbehaviour, streaming) => {
    const signal = AbortSignal.timeout(150);
    const { request_id } = await failureOf(streaming ? stream(misbehaviour, signal).then(bytesOf) : whole(misbehaviour, signal));
    expect(request_id).toBe(`standin-${standIn.requests.length}`);
  },
);

describe('answers as a stream', () => {
  test('every byte passes untouched, and the usage is known when the last one has', async () => {
    const answer = await stream('honest');
    const bytes = await bytesOf(answer);
    expect(bytes).toMatch(/^data: \{[\s\S]*data: \[DONE\]\n\n$/u);
    const summary = answer.summary();
    expect(summary).toMatchObject({ done: true, report: { certainty: 'final', usage: { output_tokens: 12 } } });
    expect(summary.delivered.pieces).toBe(12);
    const texts = bytes.split('\n\n').flatMap((event) => /"content":"([^"]*)"/u.exec(event)?.[1] ?? []);
    expect(summary.delivered.bytes).toBe(texts.join('').length);
  });

  test.each([
    ['no_usage', null],
    ['duplicate_usage', 12],
    ['negative_usage', null],
    ['huge_usage', null],
    ['fractional_usage', null],
    ['too_many_tokens', 60],
    ['slow', 12],
    ['drip', 12],
  ] as const)('%s: output %s', async (misbehaviour, output_tokens) => {
    const answer = await stream(misbehaviour);
    await bytesOf(answer);
    const summary = answer.summary();
    expect(outputOf(summary.report)).toBe(output_tokens);
    expect(summary.done).toBe(true);
  });

  test('a stream cut off throws after its bytes, and what was delivered is counted', async () => {
    const answer = await stream('cut_off');
    expect(await failureOf(bytesOf(answer))).toMatchObject({ kind: 'unavailable', billed: 'unknown' });
    expect(answer.summary()).toMatchObject({ done: false, report: { certainty: 'none' } });
    expect(answer.summary().delivered.pieces).toBeGreaterThan(2);
  });

  test('events that came together go on together, every byte of them', async () => {
    const fast = await startFastUpstream(0);
    const direct = openUpstream({ provider: 'compatible', base_url: fast.url, api_key: null, output_limit: 'max_tokens' });
    const signal = new AbortController().signal;
    const answer = await direct.passThrough({
      path: '/chat/completions',
      body: '{"stream":true}',
      stream: true,
      usage_wanted: true,
      bytes_max: 10_000_000,
      signal,
    });
    if (!answer.streamed) throw new Error('came whole');
    const chunks: Buffer[] = [];
    for await (const chunk of answer.chunks) chunks.push(chunk);
    const events = Buffer.concat(chunks).toString().split('\n\n').slice(0, -1);
    expect(events).toHaveLength(23);
    expect(chunks.length).toBeLessThan(events.length / 2);
    await direct.close();
    await fast.close();
  });

  test('a stream that ends early or with an error breaks, is not done and has no usage', async () => {
    const early = await stream('early_end');
    expect(await failureOf(bytesOf(early))).toMatchObject({ kind: 'garbage', billed: 'unknown' });
    expect(early.summary()).toMatchObject({ done: false, report: { certainty: 'none' }, delivered: { pieces: 12 } });
    const broken = await stream('error_in_stream');
    expect(await failureOf(bytesOf(broken))).toMatchObject({ kind: 'unavailable', billed: 'unknown' });
    expect(broken.summary()).toMatchObject({ done: false, report: { certainty: 'none' } });
  });

  test('the time limit ends a stream that stalls', async () => {
    const answer = await stream('hang_mid_stream', AbortSignal.timeout(80));
    expect(await failureOf(bytesOf(answer))).toMatchObject({ kind: 'timeout', billed: 'unknown' });
  });

  test('garbage instead of a stream is a fault', async () => {
    expect(await failureOf(stream('garbage'))).toMatchObject({ kind: 'garbage', billed: 'unknown' });
  });
});

describe('a client that leaves', () => {
  async function readOne(answer: PassedStream): Promise<void> {
    for await (const chunk of answer.chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      return;
    }
  }

  test('the drain reads on until the usage is known', async () => {
    const answer = await stream('drip');
    await readOne(answer);
    expect(answer.summary().report).toEqual({ certainty: 'none' });
    expect(await answer.drain(DRAIN)).toMatchObject({ done: true, report: { certainty: 'final', usage: { output_tokens: 12 } } });
  });

  test('the drain is bounded in time and in bytes, and then closes the connection', async () => {
    const stalled = await stream('hang_mid_stream');
    await readOne(stalled);
    expect(await stalled.drain({ bytes_max: 1_000_000, timeout_ms: 50 })).toMatchObject({
      done: false,
      report: { certainty: 'none' },
    });
    const seen = standIn.requests.at(-1);
    await expect.poll(() => seen?.client_left).toBe(true);

    const long = await stream('drip');
    await readOne(long);
    const summary = await long.drain({ bytes_max: 200, timeout_ms: 5_000 });
    expect(summary.done).toBe(false);
    expect(summary.delivered.pieces).toBeGreaterThan(0);
  });

  test('a provider that breaks during the drain does not break it', async () => {
    const answer = await stream('cut_off');
    await readOne(answer);
    expect(await answer.drain(DRAIN)).toMatchObject({ done: false, report: { certainty: 'none' } });
  });

  test('a drain after the end answers at once', async () => {
    const answer = await stream('honest');
    await bytesOf(answer);
    expect(await answer.drain(DRAIN)).toMatchObject({ done: true, report: { certainty: 'final', usage: { output_tokens: 12 } } });
  });
});

test('a reader slower than the provider holds the provider back, and loses nothing', async () => {
  const total = 16 * 1024 * 1024;
  let written = 0;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = (): void => {
      while (written < total) {
        written += 65_536;
        if (!response.write(Buffer.alloc(65_536, ': fill\n\n'))) {
          response.once('drain', more);
          return;
        }
      }
      const choices = [{ delta: { content: 'x' }, finish_reason: 'stop' }];
      const usage = { prompt_tokens: 3, completion_tokens: 4 };
      response.end(`data: ${JSON.stringify({ choices, usage })}\n\ndata: [DONE]\n\n`);
    };
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const local = openUpstream({
    provider: 'flood',
    base_url: `http://127.0.0.1:${port}`,
    api_key: null,
    output_limit: 'max_tokens',
  });
  const answer = await local.passThrough({
    path: '/x',
    body: '{}',
    stream: true,
    usage_wanted: true,
    bytes_max: 1_000_000_000,
    signal: new AbortController().signal,
  });
  if (!answer.streamed) throw new Error('came whole');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(written).toBeLessThan(total);
  let bytes = 0;
  for await (const chunk of answer.chunks) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(total);
  expect(answer.summary().report).toEqual({ certainty: 'final', usage: { input_tokens: 3, output_tokens: 4 } });
  await local.close();
  server.close();
});

test('the fast upstream of the benchmarks speaks the protocol', async () => {
  const fast = await startFastUpstream(0);
  const local = openUpstream({ provider: 'fast', base_url: fast.url, api_key: null, output_limit: 'max_tokens' });
  for (const streaming of [false, true]) {
    const body = JSON.stringify({ model: 'm', stream: streaming, messages: [] });
    const answer = await local.passThrough({
      path: '/chat/completions',
      body,
      stream: streaming,
      usage_wanted: true,
      bytes_max: 10_000_000,
      signal: new AbortController().signal,
    });
    if (answer.streamed) await bytesOf(answer);
    const report = answer.streamed ? answer.summary().report : answer.report;
    expect(report).toEqual({ certainty: 'final', usage: { input_tokens: 24, output_tokens: 20 } });
  }
  await local.close();
  await fast.close();
});
