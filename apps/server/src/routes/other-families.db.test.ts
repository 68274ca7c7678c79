import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

const MESSAGES = [{ role: 'user' as const, content: 'When did the harbour open?' }];
const TOOLS = [{ type: 'function' as const, function: { name: 'opened', parameters: { type: 'object', properties: {} } } }];

describe('the OpenAI door before providers that speak another format', () => {
  let other: StandIn;
  let native: StandIn;
  let server: TestServer;
  let openai: OpenAI;
  beforeAll(async () => {
    [other, native] = await Promise.all([startStandIn(), startStandIn()]);
    server = await startTestServer({
      ANTHROPIC_API_KEY: 'sk-ant-test-0123456789',
      ANTHROPIC_BASE_URL: other.anthropic_url,
      GEMINI_API_KEY: 'AIza-test-0123456789',
      GEMINI_BASE_URL: other.gemini_url,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: native.openai_url,
    });
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: (await server.workspace('BUSINESS')).key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await Promise.all([other.close(), native.close()]);
  });

  it.each(['claude-haiku-4-5', 'gemini-2.5-flash'])('%s gets the settings of the caller, plain and streaming', async (model) => {
    for (const stream of [false, true]) {
      await openai.chat.completions.create({ model, messages: MESSAGES, stream, temperature: 0.25, stop: ['END', '###'] });
      const sent = JSON.stringify(other.requests.at(-1)?.body);
      expect(sent).toContain('0.25');
      expect(sent).toContain('["END","###"]');
    }
  });

  it.each(['claude-haiku-4-5', 'gemini-2.5-flash'])(
    '%s is not asked what it cannot be told: the member is named, and nothing is spent',
    async (model) => {
      const before = other.requests.length;
      const wanted = [
        ['logprobs', { logprobs: true }],
        ['logit_bias', { logit_bias: { '50256': -100 } }],
        ['store', { store: true }],
        ['verbosity', { verbosity: 'low' }],
        ['tools.0.type', { tools: [{ type: 'custom', custom: { name: 'c' } }] }],
      ] as const;
      for (const [member, more] of wanted as readonly (readonly [string, object])[]) {
        await expect(openai.chat.completions.create({ model, messages: MESSAGES, ...more })).rejects.toMatchObject({
          status: 400,
          code: 'invalid_request',
          message: like(new RegExp(`${member} .*name another model`)),
        });
      }
      expect(other.requests.length).toBe(before);
    },
  );

  it('a setting that one model would take in another way is refused in words, not changed', async () => {
    const before = other.requests.length;
    await expect(
      openai.chat.completions.create({ model: 'claude-haiku-4-5', messages: MESSAGES, temperature: 1.5 }),
    ).rejects.toMatchObject({ status: 400, message: like(/temperature: claude-haiku-4-5 does not take 1\.5/) });
    expect(other.requests.length).toBe(before);
  });

  it('where the choice is ours, one is chosen that can be told all of it', async () => {
    const before = [other.requests.length, native.requests.length];
    await openai.chat.completions.create({ model: 'auto', messages: MESSAGES, tools: TOOLS, logprobs: true });
    expect([other.requests.length, native.requests.length]).toEqual([before[0], (before[1] ?? 0) + 1]);
    expect(native.requests.at(-1)?.body).toMatchObject({ tools: TOOLS, logprobs: true });
  });

  it('null and an empty list mean not set, whoever is asked', async () => {
    const unset = { tools: [], stop: null, seed: null, logit_bias: null, response_format: null } as object;
    for (const model of ['claude-haiku-4-5', 'gpt-4o-mini'])
      await openai.chat.completions.create({ model, messages: MESSAGES, ...unset });
    expect(Object.keys(native.requests.at(-1)?.body ?? {}).filter((member) => member in unset)).toEqual([]);
  });
});
