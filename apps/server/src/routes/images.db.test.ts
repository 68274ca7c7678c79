import { type StandIn, startStandIn } from '@purser/providers/standins';
import { generateImage } from 'ai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

describe('images by OpenAI’s wire format', () => {
  let provider: StandIn;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = await startStandIn();
    server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    key = (await server.workspace('BUSINESS')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await provider.close();
  });

  it('an official client gets as many images as it asked for, of the size and quality it named, billed to the nano', async () => {
    const { data, response } = await openai.images
      .generate({ model: 'gpt-image-1-mini', prompt: 'A lighthouse', n: 2, size: '1024x1024', quality: 'low' })
      .withResponse();
    expect(
      data.data?.map(({ b64_json }) =>
        Buffer.from(b64_json ?? '', 'base64')
          .subarray(1, 4)
          .toString(),
      ),
    ).toEqual(['PNG', 'PNG']);
    expect(provider.requests.at(-1)?.body).toMatchObject({ model: 'gpt-image-1-mini', n: 2, size: '1024x1024', quality: 'low' });
    // 0.005 USD a picture, and 3 tokens of its prompt at 2.5 USD a million.
    expect(response.headers.get('purser-cost')).toBe('0.0100075 USD');
    const usage = (await server.ask('/api/usage', { key })).json as unknown as { meters: { key: string; used: number }[] };
    expect(usage.meters.find((meter) => meter.key === 'images_month')).toMatchObject({ used: 2 });
  });

  it('the AI SDK draws', async () => {
    const purser = createOpenAICompatible({ name: 'purser', baseURL: `${server.url}/v1`, apiKey: key });
    const { images } = await generateImage({
      model: purser.imageModel('gpt-image-1-mini'),
      prompt: 'A lighthouse',
      n: 1,
      size: '1024x1024',
    });
    expect(images).toHaveLength(1);
  });

  it('the same key gives the first images again and spends once', async () => {
    const ask = () =>
      openai.images
        .generate({ prompt: 'once', quality: 'low' }, { headers: { 'idempotency-key': 'images-once' } })
        .withResponse();
    const first = await ask();
    const before = provider.requests.length;
    const second = await ask();
    expect(second.data.data).toEqual(first.data.data);
    expect(second.response.headers.get('purser-transaction-id')).toBe(first.response.headers.get('purser-transaction-id'));
    expect(provider.requests).toHaveLength(before);
  });

  it.each([
    ['an address in place of the image', { response_format: 'url' }, /response_format/],
    ['another format', { output_format: 'webp' }, /output_format/],
    ['a background', { background: 'transparent' }, /background/],
    ['a size that is none', { size: 'big' }, /size.*1024x1024/],
    ['a quality that is none', { quality: 'hd' }, /quality/],
    ['eleven at once', { n: 11 }, /n/],
    ['a model that makes texts', { model: 'gpt-4o' }, /there is no image model 'gpt-4o'; the plan allows/],
  ])('%s is refused by name, and costs nothing', async (_, more, words) => {
    const before = provider.requests.length;
    const answer = await server.ask('/v1/images/generations', { key, body: { prompt: 'A lighthouse', ...more } });
    expect([answer.status, answer.text]).toEqual([400, like(words)]);
    expect(provider.requests).toHaveLength(before);
  });

  it('a plan without pictures is refused, and the books balance', async () => {
    const starter = await server.workspace('STARTER');
    const answer = await server.ask('/v1/images/generations', { key: starter.key, body: { prompt: 'A lighthouse' } });
    expect([answer.status, answer.json.error.code]).toEqual([403, 'plan_feature_missing']);
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });

  it('what may be asked for is estimated by the model of first choice whose provider draws', async () => {
    const two = await startTestServer({
      GEMINI_API_KEY: 'test-0123456789',
      GEMINI_BASE_URL: provider.gemini_url,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: provider.openai_url,
    });
    const { key: pro } = await two.workspace('PRO');
    const { json } = await two.ask('/api/limits/estimate', { key: pro });
    // Each 4,096 tokens at 30 USD a million at most, and a thousand of its prompt at 0.30.
    expect(json).toMatchObject({ candidate_count_allowed: 30, candidates_cost: { amount: '3.6954', currency: 'USD' } });
    await two.close();
  });
});
