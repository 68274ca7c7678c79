import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

/* The newest official client, unmodified, before stand-ins that refuse what the vendors' references do not allow. */

const MODELS = ['gpt-4o-mini', 'claude-haiku-4-5', 'gemini-2.5-flash', 'gemini-3-flash-preview', 'qwen3'] as const;
const QUESTION = [{ role: 'user' as const, content: 'How warm is it in Paris, and which time is it there?' }];
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};
const functionTool = (name: string) => ({
  type: 'function' as const,
  function: {
    name,
    description: `The ${name} of a city.`,
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
});
const TOOLS = [functionTool('weather'), functionTool('clock')];
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

type Called = OpenAI.ChatCompletionMessageFunctionToolCall;

describe.each(MODELS)('an OpenAI client before %s', (model) => {
  let standIn: StandIn;
  let server: TestServer;
  let openai: OpenAI;
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
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: (await server.workspace('BUSINESS')).key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await standIn.close();
  });

  const streamed = async (more: object): Promise<{ text: string; calls: Called[]; finish: string | null }> => {
    const stream = openai.chat.completions.stream({ model, messages: QUESTION, ...more });
    const { choices } = await stream.finalChatCompletion();
    const [choice] = choices;
    const calls = (choice?.message.tool_calls ?? []) as Called[];
    return { text: choice?.message.content ?? '', calls, finish: choice?.finish_reason ?? null };
  };

  it('tools are called in parallel, plain and streaming, and what they answer in the history gets an answer in words', async () => {
    const whole = await openai.chat.completions.create({ model, messages: QUESTION, tools: TOOLS });
    const [choice] = whole.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.content).toBeNull();
    const calls = (choice?.message.tool_calls ?? []) as Called[];
    const live = await streamed({ tools: TOOLS });
    expect(live.finish).toBe('tool_calls');
    for (const made of [calls, live.calls]) {
      expect(made.map(({ function: { name, arguments: given } }) => [name, JSON.parse(given) as unknown])).toEqual([
        ['weather', { city: 'Paris' }],
        ['clock', { city: 'Paris' }],
      ]);
      expect(new Set(made.map(({ id }) => id)).size).toBe(2);
      const results = made.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: '{"degrees":21}' }));
      const history = [...QUESTION, { role: 'assistant' as const, content: null, tool_calls: made }, ...results];
      const answer = await openai.chat.completions.create({ model, messages: history, tools: TOOLS });
      expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: like(/^a purser/u) } });
    }
  });

  it('a tool that is named is the one that is called, none is none, and one at a time is one', async () => {
    const choice = { type: 'function' as const, function: { name: 'clock' } };
    expect((await streamed({ tools: TOOLS, tool_choice: choice })).calls.map((call) => call.function.name)).toEqual(['clock']);
    expect((await streamed({ tools: TOOLS, tool_choice: 'none' })).calls).toEqual([]);
    const one = await streamed({ tools: TOOLS, tool_choice: 'required', parallel_tool_calls: false });
    expect(one.calls.map((call) => call.function.name)).toEqual(['weather']);
  });

  it('an answer keeps the JSON schema that was sent, plain and streaming, and is JSON where that is asked for', async () => {
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'report', strict: true, schema: SCHEMA } };
    const parsed = await openai.chat.completions.parse({ model, messages: QUESTION, response_format });
    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'Paris', degrees: 21 });
    expect(JSON.parse((await streamed({ response_format })).text)).toEqual({ city: 'Paris', degrees: 21 });
    const any = await streamed({ response_format: { type: 'json_object' } });
    expect(any.finish).toBe('stop');
    expect(JSON.parse(any.text)).toBeInstanceOf(Object);
  });

  it('a picture goes to the provider by its address or in the request, and is held for by the provider’s rule, not by its bytes', async () => {
    for (const url of ['https://pictures.example/harbour.png', PIXEL.replace('==', 'A'.repeat(100_000))]) {
      const before = standIn.requests.length;
      const content = [
        { type: 'text' as const, text: 'What is it?' },
        { type: 'image_url' as const, image_url: { url } },
      ];
      const { data } = await openai.chat.completions.create({ model, messages: [{ role: 'user', content }] }).withResponse();
      expect(data.choices[0]?.message.content).toMatch(/^a purser/u);
      expect(standIn.requests.length).toBe(before + 1);
      expect(JSON.stringify(standIn.requests.at(-1)?.body)).toContain(url.replace(/^data:image\/png;base64,/u, ''));
    }
  });

  it('how much it is to think is told in the provider’s own words', async () => {
    await openai.chat.completions.create({ model, messages: QUESTION, reasoning_effort: 'low' });
    expect(JSON.stringify(standIn.requests.at(-1)?.body)).toMatch(
      /"reasoning_effort":"low"|"effort":"low"|"thinkingBudget":1024|"thinkingLevel":"LOW"/u,
    );
  });
});
