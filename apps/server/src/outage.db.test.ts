import { setTimeout as sleep } from 'node:timers/promises';

import { type StandIn, startStandIn } from '@purser/providers/standins';
import OpenAI, { type APIError } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
let upstream: StandIn;

beforeAll(async () => {
  upstream = await startStandIn({ misbehaviour: 'server_error' });
  server = await startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: upstream.openai_url });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

const MESSAGES = [{ role: 'user' as const, content: 'When did the harbour open?' }];

test('an outage: official clients cause one call each until the breaker opens, then none, and the customer keeps its ceiling and its model', async () => {
  const { id, key } = await server.workspace('PRO');
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 2 });
  const per_action: number[] = [];
  const errors: APIError[] = [];
  for (let action = 0; action < 40; action++) {
    const before = upstream.requests.length;
    await client.chat.completions
      .create({ model: 'gpt-4o', messages: MESSAGES, max_tokens: 4000 })
      .catch((error: unknown) => errors.push(error as APIError));
    per_action.push(upstream.requests.length - before);
  }
  expect(errors.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 502));
  expect(Math.max(...per_action)).toBeLessThanOrEqual(2);
  expect(upstream.requests.length).toBeLessThanOrEqual(10);
  expect(per_action.slice(10)).toEqual(Array.from({ length: 30 }, () => 0));
  const last = errors.at(-1);
  expect(last?.headers?.get('x-should-retry')).toBe('false');
  expect(Number(last?.headers?.get('retry-after'))).toBeGreaterThan(0);
  expect(errors[0]?.message).toContain('HTTP 500');

  const models = (await server.admin('/api/admin/models')).json as unknown as {
    id: string;
    breaker: string;
    route_why: string;
  }[];
  expect(models.find((model) => model.id === 'openai/gpt-4o')).toMatchObject({ breaker: 'open', route: 'closed' });
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
    'purser_provider_breaker_state{provider="openai",model="openai/gpt-4o"} 2',
  );

  // The provider is back, and the wait is over.
  await upstream.close();
  upstream = await startStandIn({ port: Number(new URL(upstream.origin).port) });
  await server.database.pool.query('update routing.breaker set until = now()');
  await expect
    .poll(async () => {
      await sleep(100);
      const answer = await client.chat.completions
        .create({ model: 'gpt-4o', messages: MESSAGES }, { maxRetries: 0 })
        .catch(() => null);
      return answer?.model;
    })
    .toContain('gpt-4o');
  const usage = (await server.ask('/api/usage', { key })).json;
  expect(usage['degraded']).toEqual([]);
  const { ceiling, spent } = usage['cost'] as { ceiling: { amount: string }; spent: { amount: string } };
  expect(Number(spent.amount)).toBeLessThan(Number(ceiling.amount) * 0.1);
  expect(id).toBeTruthy();
});
