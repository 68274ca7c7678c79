import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { APICallError, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

interface StreamedBill {
  readonly transaction_id: string;
  readonly cost: { readonly amount: string; readonly currency: string };
  readonly credits_charged: number;
}

async function figures(server: TestServer): Promise<{ readonly cost: number; readonly credits: number }> {
  const { text } = await server.ask('/metrics', { key: server.admin_token });
  const read = (name: string): number => Number(new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, 'mu').exec(text)?.[1] ?? 0);
  return { cost: read('purser_cost_total'), credits: read('purser_credits_charged_total') };
}

const QUESTION = [{ role: 'user' as const, content: 'The harbour opened in 1887.\n\nWhen did the harbour open?' }];

describe.each(['offline', 'upstream'] as const)('the OpenAI door over the %s provider', (kind) => {
  let provider: StandIn | undefined;
  let server: TestServer;
  let key: string;
  let openai: OpenAI;
  beforeAll(async () => {
    provider = kind === 'upstream' ? await startStandIn() : undefined;
    server = await startTestServer(provider && { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
    key = (await server.workspace('BUSINESS')).key;
    openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key });
  });
  afterAll(async () => {
    await server.close();
    await provider?.close();
  });

  it('an official client gets a whole answer with usage, by changing its base URL and key', async () => {
    const { data, response } = await openai.chat.completions.create({ model: 'auto', messages: QUESTION }).withResponse();
    expect(data.choices[0]?.message.content?.length).toBeGreaterThan(0);
    expect(data.usage?.total_tokens).toBe((data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0));
    expect(response.headers.get('purser-cost')).toMatch(/^0\.\d+ USD$/);
    expect(Number(response.headers.get('purser-credits-charged'))).toBeGreaterThan(0);
    expect(response.headers.get('purser-offline')).toBe(kind === 'offline' ? 'true' : null);
  });

  it('an official client streams, and gets usage when it asks for it', async () => {
    const stream = await openai.chat.completions.create({
      model: 'auto',
      messages: QUESTION,
      stream: true,
      stream_options: { include_usage: true },
    });
    let said = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      said += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(said.length).toBeGreaterThan(0);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
  });

  it('a stream says which call it is at once and what it came to beside its last usage, as the books and the figures have it', async () => {
    const before = await figures(server);
    const { data, response } = await openai.chat.completions
      .create({ model: 'auto', messages: QUESTION, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    const bills: StreamedBill[] = [];
    for await (const chunk of data) if ('purser' in chunk) bills.push(chunk.purser as StreamedBill);
    const id = response.headers.get('purser-transaction-id');
    expect(bills).toEqual([{ transaction_id: id, cost: { amount: like(/^0\.\d+$/), currency: 'USD' }, credits_charged: 1 }]);
    expect(response.headers.get('purser-offline')).toBe(kind === 'offline' ? 'true' : null);
    const after = await figures(server);
    expect(after.cost - before.cost).toBeCloseTo(Number(bills[0]?.cost.amount), 9);
    expect(after.credits - before.credits).toBe(1);
  });

  it('a client that does not ask for usage meets no event without choices, and misses no other', async () => {
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: QUESTION, stream: true }),
    });
    const events = (await answer.text()).split('\n\n');
    expect(events.splice(-2)).toEqual(['data: [DONE]', '']);
    const choices = events.map((event) => (JSON.parse(event.replace('data: ', '')) as OpenAI.ChatCompletionChunk).choices[0]);
    expect(choices).not.toContain(undefined);
    expect(choices.at(-1)?.finish_reason).toBe('stop');
    expect(choices.map((choice) => choice?.delta.content ?? '').join('').length).toBeGreaterThan(0);
  });

  it('an official client lists the models that it may name now, each of which answers, and finds each by its id', async () => {
    const models = (await openai.models.list()).data.map(({ id }) => id);
    if (kind === 'offline')
      expect(models).toEqual([
        'auto',
        'offline/text',
        'offline/embedding',
        'offline/image',
        'offline/speech',
        'offline/moderation',
      ]);
    else expect(models.filter((model) => model !== 'auto' && !model.startsWith('openai/'))).toEqual([]);
    for (const model of models) {
      expect((await openai.models.retrieve(model)).id).toBe(model);
      // Sound and moderation of the stand-in are tried where they are tested; offline each answers.
      if (/tts|whisper|transcribe|moderation|speech/.test(model) && kind !== 'offline') continue;
      if (model.includes('moderation')) {
        expect((await openai.moderations.create({ model, input: 'harbour' })).results).toHaveLength(1);
        continue;
      }
      if (model.includes('speech')) {
        const spoken = await openai.audio.speech.create({ model, voice: 'alloy', input: 'harbour', response_format: 'wav' });
        expect((await spoken.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
        continue;
      }
      if (model.includes('image')) {
        expect((await openai.images.generate({ model, prompt: 'harbour' })).data).toHaveLength(1);
        continue;
      }
      if (model.includes('embedding')) {
        expect((await openai.embeddings.create({ model, input: 'harbour' })).data).toHaveLength(1);
        continue;
      }
      const { choices } = await openai.chat.completions.create({ model, messages: QUESTION });
      expect(choices[0]?.message.content?.length).toBeGreaterThan(0);
    }
    for (const model of ['gpt-9', kind === 'offline' ? 'gpt-4o-mini' : 'claude-haiku']) {
      await expect(openai.models.retrieve(model)).rejects.toMatchObject({ status: 404, code: 'not_found' });
    }
  });

  it('a model of the plan whose provider has no key is refused by name with what can be named, never answered by another', async () => {
    for (const model of ['gpt-4o-mini', 'openai/gpt-4o', 'claude-haiku', 'llama3.2'].slice(kind === 'offline' ? 0 : 2)) {
      for (const stream of [false, true]) {
        await expect(openai.chat.completions.create({ model, messages: QUESTION, stream })).rejects.toMatchObject({
          status: 409,
          code: 'no_model_allowed',
          param: 'model',
          type: 'invalid_request_error',
          message: like(new RegExp(`the model '${model}' is configured here; .* name auto or one of (offline/text$|openai/)`)),
        });
      }
      const plain = await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'Hello', model } });
      expect([plain.status, plain.json.code]).toEqual([409, 'no_model_allowed']);
    }
  });

  it('refusals reach an official client as its own errors, with our code', async () => {
    await expect(openai.chat.completions.create({ model: 'gpt-9', messages: QUESTION })).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      type: 'invalid_request_error',
    });
    await expect(openai.chat.completions.create({ model: 'auto', messages: QUESTION, n: 3 })).rejects.toMatchObject({
      status: 400,
      message: like(/n: got 3; want 1/),
    });
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'purser_ws_nobody', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const starter = await server.workspace('STARTER');
    const without = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: starter.key });
    await expect(without.chat.completions.create({ model: 'auto', messages: QUESTION })).rejects.toMatchObject({
      status: 403,
      code: 'plan_feature_missing',
    });
    const poor = await server.workspace('PRO', { overrides: { credits_monthly: 0 } });
    const broke = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: poor.key });
    await expect(broke.chat.completions.create({ model: 'auto', messages: QUESTION })).rejects.toMatchObject({
      status: 402,
      code: 'credits_exhausted',
      error: { offers: [{ kind: 'pack' }, { kind: 'pack' }, {}, {}] },
    });
  });

  it('the AI SDK generates and streams with an OpenAI-compatible base URL', async () => {
    const purser = createOpenAICompatible({ name: 'purser', baseURL: `${server.url}/v1`, apiKey: key, includeUsage: true });
    const whole = await generateText({ model: purser('auto'), prompt: QUESTION[0]?.content ?? '' });
    expect(whole.text.length).toBeGreaterThan(0);
    expect(whole.usage.totalTokens).toBeGreaterThan(0);
    const streamed = streamText({ model: purser('auto'), prompt: QUESTION[0]?.content ?? '' });
    let said = '';
    for await (const part of streamed.textStream) said += part;
    expect(said.length).toBeGreaterThan(0);
    expect((await streamed.usage).outputTokens).toBeGreaterThan(0);
    const refused = await generateText({ model: purser('gpt-9'), prompt: 'x', maxRetries: 0 }).catch((error: unknown) => error);
    expect(APICallError.isInstance(refused) && refused.statusCode).toBe(400);
  });

  it('the same idempotency key and body get the same answer and spend once', async () => {
    const ask = () =>
      openai.chat.completions.create({ model: 'auto', messages: QUESTION }, { headers: { 'idempotency-key': 'chat-once' } });
    const before = (await server.ask('/api/usage', { key })).json.credits.balance;
    const first = await ask().withResponse();
    const again = await ask().withResponse();
    expect(again.data.choices).toEqual(first.data.choices);
    expect([first, again].map(({ response }) => response.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    const after = (await server.ask('/api/usage', { key })).json.credits.balance;
    expect(before - after).toBe(1);
  });

  it('members that OpenAI’s clients send as null are as good as absent', async () => {
    const { status } = await server.ask('/v1/chat/completions', {
      key,
      body: { model: 'auto', messages: QUESTION, max_tokens: null, stream: null, user: null, n: null },
    });
    expect(status).toBe(200);
  });

  it.each([
    ['{"model":"auto","messages":[', 400, 'invalid_request'],
    [{ model: 'auto' }, 400, 'invalid_request'],
    [{ messages: QUESTION }, 400, 'invalid_request'],
    [{ model: 'auto', messages: [] }, 400, 'invalid_request'],
    [{ model: 'auto', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 400, 'invalid_request'],
    [{ model: 'auto', messages: QUESTION, web_search_options: {} }, 400, 'invalid_request'],
    [{ model: 'auto', messages: [{ role: 'user', content: 'x'.repeat(5_000_000) }] }, 422, 'request_too_large'],
  ])('%#: an invalid request is refused with an error in OpenAI’s format', async (body, status, code) => {
    const answer = await server.ask('/v1/chat/completions', { key, body });
    expect(answer.status).toBe(status);
    expect(answer.json.error).toMatchObject({ code, message: like(/./), param: null });
    expect(answer.headers.get('x-should-retry')).toBe('false');
  });
});
