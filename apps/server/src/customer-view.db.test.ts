import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { namesAmount } from '@purser/money';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteFacts } from '@purser/http';

import { startTwoTenants, type TwoTenants } from './testing/two-tenants.ts';

const CATALOGS = path.resolve(import.meta.dirname, '..', '..', '..', 'catalogs');

/** Members that show what work costs, may cost, or earns. */
const COST_MEMBER = /(?:^|_)(?:cost|costs|ceiling|raises|margin|fees|budget|unresolved)(?:_|$)/;
/** Members of money that customers pay, or have paid. */
const PRICES = new Set(['price', 'net', 'tax', 'total', 'reversed', 'amount']);
/** Routes that end what the others work with, each with its reason; they answer with no body at all. */
const ENDING = new Set(['DELETE /api/session', 'DELETE /api/workspace', 'DELETE /api/persons/me']);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-views-'));
  for (const file of ['models.yml', 'provider_costs.yml']) await cp(path.join(CATALOGS, file), path.join(folder, file));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The default catalog with these views. */
async function catalogWith(views: string): Promise<string> {
  const file = path.join(folder, `${crypto.randomUUID()}.yaml`);
  await writeFile(file, `${await readFile(path.join(CATALOGS, 'default.yaml'), 'utf8')}\n${views}\n`);
  return file;
}

/** Everything in an answer that shows money which is no price, by its path. */
function shownIn(value: unknown, at = '', priced = false): string[] {
  if (typeof value === 'string') return namesAmount(value) && !priced ? [`${at}: ${value}`] : [];
  if (typeof value !== 'object' || value === null) return [];
  const members = Object.entries(value);
  const isMoney = 'amount' in value && 'currency' in value;
  if (isMoney && !priced) return [`${at}: ${JSON.stringify(value)}`];
  return members.flatMap(([name, member]) => [
    ...(!priced && COST_MEMBER.test(name) ? [`${at}.${name}`] : []),
    // What a model wrote, and what people named things, is theirs.
    ...(['output', 'content', 'name', 'reason'].includes(name)
      ? []
      : shownIn(member, `${at}.${name}`, priced || PRICES.has(name) || (name === 'text' && 'price' in value))),
  ]);
}

interface Call {
  readonly route: string;
  readonly shown: string[];
}

/** Calls every route that is no operator's with that credential, and says what each answer showed. */
async function walk({ server, mine }: TwoTenants, key: string): Promise<Call[]> {
  const routes = server.running.built.routes.filter(
    (route) => route.access !== 'admin' && /^\/(?:api|v1)\//.test(route.url) && route.url !== '/api/openapi.json',
  );
  const calls: Call[] = [];
  for (const route of routes.filter((one) => !ENDING.has(`${one.method} ${one.url}`))) {
    for (const { query, body, accept } of attempts(route)) {
      const url = route.url.replace(':id', mine.id).replace(/[:*]\w*/g, 'x') + query;
      const response = await fetch(server.url + url, {
        method: route.method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(accept !== undefined && { accept }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const header = response.headers.has('purser-cost') ? ['purser-cost'] : [];
      calls.push({ route: `${route.method} ${url} ${response.status}`, shown: [...header, ...(await shownBy(response))] });
    }
  }
  return calls;
}

async function shownBy(response: Response): Promise<string[]> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('zip')) return [];
  const text = await response.text();
  if (type.includes('json')) return shownIn(JSON.parse(text));
  if (type.includes('event-stream')) {
    const lines = text.split('\n').filter((line) => line.startsWith('data: {'));
    return lines.flatMap((line) => shownIn(JSON.parse(line.slice('data: '.length))));
  }
  return namesAmount(text) ? [text] : [];
}

const TINY = { amount: '0.000000001', currency: 'USD' };
const PROMPT = 'The harbour opened in 1887. It closed in 1931.';

interface Attempt {
  readonly query: string;
  readonly body?: object;
  readonly accept?: string;
}

/** The ways a route is called: whole, streamed, refused for money, with every parameter that shows more. */
function attempts({ method, url }: RouteFacts): Attempt[] {
  const messages = [{ role: 'user', content: PROMPT }];
  switch (`${method} ${url}`) {
    case 'POST /api/ai/generate':
      return [
        { query: '', body: { operation: 'summarise', prompt: PROMPT } },
        { query: '', body: { operation: 'summarise', prompt: PROMPT }, accept: 'text/event-stream' },
        { query: '', body: { operation: 'summarise', prompt: PROMPT, max_cost: TINY } },
      ];
    case 'POST /v1/chat/completions':
      return [
        { query: '', body: { model: 'auto', messages } },
        { query: '', body: { model: 'auto', messages, stream: true, stream_options: { include_usage: true } } },
      ];
    case 'GET /api/usage':
      return [{ query: '' }, { query: '?explain=1' }];
    case 'GET /api/statement':
      return [{ query: '' }, { query: '?format=csv' }];
    default:
      return method === 'GET' || method === 'DELETE' ? [{ query: '' }] : [{ query: '', body: {} }];
  }
}

/** What a workspace is told about its money, planted as the watch writes it. */
async function plantAlerts({ server, mine }: TwoTenants): Promise<void> {
  await server.database.pool.query(
    `insert into notify.alert (workspace_id, alert_id, kind, subject, window_start, threshold, severity, title, text, for_workspace, raised_at)
     values ($1, gen_random_uuid(), 'threshold', 'cost USD', now(), '0.85', 'warning', '85 % of the cost ceiling used',
       '107.65 USD of 126.65 USD (cost) used. It resets on 29 March 2028, 23:50 (UTC).', true, now())`,
    [mine.id],
  );
}

const answered = (calls: readonly Call[], part: string): boolean => calls.some(({ route }) => route.includes(part));

describe('where credits are shown to people and to keys', () => {
  let two: TwoTenants;
  beforeAll(async () => {
    two = await startTwoTenants({ PURSER_CATALOG: await catalogWith('customer_view: credits\nkeys_view: credits') });
    await plantAlerts(two);
  });
  afterAll(() => two.close());

  it.each(['owner', 'key'] as const)('no answer to an %s shows a cost, a ceiling or an amount that is no price', async (who) => {
    const calls = await walk(two, two.mine[who]);
    expect(calls.filter(({ shown }) => shown.length > 0)).toEqual([]);
    for (const part of ['/api/ai/generate 200', '/api/ai/generate 422', '/v1/chat/completions 200', '/api/usage?explain=1 200'])
      expect([part, answered(calls, part)]).toEqual([part, true]);
    expect(answered(calls, '/api/statement?format=csv 200')).toBe(true);
  });

  it('an operator and the founder’s own backend see all of it', async () => {
    const { server, mine } = two;
    const platform = await server.admin('/api/admin/keys', { body: { name: 'backend' } });
    expect(platform.status, platform.text).toBe(201);
    for (const key of [server.admin_token, platform.json.key]) {
      const usage = await server.ask('/api/usage', { key, headers: { 'purser-workspace': mine.id } });
      expect(usage.json.cost).toMatchObject({ ceiling: { currency: 'USD' } });
    }
  });

  it('a refusal for money says what to do without the sums, and an alert when its limit resets', async () => {
    const { server, mine } = two;
    const refused = await server.ask('/api/ai/generate', {
      key: mine.key,
      body: { operation: 'chat', prompt: PROMPT, max_cost: TINY },
    });
    expect(refused.json.detail).toMatch(/^max_cost does not leave enough for this call on \S+$/);
    const alerts = await server.ask('/api/alerts', { key: mine.owner });
    expect(alerts.json.alerts[0]).toMatchObject({
      title: '85 % of the cost ceiling used',
      text: 'It resets on 29 March 2028, 23:50 (UTC).',
    });
  });
});

describe('where nothing is said', () => {
  let two: TwoTenants;
  beforeAll(async () => {
    two = await startTwoTenants();
  });
  afterAll(() => two.close());

  it('people see credits, and keys the cost', async () => {
    const { server, mine } = two;
    expect((await walk(two, mine.owner)).filter(({ shown }) => shown.length > 0)).toEqual([]);
    const body = { operation: 'chat', prompt: PROMPT };
    const byKey = await server.ask('/api/ai/generate', { key: mine.key, body });
    expect(byKey.json.cost).toMatchObject({ currency: 'USD' });
    const session = await server.ask('/api/session', { body: { key: mine.key, cookie: false } });
    const bySession = await server.ask('/api/ai/generate', { key: session.json.token, body });
    expect([bySession.status, 'cost' in (bySession.json as object)]).toEqual([200, false]);
    const chat = { key: mine.key, body: { model: 'auto', messages: [{ role: 'user', content: PROMPT }] } };
    expect((await server.ask('/v1/chat/completions', chat)).headers.get('purser-cost')).toMatch(/^[\d.]+ USD$/);
  });

  it('an answer that a key paid for is replayed to a person without its cost', async () => {
    const { server, mine } = two;
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const messages = [{ role: 'user', content: PROMPT }];
    const body = { model: 'auto', messages, stream: true, stream_options: { include_usage: true } };
    const first = await server.ask('/v1/chat/completions', { key: mine.key, headers, body });
    expect(first.text).toContain('"cost":{');
    const again = await server.ask('/v1/chat/completions', { key: mine.owner, headers, body });
    expect([again.headers.get('idempotency-replayed'), again.text.includes('cost')]).toEqual(['true', false]);
    expect(again.text).toContain('"credits_charged":');
  });

  it('the API description calls every member that shows cost optional', async () => {
    const { json } = await two.server.ask('/api/openapi.json');
    const wanted = Object.entries(json.paths)
      .filter(([url]) => !url.startsWith('/api/admin'))
      .flatMap(([url, methods]) => requiredCosts(methods, url));
    expect(wanted).toEqual([]);
  });
});

/** Required members of answers whose names say cost. */
function requiredCosts(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { required } = value as { required?: unknown };
  const costs = Array.isArray(required) ? required.filter((name) => COST_MEMBER.test(String(name))) : [];
  // What lies in a member that may be left out is left out with it.
  const inner = Object.entries(value).filter(([name]) => !COST_MEMBER.test(name));
  return [...costs.map((name) => `${at}: ${name}`), ...inner.flatMap(([name, one]) => requiredCosts(one, `${at}.${name}`))];
}

describe('where cost is shown', () => {
  it('people see what their work costs, as the business suite promises', async () => {
    const two = await startTwoTenants({ PURSER_CATALOG: await catalogWith('customer_view: cost\nkeys_view: credits') });
    try {
      const { server, mine } = two;
      const usage = await server.ask('/api/usage', { key: mine.owner });
      expect(usage.json.cost).toMatchObject({ ceiling: { currency: 'USD' } });
      const calls = await server.ask('/api/calls', { key: mine.owner });
      expect(calls.json.calls[0]).toHaveProperty('cost');
      expect((await server.ask('/api/calls', { key: mine.key })).json.calls[0]).not.toHaveProperty('cost');
    } finally {
      await two.close();
    }
  });
});
