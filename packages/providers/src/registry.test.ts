import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProviders, PROVIDER_IDS } from './registry.ts';
import { type StandIn, startStandIn } from './standins/stand-in.ts';

let standIn: StandIn;

beforeAll(async () => {
  standIn = await startStandIn();
});
afterAll(() => standIn.close());

const call = {
  messages: [{ role: 'user' as const, content: 'hello' }],
  output_tokens_max: 20,
  signal: new AbortController().signal,
};

test('without any key only the offline provider exists', async () => {
  const providers = createProviders({ providers: { openai: {}, gemini: { api_key: undefined, base_url: undefined } } });
  expect(providers.ids()).toEqual(['offline']);
  expect(providers.configured).toEqual([]);
  expect(providers.get('openai')).toBeUndefined();
  const answer = await providers.get('offline')?.generate({ ...call, provider: 'offline', model: 'offline-text' });
  expect(answer?.offline).toBe(true);
  await providers.close();
});

test('a key configures a provider with a known address; an address alone configures any', async () => {
  const lines: string[] = [];
  const log = { info: (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message) };
  const providers = createProviders(
    {
      providers: {
        gemini: { api_key: 'key-paid-123' },
        gemini_free: { api_key: 'key-free-123' },
        ollama: { base_url: standIn.origin },
        openai_compatible: { api_key: 'key-without-address' },
      },
    },
    log,
  );
  expect(providers.ids()).toEqual(['gemini', 'gemini_free', 'ollama', 'offline']);
  expect(providers.upstream('ollama')?.provider).toBe('ollama');
  expect(providers.upstream('gemini')).toBeUndefined();
  expect(lines.join()).not.toMatch(/key-paid|key-free|key-without/u);
  await providers.close();
});

test('gemini and gemini_free are two providers, each with its own key', async () => {
  const base_url = standIn.origin;
  const providers = createProviders({
    providers: { gemini: { api_key: 'key-paid-123', base_url }, gemini_free: { api_key: 'key-free-123', base_url } },
  });
  for (const id of ['gemini', 'gemini_free']) {
    const answer = await providers.get(id)?.generate({ ...call, provider: id, model: 'gemini-2.5-flash' });
    expect(answer?.model.provider).toBe(id);
  }
  const keys = standIn.requests.slice(-2).map((request) => request.headers['x-goog-api-key']);
  expect(keys).toEqual(['key-paid-123', 'key-free-123']);
  await providers.close();
});

test('an address without a path gets the protocol’s own: Ollama’s variable names only host and port', async () => {
  const providers = createProviders({
    providers: { ollama: { base_url: standIn.origin }, anthropic: { base_url: standIn.origin, api_key: 'k-12345678' } },
  });
  await providers.get('ollama')?.generate({ ...call, provider: 'ollama', model: 'llama3.2' });
  await providers.get('anthropic')?.generate({ ...call, provider: 'anthropic', model: 'claude-haiku-4-5' });
  expect(standIn.requests.slice(-2).map((request) => request.path)).toEqual(['/v1/chat/completions', '/v1/messages']);
  await providers.close();
});

test('every provider that can be configured is told as one that can be spoken to, and the offline one', () => {
  const all = createProviders({
    providers: Object.fromEntries(PROVIDER_IDS.map((id) => [id, { api_key: 'k', base_url: standIn.origin }])),
  });
  expect(all.ids().toSorted()).toEqual(PROVIDER_IDS.toSorted());
});

test('an answer may take as long as a call may, whatever a connection waits for otherwise', async () => {
  const slow = createServer((request, response) => {
    request.resume();
    setTimeout(() => response.end(JSON.stringify({ data: [{ index: 0, embedding: [1] }] })), 2_500);
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/v1`;
  const asked = (call_timeout_ms: number) => {
    const providers = createProviders({
      providers: { openai: { api_key: 'k', base_url } },
      limits: { headers_timeout_ms: 500 },
      call_timeout_ms,
    });
    return providers.get('openai')?.embed?.({ provider: 'openai', model: 'm', inputs: ['a'], signal: call.signal });
  };
  const [waited, gaveUp] = await Promise.allSettled([asked(10_000), asked(100)]);
  expect(waited).toMatchObject({ status: 'fulfilled', value: { vectors: [[1]] } });
  expect(gaveUp).toMatchObject({ status: 'rejected', reason: { kind: 'timeout' } });
  slow.close();
});
