import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, expect, test } from 'vitest';
import { type Scripted, type ScriptedUpstream, startScripted } from '../standins/scripted.ts';
import { openUpstream, type Upstream } from './pass-through.ts';
import type { PassedStream } from './passage.ts';

const EVENTS = [
  '{"choices":[{"index":0,"delta":{"content":"late"},"finish_reason":null}]}',
  '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  '[DONE]',
]
  .map((data) => `data: ${data}\n\n`)
  .join('');

let scripted: ScriptedUpstream;
let upstream: Upstream;
afterEach(async () => {
  await upstream.close();
  await scripted.close();
});

async function streamOf(...play: Scripted[]): Promise<PassedStream> {
  scripted = await startScripted({ play });
  upstream = openUpstream({ provider: 'silent', base_url: scripted.origin, api_key: null, output_limit: 'max_tokens' });
  const { signal } = new AbortController();
  const answer = await upstream.passThrough({
    path: '/x',
    body: '{}',
    stream: true,
    usage_wanted: false,
    bytes_max: 10_000_000,
    signal,
  });
  if (!answer.streamed) throw new Error('came whole');
  return answer;
}

test('a stream that says nothing for a while is passed on, so that its keep-alives arrive', async () => {
  const answer = await streamOf({ repeat: ': keep-alive\n\n', every_ms: 50 });
  for await (const first of answer.chunks) {
    expect(first.toString()).toContain(': keep-alive\n\n');
    break;
  }
  expect(await answer.drain({ bytes_max: 1_000_000, timeout_ms: 100 })).toMatchObject({ failure: null, done: false });
});

test('what comes between the moment a silent stream is passed on and its first reading is not lost', async () => {
  const answer = await streamOf(2_200, EVENTS);
  await sleep(600);
  let text = '';
  for await (const bytes of answer.chunks) text += bytes.toString();
  expect(text).toBe(EVENTS);
});
