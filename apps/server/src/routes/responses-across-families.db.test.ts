import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

/* Responses by the newest official client and the AI SDK's defaults, before stand-ins of every family that refuse what the references do not allow. */

const MODELS = ['gpt-4o-mini', 'claude-haiku-4-5', 'gemini-3-flash-preview', 'qwen3'] as const;
const QUESTION = 'How warm is it in Paris, and which time is it there?';
const PARAMETERS = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
};
const toolNamed = (name: string): OpenAI.Responses.FunctionTool => ({
  type: 'function',
  name,
  description: `The ${name} of a city.`,
  parameters: PARAMETERS,
  strict: false,
});
const TOOLS = [toolNamed('weather'), toolNamed('clock')];
const SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const }, degrees: { type: 'number' as const } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};

describe.each(MODELS)('responses of %s', (model) => {
  let standIn: StandIn;
  let server: TestServer;
  let key: string;
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
    ({ key } = await server.workspace('BUSINESS'));
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await standIn.close();
  });

  it('answers whole and streaming with the same text, its usage and what it cost', async () => {
    const asked = { model, input: QUESTION, instructions: 'Be brief.' };
    const whole = await openai.responses.create(asked);
    expect(whole).toMatchObject({ object: 'response', status: 'completed', model: like(/./u), instructions: 'Be brief.' });
    expect(whole.output_text).toMatch(/^a purser keeps/u);
    expect(whole.usage).toMatchObject({
      output_tokens: 12,
      output_tokens_details: { reasoning_tokens: model.startsWith('claude') ? 0 : 3 },
    });
    const types: string[] = [];
    const stream = openai.responses.stream(asked);
    stream.on('event', ({ type }) => types.push(type));
    const live = await stream.finalResponse();
    expect(live.output_text).toBe(whole.output_text);
    expect(live).toMatchObject({ purser: { transaction_id: like(/^[0-9a-f-]{36}$/u), cost: { currency: 'USD' } } });
    expect(types.filter((type) => type !== 'response.output_text.delta')).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  it('functions are called in parallel, plain and streaming, and their outputs get an answer in words', async () => {
    const asked = { model, input: QUESTION, tools: TOOLS };
    const whole = await openai.responses.create(asked);
    const live = await openai.responses.stream(asked).finalResponse();
    for (const { output } of [whole, live]) {
      const calls = output.filter((item) => item.type === 'function_call') as OpenAI.Responses.ResponseFunctionToolCall[];
      expect(calls.map(({ name, arguments: given }) => [name, JSON.parse(given) as unknown])).toEqual([
        ['weather', { city: 'Paris' }],
        ['clock', { city: 'Paris' }],
      ]);
      const outputs = calls.map(({ call_id }) => ({ type: 'function_call_output' as const, call_id, output: '21' }));
      const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: QUESTION }, ...calls, ...outputs];
      expect((await openai.responses.create({ ...asked, input })).output_text).toMatch(/^a purser/u);
    }
  });

  it('an answer keeps the schema that was sent, and one that is cut off says so', async () => {
    const format = { type: 'json_schema' as const, name: 'report', schema: SCHEMA, strict: true };
    const parsed = await openai.responses.parse({ model, input: QUESTION, text: { format } });
    expect(parsed.output_parsed).toEqual({ city: 'Paris', degrees: 21 });
    const cut = await openai.responses.create({ model, input: QUESTION, max_output_tokens: 5 });
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  it('what has no word here is refused by name', async () => {
    const before = standIn.requests.length;
    const wanted: [object, RegExp][] = [
      [{ previous_response_id: 'resp_1' }, /previous_response_id/u],
      [{ conversation: 'conv_1' }, /conversation/u],
      [{ background: true }, /background/u],
      [{ truncation: 'auto' }, /truncation/u],
      [{ tools: [{ type: 'web_search' }] }, /tools\.0\.type/u],
      [{ reasoning: { summary: 'auto' } }, /reasoning\.summary/u],
      [{ include: ['message.output_text.logprobs'] }, /include\.0/u],
      [{ input: [{ type: 'item_reference', id: 'msg_unknown' }] }, /input\.0\.id/u],
      [{ made_up: 1 }, /made_up/u],
    ];
    for (const [more, message] of wanted) {
      const refused = openai.responses.create({
        model,
        input: QUESTION,
        ...more,
      } as OpenAI.Responses.ResponseCreateParamsNonStreaming);
      await expect(refused, JSON.stringify(more)).rejects.toMatchObject({
        status: 400,
        code: 'invalid_request',
        message: like(message),
      });
    }
    expect(standIn.requests.length).toBe(before);
  });

  it('the AI SDK goes through a loop of tools by its default, which names what was answered before by its id', async () => {
    const tools = {
      weather: tool({ inputSchema: jsonSchema<{ city: string }>(PARAMETERS), execute: ({ city }) => `21 degrees in ${city}` }),
    };
    const anthropic = createAnthropic({ baseURL: `${server.url}/v1`, apiKey: key });
    const provider = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: key });
    for (const language of [provider(model), provider.chat(model), anthropic(model)]) {
      const asked = { model: language, prompt: QUESTION, tools, stopWhen: stepCountIs(3), maxRetries: 0 };
      const { text, steps } = await generateText(asked);
      expect(steps.map(({ toolCalls }) => toolCalls.length)).toEqual([1, 0]);
      expect(text).toMatch(/^a purser/u);
      const live = streamText(asked);
      expect(await live.text).toMatch(/^a purser/u);
      expect((await live.steps).map(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual([
        ['21 degrees in Paris'],
        [],
      ]);
      const { output } = await generateText({
        model: language,
        prompt: QUESTION,
        output: Output.object({ schema: jsonSchema(SCHEMA) }),
        maxRetries: 0,
      });
      expect(output).toEqual({ city: 'Paris', degrees: 21 });
    }
  });
});
