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

/** The parsed body. */
const bodyOf = ({ text }: { text: string }): unknown => JSON.parse(text);

const MESSAGES = [{ role: 'user' as const, content: 'When did the harbour open?' }];

test('an outage: official clients cause one call each until the breaker opens, then none, and the customer keeps its ceiling and its model', async () => {
  const { key } = await server.workspace('PRO');
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
  expect(models.find((model) => model.id === 'openai/gpt-4o')).toMatchObject({
    breaker: 'open',
    route: 'closed',
    route_reason: 'failing',
    workspaces_kept_away: 1,
  });
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
    'purser_provider_breaker_state{provider="openai",model="openai/gpt-4o"} 2',
  );

  // The provider is back, and the wait is over.
  await upstream.close();
  upstream = await startStandIn({ port: Number(new URL(upstream.origin).port) });
  await server.database.pool.query('update routing.route_state set until = now()');
  await expect
    .poll(async () => {
      await sleep(100);
      const answer = await client.chat.completions
        .create({ model: 'gpt-4o', messages: MESSAGES }, { maxRetries: 0 })
        .catch(() => null);
      return answer?.model;
    })
    .toContain('gpt-4o');
  type Amount = { amount: string };
  const usage = bodyOf(await server.ask('/api/usage', { key })) as {
    degraded: unknown[];
    cost: { ceiling: Amount; spent: Amount; unresolved: Amount };
  };
  expect(usage.degraded).toEqual([]);
  const { ceiling, spent, unresolved } = usage.cost;
  expect(Number(spent.amount)).toBeLessThan(Number(ceiling.amount) * 0.1);
  expect(unresolved.amount).toBe('0');
});

test('what the outage left unresolved is listed, told, and resolved by the operator’s word, with an audit event and whole books', async () => {
  interface Page {
    unresolved: { transaction_id: string; counted: boolean; cost: { amount: string } }[];
    next_cursor: string | null;
  }
  const page = async (query: string) => bodyOf(await server.admin(`/api/admin/unresolved?${query}`)) as Page;
  const { unresolved, next_cursor } = await page('provider=openai&limit=2');
  expect(unresolved).toHaveLength(2);
  expect(unresolved[0]).toMatchObject({
    provider: 'openai',
    model: 'gpt-4o',
    cause: 'unavailable',
    counted: false,
    verdict: null,
  });
  const next = await page(`provider=openai&limit=2&cursor=${next_cursor}`);
  expect(next.unresolved[0]?.transaction_id).not.toBe(unresolved[0]?.transaction_id);
  expect((await server.admin('/api/admin/unresolved?cursor=nonsense')).status).toBe(400);

  const resolve = (body: object) => server.admin('/api/admin/unresolved/resolve', { body: { reason: 'their invoice', ...body } });
  const [first] = unresolved;
  const one = { transaction_ids: [first?.transaction_id], verdict: 'billed' };
  expect((await resolve({ ...one, cost: { amount: '0.001', currency: 'EUR' } })).status).toBe(400);
  expect((await resolve({ verdict: 'not_billed' })).status).toBe(400);
  expect((await resolve({ ...one, cost: { amount: '0.001', currency: 'USD' } })).json).toEqual({
    resolved: 1,
    amounts: [{ amount: first?.cost.amount, currency: 'USD' }],
  });
  expect((await resolve({ ...one, cost: { amount: '0.002', currency: 'USD' } })).json).toEqual({ resolved: 0, amounts: [] });
  const rest = await resolve({ provider: 'openai', verdict: 'not_billed' });
  expect(rest.status).toBe(200);
  expect((bodyOf(rest) as { resolved: number }).resolved).toBeGreaterThan(0);
  expect((await page('')).unresolved).toEqual([]);

  expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, unreconciled: 0 });
  const { entries } = bodyOf(await server.admin('/api/admin/audit')) as { entries: { action: string; detail: object }[] };
  expect(entries.filter(({ action }) => action === 'unresolved.resolve').map(({ detail }) => detail)).toMatchObject([
    { verdict: 'not_billed', reason: 'their invoice' },
    { verdict: 'billed', calls: 1, cost: '1000000' },
  ]);
});

test('a model that overran is closed with its reason, told, and opened by a probe though nobody calls', async () => {
  const port = Number(new URL(upstream.origin).port);
  await upstream.close();
  upstream = await startStandIn({ port, misbehaviour: 'too_many_tokens' });
  const { key } = await server.workspace('PRO');
  await server.ask('/v1/chat/completions', { key, body: { model: 'gpt-4o-mini', messages: MESSAGES, max_tokens: 100 } });
  interface Model {
    id: string;
    route: string;
    route_reason: string | null;
  }
  const model = async () => {
    const models = (await server.admin('/api/admin/models')).json as unknown as Model[];
    return models.find(({ id }) => id === 'openai/gpt-4o-mini');
  };
  await expect.poll(model).toMatchObject({ route: 'closed', route_reason: 'overrun', breaker: 'closed' });
  await expect
    .poll(async () => (await server.admin('/api/admin/alerts')).text, { timeout: 30_000, interval: 500 })
    .toContain('The model openai/gpt-4o-mini is closed');
  await upstream.close();
  upstream = await startStandIn({ port });
  await server.database.pool.query('update routing.route_state set until = now()');
  await expect.poll(model, { timeout: 30_000 }).toMatchObject({ route: 'open', route_reason: null });
  expect(upstream.requests.length).toBeGreaterThan(0);
  expect(upstream.requests.every(({ body }) => JSON.stringify(body).includes('numbers from 1'))).toBe(true);
});

test('a provider that refuses our key is an alert for the operator', async () => {
  await upstream.close();
  upstream = await startStandIn({ port: Number(new URL(upstream.origin).port), misbehaviour: 'unauthorised' });
  const { key } = await server.workspace('PRO');
  const refused = await server.ask('/v1/chat/completions', { key, body: { model: 'gpt-4o', messages: MESSAGES } });
  expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([502, 'false']);
  expect(server.log_lines.join('\n')).toContain('a provider failed or refused a call');
  expect(server.log_lines.join('\n')).not.toContain('sk-test-0123456789');
  await expect
    .poll(async () => (await server.admin('/api/admin/alerts')).text, { timeout: 30_000, interval: 500 })
    .toContain('openai refuses our key');
});
