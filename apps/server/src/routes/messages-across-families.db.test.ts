import Anthropic from '@anthropic-ai/sdk';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

/* Anthropic's newest official client, unmodified, before stand-ins of every family that refuse what the references do not allow. */

const MODELS = ['claude-haiku-4-5', 'gpt-4o-mini', 'gemini-3-flash-preview', 'qwen3'] as const;
const QUESTION: Anthropic.MessageParam[] = [{ role: 'user', content: 'How warm is it in Paris, and which time is it there?' }];
const toolNamed = (name: string): Anthropic.Tool => ({
  name,
  description: `The ${name} of a city.`,
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
});
const TOOLS = [toolNamed('weather'), toolNamed('clock')];
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};

describe.each(MODELS)('an Anthropic client before %s', (model) => {
  let standIn: StandIn;
  let server: TestServer;
  let anthropic: Anthropic;
  const max_tokens = 300;
  beforeAll(async () => {
    standIn = await startStandIn({ judges: true });
    server = await startTestServer({
      ANTHROPIC_API_KEY: 'sk-ant-test-0123456789',
      ANTHROPIC_BASE_URL: standIn.anthropic_url,
      GEMINI_API_KEY: 'AIza-test-0123456789',
      GEMINI_BASE_URL: standIn.gemini_url,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: standIn.openai_url,
      OLLAMA_BASE_URL: standIn.openai_url,
    });
    anthropic = new Anthropic({ baseURL: server.url, apiKey: (await server.workspace('BUSINESS')).key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await standIn.close();
  });

  it('answers whole and streaming with the same text, the usage and what it cost', async () => {
    const asked = { model, max_tokens, system: 'Be brief.', messages: QUESTION };
    const { data, response } = await anthropic.messages.create(asked).withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn', stop_sequence: null });
    const text = data.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    expect(text).toMatch(/^a purser keeps/u);
    expect(data.usage.output_tokens).toBe(12);
    expect(data.usage.cache_read_input_tokens).toBeGreaterThan(0);
    expect(response.headers.get('purser-cost')).toMatch(model === 'qwen3' ? /^0 USD$/u : /^0\.\d+ USD$/u);
    const stream = anthropic.messages.stream(asked);
    const bills: unknown[] = [];
    stream.on('streamEvent', (event) => {
      if (event.type === 'message_delta') bills.push((event as unknown as { purser: unknown }).purser);
    });
    const live = await stream.finalMessage();
    expect(live.content).toMatchObject([{ type: 'text', text }]);
    expect(live.usage).toMatchObject({ output_tokens: 12 });
    expect(live.usage.input_tokens).toBeGreaterThan(0);
    const { response: streamed } = await anthropic.messages.create({ ...asked, stream: true }).withResponse();
    expect(streamed.headers.get('purser-transaction-id')).toMatch(/^[0-9a-f-]{36}$/u);
    await streamed.text();
    if (model !== 'qwen3')
      expect(bills).toMatchObject([{ transaction_id: like(/^[0-9a-f-]{36}$/u), cost: { currency: 'USD' }, credits_charged: 1 }]);
    expect(JSON.stringify(standIn.requests.at(-1)?.body)).toContain('Be brief.');
  });

  it('tools are called in parallel, plain and streaming, and what they answer in the history gets an answer in words', async () => {
    const asked = { model, max_tokens, messages: QUESTION, tools: TOOLS };
    const whole = await anthropic.messages.create(asked);
    const live = await anthropic.messages.stream(asked).finalMessage();
    for (const { stop_reason, content } of [whole, live]) {
      expect(stop_reason).toBe('tool_use');
      const uses = content.filter((block) => block.type === 'tool_use');
      expect(uses.map(({ name, input }) => [name, input])).toEqual([
        ['weather', { city: 'Paris' }],
        ['clock', { city: 'Paris' }],
      ]);
      const results = uses.map(({ id }) => ({ type: 'tool_result' as const, tool_use_id: id, content: '21' }));
      const messages = [...QUESTION, { role: 'assistant' as const, content }, { role: 'user' as const, content: results }];
      const answer = await anthropic.messages.create({ ...asked, messages });
      expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: like(/^a purser/u) }] });
    }
  });

  it('a tool that is named is called alone, and an answer keeps the schema that was sent', async () => {
    const asked = { model, max_tokens, messages: QUESTION };
    const named = await anthropic.messages.create({ ...asked, tools: TOOLS, tool_choice: { type: 'tool', name: 'clock' } });
    expect(named.content).toMatchObject([{ type: 'tool_use', name: 'clock' }]);
    const shaped = await anthropic.messages.create({
      ...asked,
      output_config: { format: { type: 'json_schema', schema: SCHEMA } },
    });
    const [block] = shaped.content;
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ city: 'Paris', degrees: 21 });
  });

  it('what the family has no word for is refused by name in Anthropic’s error shape, and nothing is sent', async () => {
    const before = standIn.requests.length;
    const asked = { model, max_tokens, messages: QUESTION };
    const always: [object, RegExp][] = [
      [{ container: 'c_1' }, /^400 .*container: not supported/u],
      [{ made_up: 1 }, /made_up: not supported/u],
      [{ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, /tools\.0\.type/u],
      [
        { messages: [{ role: 'user', content: [{ type: 'document', source: {} }] }] },
        /messages\.0\.content\.0\.type: got .*document/u,
      ],
      [{ messages: [{ role: 'user', content: 'x', name: 'Ada' }] }, /messages\.0\.name/u],
    ];
    const thinking: [object, RegExp] = [{ thinking: { type: 'adaptive' } }, /thinking/u];
    for (const [more, message] of model.startsWith('claude') ? always : [...always, thinking]) {
      const refused = anthropic.messages.create({ ...asked, ...more } as Anthropic.MessageCreateParamsNonStreaming);
      await expect(refused).rejects.toMatchObject({
        status: 400,
        message: like(message),
        error: { type: 'error', error: { type: 'invalid_request_error' } },
      });
    }
    expect(standIn.requests.length).toBe(before);
  });

  it('a provider’s error keeps its class and its words', async () => {
    const refused = anthropic.messages.create({ model, max_tokens, messages: QUESTION, tool_choice: { type: 'any' } });
    // Without tools there is nothing to choose, and nobody is asked to.
    await expect(refused).resolves.toMatchObject({ stop_reason: 'end_turn' });
    const unknown = anthropic.messages.create({ model: 'no-such-model', max_tokens, messages: QUESTION });
    await expect(unknown).rejects.toMatchObject({
      status: 400,
      error: { error: { type: 'invalid_request_error', message: like(/no-such-model/u) } },
    });
    const nobody = new Anthropic({ baseURL: server.url, apiKey: 'pk_wrong', maxRetries: 0 }).messages.create({
      model,
      max_tokens,
      messages: QUESTION,
    });
    await expect(nobody).rejects.toMatchObject({ status: 401, error: { error: { type: 'authentication_error' } } });
  });
});
