import { createOpenAI } from '@ai-sdk/openai';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { generateImage } from 'ai';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('images changed, streamed, and drawn by another family', () => {
  let provider: StandIn;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = await startStandIn();
    server = await startTestServer({
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: provider.openai_url,
      GEMINI_API_KEY: 'test-0123456789',
      GEMINI_BASE_URL: provider.gemini_url,
    });
    key = (await server.workspace('BUSINESS')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await provider.close();
  });

  const png = (name: string) => toFile(PNG, name, { type: 'image/png' });
  const isPng = (base64 = '') => Buffer.from(base64, 'base64').subarray(1, 4).toString() === 'PNG';

  it('an official client has images changed, with a mask, billed for what was drawn, its words and its images', async () => {
    const { data, response } = await openai.images
      .edit({
        model: 'gpt-image-1',
        image: [await png('a.png'), await png('b.png')],
        mask: await png('mask.png'),
        prompt: 'A lighthouse',
        n: 2,
        quality: 'low',
        size: '1024x1024',
      })
      .withResponse();
    expect(data.data?.map(({ b64_json }) => isPng(b64_json))).toEqual([true, true]);
    const file = (name: string) => ({ name, type: 'image/png', size: PNG.length });
    expect(provider.requests.at(-1)?.body).toEqual({
      model: 'gpt-image-1',
      prompt: 'A lighthouse',
      n: '2',
      size: '1024x1024',
      quality: 'low',
      'image[]': [file('a.png'), file('b.png')],
      mask: file('mask.png'),
    });
    // Two at 0.011 USD, and 3 tokens of words and 388 of pictures at 10 USD a million.
    expect(response.headers.get('purser-cost')).toBe('0.02591 USD');
  });

  it('the AI SDK changes an image', async () => {
    const purser = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: key });
    const { images } = await generateImage({
      model: purser.image('gpt-image-1'),
      prompt: { text: 'A lighthouse', images: [PNG] },
      size: '1024x1024',
    });
    expect(images).toHaveLength(1);
    expect(provider.requests.at(-1)?.path).toBe('/v1/images/edits');
  });

  it('Gemini draws and changes images through its own protocol, billed by its tokens', async () => {
    const { data, response } = await openai.images
      .generate({ model: 'gemini-2.5-flash-image', prompt: 'A lighthouse', size: '1344x768' })
      .withResponse();
    expect([data.data?.length, isPng(data.data?.[0]?.b64_json), data.size]).toEqual([1, true, '1344x768']);
    // 3 tokens at 0.30, 10 of text at 2.50, and 1,290 of the image at 30 USD a million.
    expect(response.headers.get('purser-cost')).toBe('0.0387259 USD');
    expect(provider.requests.at(-1)).toMatchObject({
      path: '/v1beta/models/gemini-2.5-flash-image:generateContent',
      body: { generationConfig: { imageConfig: { aspectRatio: '16:9' }, maxOutputTokens: 4_096 } },
    });
    const edited = await openai.images.edit({ model: 'gemini-2.5-flash-image', image: await png('a.png'), prompt: 'Brighter' });
    expect(edited.data).toHaveLength(1);
    expect(JSON.stringify(provider.requests.at(-1)?.body)).toContain(PNG.toString('base64'));
    const usage = (await server.ask('/api/usage', { key })).json as unknown as { meters: { key: string; used: number }[] };
    expect(usage.meters.find((meter) => meter.key === 'images_month')?.used).toBeGreaterThanOrEqual(2);
  });

  it('a stream gives each image in an event when it is done, with what it cost in the last', async () => {
    const stream = await openai.images.generate({
      model: 'gpt-image-1-mini',
      prompt: 'A lighthouse',
      n: 2,
      quality: 'low',
      stream: true,
    });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events.map(({ type, b64_json }) => [type, isPng(b64_json)])).toEqual([
      ['image_generation.completed', true],
      ['image_generation.completed', true],
    ]);
    expect(events.at(-1)).toMatchObject({ purser: { credits_charged: 2, cost: { amount: '0.0100075', currency: 'USD' } } });
  });

  it.each<[string, object, RegExp]>([
    ['half-drawn images', { stream: true, partial_images: 2 }, /partial_images/],
    ['two images of a provider that draws one', { model: 'gemini-2.5-flash-image', n: 2 }, /n: got 2, want 1 at most/],
    ['a quality of a provider that knows none', { model: 'gemini-2.5-flash-image', quality: 'high' }, /quality \(gemini/],
    [
      'a size of a provider that has others',
      { model: 'gemini-2.5-flash-image', size: '1536x1024' },
      /size: got 1536x1024, want one of 1024x1024/,
    ],
  ])('%s: refused by name, and costs nothing', async (_, more, words) => {
    const before = provider.requests.length;
    const answer = await server.ask('/v1/images/generations', { key, body: { prompt: 'A lighthouse', ...more } });
    expect([answer.status, answer.text]).toEqual([400, like(words)]);
    expect(provider.requests).toHaveLength(before);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['a mask of a provider that takes none', { model: 'gemini-2.5-flash-image', mask: 'file' }, /mask \(gemini/],
    ['high fidelity', { input_fidelity: 'high' }, /input_fidelity/],
    ['no image', { image: 'none' }, /image/],
  ])('an edit with %s: refused by name', async (_, fields, words) => {
    const form = new FormData();
    const file = () => new File([new Uint8Array(PNG)], 'a.png', { type: 'image/png' });
    if (fields['image'] === undefined) form.append('image', file());
    form.append('prompt', 'A lighthouse');
    for (const [name, value] of Object.entries(fields)) form.append(name, value === 'file' ? file() : value);
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${server.url}/v1/images/edits`, { method: 'POST', headers, body: form });
    expect([answer.status, await answer.text()]).toEqual([400, like(words)]);
  });

  it('the books balance', async () => {
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});
