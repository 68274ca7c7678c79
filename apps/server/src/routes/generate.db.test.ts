import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventsIn, like, startTestServer, type TestServer } from '../testing/index.ts';

const TEXT = 'The harbour opened in 1887. It closed in 1931 after a fire. The town rebuilt it in 1950 with a longer pier.';

let server: TestServer;
let key: string;
beforeAll(async () => {
  server = await startTestServer();
  key = (await server.workspace()).key;
});
afterAll(() => server.close());

const generate = (body: object | string, more: object = {}) => server.ask('/api/ai/generate', { key, body, ...more });

describe('POST /api/ai/generate', () => {
  it('200: answers with output, cost, credits charged and left, and says that it was offline (C7)', async () => {
    const { status, json, headers } = await generate({ operation: 'summarise', prompt: TEXT });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(json).toMatchObject({
      output: like(/1887/),
      model: { provider: 'offline' },
      credits: { charged: 1 },
      degraded: [],
      offline: true,
    });
    expect(json.cost).toEqual({ amount: like(/^0\.\d+$/), currency: 'USD' });
    expect(json.usage.input_tokens).toBeGreaterThan(0);
    expect(json.transaction_id).toBe(json.id);
  });

  it('200: takes messages instead of a prompt', async () => {
    const { status, json } = await generate({
      operation: 'chat',
      messages: [{ role: 'user', content: `${TEXT}\n\nWhen did it open?` }],
    });
    expect(status).toBe(200);
    expect(json.output).toContain('1887');
  });

  it('200: streams text events whose joined text is the output of the last event', async () => {
    const { status, text, headers } = await generate(
      { operation: 'summarise', prompt: TEXT },
      { headers: { accept: 'text/event-stream' } },
    );
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events = eventsIn(text);
    const end = events.at(-1);
    expect(end?.event).toBe('end');
    const said = events.slice(0, -1).map(({ data }) => data.text);
    expect(said.join('')).toBe(end?.data.output);
    expect(end?.data.credits.charged).toBe(1);
  });

  it('the same key and body answer the same again and spend once; another body is refused with 422 (C3)', async () => {
    const body = { operation: 'summarise', prompt: TEXT };
    const headers = { 'idempotency-key': 'once' };
    const first = await generate(body, { headers });
    const again = await generate(body, { headers });
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await generate({ ...body, complexity: 'simple' }, { headers });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
  });

  it.each([
    [{ operation: 'dance', prompt: 'x' }, 400, 'invalid_request', /want one of chat, research/],
    [{ operation: 'chat' }, 400, 'invalid_request', /either "prompt" or "messages"/],
    [
      { operation: 'chat', prompt: 'x', messages: [{ role: 'user', content: 'x' }] },
      400,
      'invalid_request',
      /either "prompt" or "messages"/,
    ],
    [{ operation: 'chat', prompt: 'x', complexity: 'hard' }, 400, 'invalid_request', /"complexity": want one of "simple"/],
    [{ operation: 'chat', prompt: 'x', task: 'image' }, 400, 'invalid_request', /"task": want "text"/],
    [{ operation: 'chat', prompt: 'x', model: 'gpt-9' }, 400, 'invalid_request', /there is no text model 'gpt-9'/],
    [{ operation: 'chat', prompt: 'x', max_cost: '0.01' }, 400, 'invalid_request', /"max_cost": want an object/],
    [
      { operation: 'chat', prompt: 'x', max_output_tokens: 0 },
      400,
      'invalid_request',
      /"max_output_tokens": want at least 1, got 0/,
    ],
    [{ operation: 'chat', prompt: 'x'.repeat(2_000_000) }, 422, 'request_too_large', /characters/],
    [{ operation: 'chat', prompt: 'x'.repeat(5_000_000) }, 422, 'request_too_large', /body/],
  ])('%#: refuses what does not fit, naming what was given and what is wanted', async (body, status, code, detail) => {
    const { json, headers, ...answer } = await generate(body);
    expect([answer.status, json.code]).toEqual([status, code]);
    expect(json.detail).toMatch(detail);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(json).toMatchObject({ type: `/problems/${code}`, status, title: like(/./) });
  });

  it('403: a plan without AI is refused with the plans that have it (C1)', async () => {
    const starter = await server.workspace('STARTER');
    const { status, json } = await server.ask('/api/ai/generate', { key: starter.key, body: { operation: 'chat', prompt: 'x' } });
    expect([status, json.code]).toEqual([403, 'plan_feature_missing']);
    expect(json.offers.map(({ id }: { id: string }) => id)).toContain('PRO');
  });

  it('402: without credits it is refused with packs and plans to buy (C2, F5)', async () => {
    const poor = await server.workspace('PRO', { overrides: { credits_monthly: 0 } });
    const { status, json } = await server.ask('/api/ai/generate', { key: poor.key, body: { operation: 'chat', prompt: 'x' } });
    expect([status, json.code]).toEqual([402, 'credits_exhausted']);
    expect(json.offers.length).toBeGreaterThan(0);
  });

  it('429: beyond the rate it is refused with Retry-After (T5)', async () => {
    const slow = await server.workspace('PRO', { overrides: { rate: { rps: 1, rpm: 60, burst: 1 } } });
    const ask = () => server.ask('/api/ai/generate', { key: slow.key, body: { operation: 'chat', prompt: 'x' } });
    const answers = await Promise.all([ask(), ask(), ask()]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json.code).toBe('rate_limited');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.json.retry_after).toBe(Number(refused?.headers.get('retry-after')));
  });

  it('422: a cost it may not exceed is kept, or refused', async () => {
    const { status, json } = await generate({
      operation: 'chat',
      prompt: TEXT,
      max_cost: { amount: '0.000000001', currency: 'USD' },
    });
    expect([status, json.code]).toEqual([422, 'request_too_large']);
  });
});

describe('with a provider', () => {
  let provider: StandIn;
  let slow: TestServer;
  beforeAll(async () => {
    provider = await startStandIn({ misbehaviour: 'drip', wait_ms: 100 });
    slow = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url });
  });
  afterAll(async () => {
    await slow.close();
    await provider.close();
  });

  it('books what a client that left mid-stream has cost, and charges it (no free disconnect)', async () => {
    const { key: leaver } = await slow.workspace();
    const gone = new AbortController();
    const response = await fetch(`${slow.url}/api/ai/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${leaver}`, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ operation: 'chat', prompt: TEXT }),
      signal: gone.signal,
    });
    await response.body?.getReader().read();
    gone.abort();
    await expect
      .poll(async () => (await slow.ask('/api/calls', { key: leaver })).json.calls, { timeout: 15_000 })
      .toEqual([expect.objectContaining({ outcome: like(/ok|stopped/), cost: { amount: like(/^0\.\d+$/), currency: 'USD' } })]);
    const usage = await slow.ask('/api/usage', { key: leaver });
    expect(usage.json.cost.held.amount).toBe('0');
    expect(usage.json.cost.spent.amount).not.toBe('0');
  });

  it.each([
    ['server_error', 502, 'provider_failed'],
    ['rate_limited', 429, 'rate_limited'],
    ['garbage', 502, 'provider_failed'],
    ['cut_off', 502, 'provider_failed'],
  ] as const)('a provider that is %s becomes a %i that names no secret', async (misbehaviour, status, code) => {
    const bad = await startStandIn({ misbehaviour });
    const behind = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bad.openai_url });
    try {
      const workspace = await behind.workspace();
      const answer = await behind.ask('/api/ai/generate', { key: workspace.key, body: { operation: 'chat', prompt: TEXT } });
      expect([answer.status, answer.json.code]).toEqual([status, code]);
      expect(answer.text).not.toContain('sk-test');
      expect(behind.log_lines.join('')).not.toContain('sk-test');
    } finally {
      await behind.close();
      await bad.close();
    }
  });
});
