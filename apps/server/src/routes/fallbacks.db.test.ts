import Anthropic from '@anthropic-ai/sdk';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const QUESTION = 'When did the harbour open?';

describe('models to fall back to, and what is left of the rate', () => {
  let away: StandIn;
  let there: StandIn;
  let server: TestServer;
  let key: string;
  beforeAll(async () => {
    [away, there] = await Promise.all([startStandIn({ misbehaviour: 'overloaded' }), startStandIn()]);
    server = await startTestServer({
      ANTHROPIC_API_KEY: 'sk-ant-test-0123456789',
      ANTHROPIC_BASE_URL: away.anthropic_url,
      GEMINI_API_KEY: 'AIza-test-0123456789',
      GEMINI_BASE_URL: there.gemini_url,
    });
    ({ key } = await server.workspace('BUSINESS'));
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([away.close(), there.close()]);
  });

  const fallen = { model: 'claude-haiku-4-5', models: ['gemini-2.5-flash'] };

  it('the next that is named answers, and the answer says so, in every format, plain and streaming', async () => {
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
    const anthropic = new Anthropic({ baseURL: server.url, apiKey: key, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: QUESTION }];
    const ways = [
      () => openai.chat.completions.create({ ...fallen, messages }).withResponse(),
      () => openai.chat.completions.create({ ...fallen, messages, stream: true }).withResponse(),
      () => openai.responses.create({ ...fallen, input: QUESTION }).withResponse(),
      () => openai.responses.create({ ...fallen, input: QUESTION, stream: true }).withResponse(),
      () => anthropic.messages.create({ ...fallen, messages, max_tokens: 100 }).withResponse(),
      () => anthropic.messages.create({ ...fallen, messages, max_tokens: 100, stream: true }).withResponse(),
    ];
    for (const way of ways) {
      const { data, response } = (await way()) as { data: unknown; response: Response };
      if (Symbol.asyncIterator in (data as object)) for await (const _ of data as AsyncIterable<unknown>);
      expect(response.headers.get('purser-degraded')).toMatch(
        /gemini-2\.5-flash instead of .*claude-haiku|another model than .*claude-haiku/u,
      );
    }
    expect(there.requests).toHaveLength(ways.length);
  });

  it('a model to fall back to that may not be named is refused by name before anything is asked', async () => {
    const before = there.requests.length + away.requests.length;
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
    const asked = { model: 'gemini-2.5-flash', models: ['no-such'], messages: [{ role: 'user' as const, content: QUESTION }] };
    await expect(openai.chat.completions.create(asked)).rejects.toMatchObject({
      status: 400,
      message: like(/models: .*no-such/u),
    });
    expect(there.requests.length + away.requests.length).toBe(before);
  });

  it('every answer says what is left of the rate: plain, streamed and refused', async () => {
    const { key: own } = await server.workspace('BUSINESS');
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: own, maxRetries: 0 });
    const asked = { model: 'gemini-2.5-flash', messages: [{ role: 'user' as const, content: QUESTION }] };
    const left = (headers: Headers | undefined): number => Number(headers?.get('x-ratelimit-remaining-requests') ?? Number.NaN);
    const first = await openai.chat.completions.create(asked).withResponse();
    const limit = Number(first.response.headers.get('x-ratelimit-limit-requests'));
    expect(left(first.response.headers)).toBe(limit - 1);
    expect(first.response.headers.get('x-ratelimit-reset-requests')).toBe('60s');
    const second = await openai.chat.completions.create({ ...asked, stream: true }).withResponse();
    for await (const _ of second.data);
    expect(left(second.response.headers)).toBe(limit - 2);
    const refused: unknown = await openai.chat.completions
      .create({ ...asked, model: 'no-such' })
      .catch((error: unknown) => error);
    expect(left((refused as { headers?: Headers }).headers)).toBe(limit - 3);
  });
});
