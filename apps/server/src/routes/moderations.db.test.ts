import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

describe('moderations by OpenAI’s wire format', () => {
  let provider: StandIn;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = await startStandIn();
    server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    key = (await server.workspace('PRO')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await provider.close();
  });

  it('an official client gets a judgment of each text, for nothing, and counted as a call', async () => {
    const { data, response } = await openai.moderations
      .create({ model: 'omni-moderation-latest', input: ['I will kill you', 'Good morning'] })
      .withResponse();
    expect(data.results.map(({ flagged, categories }) => [flagged, categories.violence])).toEqual([
      [true, true],
      [false, false],
    ]);
    expect([response.headers.get('purser-cost'), response.headers.get('purser-credits-charged')]).toEqual(['0 USD', '0']);
    const usage = (await server.ask('/api/usage', { key })).json as unknown as { meters: { key: string; used: number }[] };
    expect(usage.meters.find((meter) => meter.key === 'jobs')).toMatchObject({ used: 1 });
  });

  it('one text, and a post of text and picture, which the provider fetches', async () => {
    expect((await openai.moderations.create({ input: 'Good morning' })).results).toHaveLength(1);
    const parts = [
      { type: 'text', text: 'kill' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
    ] as const;
    const { results } = await openai.moderations.create({ input: [...parts] });
    expect(results.map(({ flagged }) => flagged)).toEqual([true]);
    expect(provider.requests.at(-1)?.body).toEqual({ model: 'omni-moderation-latest', input: parts });
  });

  it.each([
    ['nothing', { input: [] }, /input/],
    ['a file of this machine', { input: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }, /input/],
    ['a member that nobody knows', { input: 'x', threshold: 1 }, /threshold/],
    ['a model that makes texts', { input: 'x', model: 'gpt-4o' }, /there is no moderation model 'gpt-4o'/],
  ])('%s is refused by name', async (_, body, words) => {
    const answer = await server.ask('/v1/moderations', { key, body });
    expect([answer.status, answer.text]).toEqual([400, like(words)]);
  });

  it('the same key gives the first judgment again', async () => {
    const ask = () =>
      openai.moderations.create({ input: 'once' }, { headers: { 'idempotency-key': 'moderated-once' } }).withResponse();
    const first = await ask();
    const before = provider.requests.length;
    const second = await ask();
    expect([second.data, provider.requests.length]).toEqual([first.data, before]);
    expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
  });
});
