import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { embedMany } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const TEXTS = ['The harbour opened in 1887.', 'It closed in 1931 after a fire.'];

describe.each(['offline', 'upstream'] as const)('embeddings of the %s provider', (kind) => {
  let provider: StandIn | undefined;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = kind === 'upstream' ? await startStandIn() : undefined;
    server = await startTestServer(provider && { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    key = (await server.workspace('BUSINESS')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await provider?.close();
  });

  it('an official client gets a vector for each text in their order, in both encodings the same', async () => {
    // Without a word about it the client asks for base64 and decodes it itself.
    const { data, response } = await openai.embeddings.create({ model: 'auto', input: TEXTS }).withResponse();
    const floats = await openai.embeddings.create({ model: 'auto', input: TEXTS, encoding_format: 'float' });
    expect(data.data.map(({ index }) => index)).toEqual([0, 1]);
    for (const [at, { embedding }] of data.data.entries()) {
      expect(embedding).toEqual([...new Float32Array(floats.data[at]?.embedding ?? [])]);
    }
    expect(data.usage.prompt_tokens).toBeGreaterThan(0);
    expect(data.usage.total_tokens).toBe(data.usage.prompt_tokens);
    expect(response.headers.get('purser-cost')).toMatch(/^0\.\d+ USD$/);
    expect(response.headers.get('purser-credits-charged')).toBe('1');
    expect(response.headers.get('purser-offline')).toBe(kind === 'offline' ? 'true' : null);
  });

  it('the AI SDK embeds', async () => {
    const purser = createOpenAICompatible({ name: 'purser', baseURL: `${server.url}/v1`, apiKey: key });
    const { embeddings, usage } = await embedMany({ model: purser.embeddingModel('auto'), values: TEXTS });
    expect(embeddings).toHaveLength(2);
    expect(usage.tokens).toBeGreaterThan(0);
  });

  it('the same key gives the first answer again and spends once', async () => {
    const ask = () =>
      openai.embeddings
        .create({ model: 'auto', input: 'once' }, { headers: { 'idempotency-key': `once-${kind}` } })
        .withResponse();
    const first = await ask();
    const second = await ask();
    expect(second.data).toEqual(first.data);
    expect(second.response.headers.get('idempotency-replayed')).toBe('true');
    expect(second.response.headers.get('purser-transaction-id')).toBe(first.response.headers.get('purser-transaction-id'));
  });

  it.each([
    ['nothing', { model: 'auto', input: [] }, 400, /input/],
    ['an unknown member', { model: 'auto', input: 'a', prompt: 'b' }, 400, /prompt/],
    ['a model that makes texts', { model: 'gpt-4o', input: 'a' }, 400, /there is no embedding model 'gpt-4o'; the plan allows/],
    ['more than the plan allows', { model: 'auto', input: 'a'.repeat(2_000_000) }, 422, /characters in all; the plan allows/],
  ])('%s is refused in words, and costs nothing', async (_, body, status, words) => {
    const before = (await server.ask('/api/usage', { key })).json.credits.balance;
    const answer = await server.ask('/v1/embeddings', { key, body });
    expect([answer.status, answer.text]).toEqual([status, like(words)]);
    expect((await server.ask('/api/usage', { key })).json.credits.balance).toBe(before);
  });

  it('tokens in place of texts go to a provider that reads them, and are refused by name by one that does not', async () => {
    for (const [input, count] of [
      [[9906, 1917], 1],
      [[[9906], [1917, 0]], 2],
    ] as const) {
      const answer = await server.ask('/v1/embeddings', { key, body: { model: 'auto', input } });
      if (kind === 'offline') expect([answer.status, answer.text]).toEqual([400, like(/input: got tokens, want a text/)]);
      else expect([answer.status, (answer.json as unknown as { data: unknown[] }).data.length]).toEqual([200, count]);
    }
  });

  it('the models that make vectors are listed, and the books balance', async () => {
    const listed = [];
    for await (const { id } of openai.models.list()) listed.push(id);
    expect(listed).toContain(kind === 'offline' ? 'offline/embedding' : 'openai/text-embedding-3-small');
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});

describe('an upstream', () => {
  it('is told the length of vectors, and its bill is booked to the nano', async () => {
    const provider = await startStandIn();
    const server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    const { key } = await server.workspace('BUSINESS');
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
    const { data, response } = await openai.embeddings
      .create({ model: 'text-embedding-3-small', input: TEXTS, dimensions: 64 })
      .withResponse();
    expect(provider.requests.at(-1)?.body).toMatchObject({ input: TEXTS, dimensions: 64, model: 'text-embedding-3-small' });
    // 0.02 USD a million tokens are 20 nano-dollars each.
    expect(response.headers.get('purser-cost')).toBe(
      `${((data.usage.prompt_tokens * 20) / 1e9).toFixed(9).replace(/0+$/, '')} USD`,
    );
    await server.close();
    await provider.close();
  });

  it('more texts than a provider takes at once are refused by their number, before anything is sent', async () => {
    const provider = await startStandIn();
    const server = await startTestServer({ GEMINI_API_KEY: 'test-0123456789', GEMINI_BASE_URL: provider.gemini_url });
    const { key } = await server.workspace('PRO');
    const answer = await server.ask('/v1/embeddings', { key, body: { model: 'auto', input: Array(101).fill('a') } });
    expect([answer.status, answer.text]).toEqual([400, like(/input: got 101 texts, want 100 at most \(gemini/)]);
    expect(provider.requests).toHaveLength(0);
    await server.close();
    await provider.close();
  });
});
