import { createOpenAI } from '@ai-sdk/openai';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { generateSpeech } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const TEXT = 'The harbor opened in 1887. It closed in 1931.';

describe('speech by OpenAI’s wire format', () => {
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

  it('an official client gets the sound in the format it named, with the transaction in front', async () => {
    const response = await openai.audio.speech.create({ model: 'tts-1', input: TEXT, voice: 'alloy', response_format: 'wav' });
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect(response.headers.get('purser-transaction-id')).toMatch(/^[0-9a-f-]{36}$/u);
    const sound = Buffer.from(await response.arrayBuffer());
    expect([sound.subarray(0, 4).toString(), sound.length]).toEqual(['RIFF', 44 + 3 * 48_000]);
    const usage = (await server.ask('/api/usage', { key })).json as unknown as { meters: { key: string; used: number }[] };
    expect(usage.meters.find((meter) => meter.key === 'audio_seconds_month')).toMatchObject({ used: 3 });
  });

  it('what it cost follows the sound in trailers', async () => {
    const { request } = await import('node:http');
    const body = JSON.stringify({ model: 'tts-1', input: TEXT, voice: 'alloy' });
    const trailers = await new Promise<NodeJS.Dict<string>>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', te: 'trailers' };
      const call = request(`${server.url}/v1/audio/speech`, { method: 'POST', headers }, (answer) => {
        answer
          .resume()
          .on('end', () => resolve(answer.trailers))
          .on('error', reject);
      });
      call.on('error', reject).end(body);
    });
    expect(trailers).toEqual({ 'purser-cost': '0.000675 USD', 'purser-credits-charged': '1' });
  });

  it('events carry the sound and end with its usage, also of a model that has none of its own, and say first what is left of the rate', async () => {
    for (const model of ['tts-1', 'gpt-4o-mini-tts']) {
      const response = await openai.audio.speech.create({ model, input: TEXT, voice: 'alloy', stream_format: 'sse' });
      expect(response.headers.get('x-ratelimit-remaining-requests')).toMatch(/^\d+$/);
      const text = await response.text();
      const events = text
        .trim()
        .split('\n\n')
        .map((event) => JSON.parse(event.replace(/^data: /u, '')) as { type: string; audio?: string; purser?: object });
      const sound = Buffer.concat(events.map(({ audio = '' }) => Buffer.from(audio, 'base64')));
      expect([model, sound.subarray(0, 2).toString('hex')]).toEqual([model, 'fffb']);
      expect(events.at(-1)).toMatchObject({ type: 'speech.audio.done', purser: { credits_charged: 1 } });
    }
  });

  it('the AI SDK speaks', async () => {
    const purser = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: key });
    const { audio } = await generateSpeech({ model: purser.speech('tts-1'), text: TEXT, voice: 'nova', outputFormat: 'mp3' });
    expect([audio.mediaType, audio.uint8Array.length > 40_000]).toEqual(['audio/mpeg', true]);
  });

  it('a client that leaves is let go, and the books balance', async () => {
    const controller = new AbortController();
    const asked = openai.audio.speech.create(
      { model: 'standin-drip', input: TEXT, voice: 'alloy' },
      { signal: controller.signal },
    );
    controller.abort();
    await expect(asked).rejects.toThrow();
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });

  it.each([
    ['a format that is none', { response_format: 'midi' }, /response_format/],
    ['a speed that is none', { speed: 9 }, /speed/],
    ['a member that nobody knows', { pitch: 2 }, /pitch/],
    ['a text that is too long', { input: 'x'.repeat(4_097) }, /input/],
    ['instructions to a model that takes none', { instructions: 'calmly' }, /instructions \(openai\/tts-1 does not take it/],
    ['a model that makes texts', { model: 'gpt-4o' }, /there is no speech model 'gpt-4o'/],
  ])('%s is refused by name, and costs nothing', async (_, more, words) => {
    const before = provider.requests.length;
    const answer = await server.ask('/v1/audio/speech', { key, body: { model: 'tts-1', input: TEXT, voice: 'alloy', ...more } });
    expect([answer.status, answer.text]).toEqual([400, like(words)]);
    expect(provider.requests).toHaveLength(before);
  });

  it('a plan without speech is refused', async () => {
    const starter = await server.workspace('STARTER');
    const answer = await server.ask('/v1/audio/speech', {
      key: starter.key,
      body: { model: 'tts-1', input: TEXT, voice: 'alloy' },
    });
    expect([answer.status, answer.json.error.code]).toEqual([403, 'plan_feature_missing']);
  });
});
