import { createHash } from 'node:crypto';
import { connect } from 'node:net';

import { parseSettings } from '@purser/settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startServer } from './start.ts';
import { type Answered, startTestServer, type TestServer } from './testing/index.ts';
import type { Json } from './testing/json.ts';

/* What somebody would try who wants more than was paid for. */

let first: TestServer;
let second: { readonly url: string; stop(): Promise<void> };
beforeAll(async () => {
  first = await startTestServer();
  const { catalog, log } = first.running.composition.deps;
  const running = await startServer({
    settings: parseSettings({ PORT: '0' }),
    database_url: first.database.url,
    admin_token: first.admin_token,
    catalog,
    log,
  });
  second = { url: running.address, stop: () => running.stop() };
});
afterAll(async () => {
  const { json } = await first.admin('/api/admin/ledger/verify');
  expect([json.mismatches, json.balanced]).toEqual([[], true]);
  await second.stop();
  await first.close();
});

const FAST = { rate: { rps: 10_000, rpm: 100_000, burst: 10_000 }, concurrency: 1_000 };
const PROMPT = 'The harbour opened in 1887 and has been dredged twice since. '.repeat(20);

async function send(
  url: string,
  key: string,
  body: object | string,
  headers: Record<string, string> = {},
  path = '/api/ai/generate',
): Promise<Answered> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, text, json: JSON.parse(isJson ? text : 'null') as Json };
}
const chat = (key: string, more: object) =>
  send(first.url, key, { model: 'auto', messages: [{ role: 'user', content: 'hello' }], ...more }, {}, '/v1/chat/completions');
const generate = (key: string, more: object) => send(first.url, key, { operation: 'chat', prompt: 'hello', ...more });
const usageOf = async (key: string) => (await first.ask('/api/usage', { key })).json;
const spentOf = async (key: string): Promise<bigint> => nanos((await usageOf(key)).cost.spent.amount);
const nanos = (amount: string): bigint => {
  const [whole = '0', rest = ''] = amount.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(rest.padEnd(9, '0'));
};

describe('overspend', () => {
  it('budget checked, then incremented: 200 parallel calls at two servers stay below one tiny ceiling (F1)', async () => {
    // €0.50 of it is the overrun reserve.
    const { key } = await first.workspace('PRO', { overrides: { ...FAST, ceiling: { amount: '0.502', currency: 'EUR' } } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        send(n % 2 === 0 ? first.url : second.url, key, { operation: 'chat', prompt: PROMPT }),
      ),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 402]);
    for (const { status, json } of answers)
      if (status === 402) expect([json.code, json.offers.length > 0]).toEqual(['cost_ceiling_reached', true]);
    const { cost } = await usageOf(key);
    expect(cost.held.amount).toBe('0');
    const sum = answers.filter(({ status }) => status === 200).length;
    expect(sum).toBeGreaterThan(0);
    expect(await spentOf(key)).toBeLessThanOrEqual(2_000_000n);
  });

  it('the last credits are spent once, by 100 callers at two servers', async () => {
    const { id, key } = await first.workspace('PRO', { overrides: { ...FAST, credits_monthly: 0 } });
    await first.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 7, reason: 'test' } });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        send(n % 2 === 0 ? first.url : second.url, key, { operation: 'chat', prompt: 'hello' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
    expect((await usageOf(key)).credits.balance).toBe(0);
  });

  it('one key raced at both doors of two servers spends once; its other body and its other door are refused (C3)', async () => {
    const { key } = await first.workspace('PRO', { overrides: FAST });
    const headers = { 'idempotency-key': 'race' };
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        send(n % 2 === 0 ? first.url : second.url, key, { operation: 'chat', prompt: 'hello' }, headers),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ json }) => json.transaction_id)).size).toBe(1);
    expect((await usageOf(key)).meters.find(({ key: of }) => of === 'jobs')).toMatchObject({ used: 1, held: 0 });
    const other = await send(second.url, key, { operation: 'chat', prompt: 'hello!' }, headers);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
    const door = await send(
      first.url,
      key,
      { model: 'auto', messages: [{ role: 'user', content: 'hello' }] },
      headers,
      '/v1/chat/completions',
    );
    expect([door.status, door.json.error.code]).toEqual([422, 'idempotency_mismatch']);
  });

  it('a key of one workspace is nothing to another: each spends its own', async () => {
    const headers = { 'idempotency-key': 'shared' };
    const [one, two] = [await first.workspace(), await first.workspace()];
    const answers = await Promise.all(
      [one, two].map(({ key }) => send(first.url, key, { operation: 'chat', prompt: 'hello' }, headers)),
    );
    expect(answers[0]?.json.transaction_id).not.toBe(answers[1]?.json.transaction_id);
  });

  it('a gift sent twice under one key is given once', async () => {
    const { id, key } = await first.workspace();
    const before = (await usageOf(key)).credits.balance;
    const give = () =>
      first.admin('/api/admin/credits/gift', {
        body: { workspace_id: id, credits: 100, reason: 'sorry' },
        headers: { 'idempotency-key': 'gift' },
      });
    const given = await Promise.all([give(), give(), give()]);
    expect(new Set(given.map(({ text }) => text)).size).toBe(1);
    expect((await usageOf(key)).credits.balance).toBe(before + 100);
  });
});

describe('requests that want to be cheaper than they are', () => {
  let key: string;
  beforeAll(async () => {
    key = (await first.workspace('PRO', { overrides: FAST })).key;
  });

  it.each([
    ['a string', { max_tokens: '10' }],
    ['negative', { max_tokens: -1 }],
    ['zero', { max_completion_tokens: 0 }],
    ['a fraction', { max_tokens: 1.5 }],
    ['beyond what a number holds', { max_tokens: 1e300 }],
    ['fifty answers', { n: 50 }],
    ['a dearer lane', { service_tier: 'priority' }],
    [
      'an image part',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }] },
    ],
    ['a tool of the provider', { tools: [{ type: 'web_search_preview' }] }],
    ['a member nobody knows', { best_of: 9 }],
    ['no messages', { messages: [] }],
    ['a role that is no text', { messages: [{ role: { x: 1 }, content: 'hello' }] }],
    ['a model name of a megabyte', { model: 'x'.repeat(1_000_000) }],
  ])('OpenAI door, %s: 400 in its error shape, nothing spent', async (_, more) => {
    const { status, json } = await chat(key, more);
    expect([status, json.error.code]).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['a string', { max_output_tokens: '10' }],
    ['negative', { max_output_tokens: -5 }],
    ['a million million', { max_output_tokens: 1e12 }],
    ['a negative cost', { max_cost: { amount: '-1', currency: 'USD' } }],
    ['a cost as a number', { max_cost: { amount: 1, currency: 'USD' } }],
    ['a cost in a currency without a rate', { max_cost: { amount: '1', currency: 'XTS' } }],
    ['a cost of more digits than exist', { max_cost: { amount: '1'.repeat(40), currency: 'USD' } }],
    ['both prompt and messages', { messages: [{ role: 'user', content: 'x' }] }],
    ['a tool role', { prompt: undefined, messages: [{ role: 'tool', content: 'x' }] }],
    ['a workspace in the body', { workspace_id: crypto.randomUUID() }],
  ])('own door, %s: refused, nothing spent', async (_, more) => {
    const { status, json } = await generate(key, more);
    expect([status, ['invalid_request', 'request_too_large'].includes(json.code)]).toEqual([status === 422 ? 422 : 400, true]);
  });

  it('NaN and Infinity are no JSON', async () => {
    for (const word of ['NaN', 'Infinity', '-Infinity', '0x10', '1_000']) {
      const { status } = await send(first.url, key, `{"operation":"chat","prompt":"x","max_output_tokens":${word}}`);
      expect([word, status]).toEqual([word, 400]);
    }
  });

  it('a billion tokens are cut to what the plan allows, and said so', async () => {
    expect((await chat(key, { max_tokens: 1_000_000_000 })).status).toBe(200);
    const { status, json } = await generate(key, { max_output_tokens: 1_000_000 });
    expect([status, json.degraded.length > 0]).toEqual([200, true]);
  });

  it('a member said twice counts as it is sent on: the last', async () => {
    const body = `{"model":"auto","messages":[{"role":"user","content":"hello"}],"max_tokens":5,"max_tokens":7,"n":1,"n":50}`;
    expect((await send(first.url, key, body, {}, '/v1/chat/completions')).status).toBe(400);
  });

  it('text whose normal form grows is bounded like any other, and what is no text is refused', async () => {
    for (const prompt of ['\u0000\u0001', '\ud800'.repeat(10)]) expect((await generate(key, { prompt })).status).toBe(400);
    for (const prompt of ['ﷺ'.repeat(500), '\u0001\u0002', '👩‍👩‍👧‍👦'.repeat(200), 'a\u0301'.repeat(2_000)]) {
      const { status, json } = await generate(key, { prompt });
      expect([200, 422]).toContain(status);
      if (status === 200) expect(nanos(json.cost.amount)).toBeGreaterThan(0n);
    }
  });

  it('nothing of all this stayed held', async () => {
    const { cost, credits, meters } = await usageOf(key);
    expect([cost.held.amount, credits.held]).toEqual(['0', 0]);
    for (const { held } of meters) expect(['0', 0]).toContain(held);
  });
});

describe('headers and keys', () => {
  it('another’s workspace in a header changes nothing for a workspace key', async () => {
    const [mine, theirs] = [await first.workspace(), await first.workspace()];
    const before = await spentOf(theirs.key);
    const answer = await send(first.url, mine.key, { operation: 'chat', prompt: 'hello' }, { 'purser-workspace': theirs.id });
    expect([200, 400, 403]).toContain(answer.status);
    expect(await spentOf(theirs.key)).toBe(before);
    if (answer.status === 200) expect(await spentOf(mine.key)).toBeGreaterThan(0n);
    const read = await first.ask('/api/usage', { key: mine.key, headers: { 'purser-workspace': theirs.id } });
    if (read.status === 200) expect(read.json.workspace_id).toBe(mine.id);
  });

  it('another’s call, job or transaction is not found', async () => {
    const [mine, theirs] = [await first.workspace(), await first.workspace()];
    const { json } = await send(first.url, theirs.key, { operation: 'chat', prompt: 'secret harbour' });
    const calls = await first.ask('/api/calls', { key: mine.key });
    expect(calls.text).not.toContain(json.transaction_id);
  });

  it('a workspace key is no admin token, whatever else it says', async () => {
    const { key } = await first.workspace();
    for (const headers of [
      {},
      { 'x-forwarded-user': 'admin' },
      { 'purser-user': 'admin' },
      { 'x-http-method-override': 'GET' },
    ] as Record<string, string>[]) {
      const gift = await first.ask('/api/admin/credits/gift', {
        key,
        headers,
        body: { workspace_id: crypto.randomUUID(), credits: 1, reason: 'x' },
      });
      expect([gift.status, gift.json.code]).toEqual([403, 'forbidden']);
    }
  });

  it('keys that are no keys are strangers: empty, halves, hashes, two at once, a megabyte', async () => {
    const { key } = await first.workspace();
    const hash = createHash('sha256').update(key).digest('hex');
    for (const wrong of ['', 'x', key.slice(0, -1), `${key}x`, hash, `${key},${key}`, "' or 1=1 --", 'x'.repeat(10_000)]) {
      const { status } = await send(second.url, wrong, { operation: 'chat', prompt: 'hello' });
      expect([wrong.slice(0, 20), status]).toEqual([wrong.slice(0, 20), 401]);
    }
  });

  it('an idempotency key that is empty, endless or no text is refused before anything is held', async () => {
    const { key } = await first.workspace();
    for (const wrong of ['', 'k'.repeat(256), 'k'.repeat(10_000)]) {
      const { status } = await send(first.url, key, { operation: 'chat', prompt: 'hello' }, { 'idempotency-key': wrong });
      expect([wrong.length, status]).toEqual([wrong.length, 400]);
    }
    expect(await spentOf(key)).toBe(0n);
  });

  it('a body that lies about its length, or smuggles another request behind itself, spends nothing', async () => {
    const { key } = await first.workspace();
    const head = `POST /api/ai/generate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
    const body = '{"operation":"chat","prompt":"hello"}';
    for (const lengths of [
      'content-length: 10\r\n',
      `content-length: ${body.length}\r\ntransfer-encoding: chunked\r\n`,
      'transfer-encoding: gzip, identity\r\n',
    ]) {
      const answer = await raw(`${head}${lengths}\r\n${body}`);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect(await spentOf(key)).toBe(0n);
  });

  it('a body of 5 MB is refused, and the server answers on', async () => {
    const { key } = await first.workspace();
    const { status, json } = await send(first.url, key, { operation: 'chat', prompt: 'x'.repeat(5_000_000) });
    expect([status, json.code]).toEqual([422, 'request_too_large']);
    expect((await first.ask('/healthz')).status).toBe(200);
  });

  async function raw(bytes: string): Promise<string> {
    const socket = connect(Number(new URL(first.url).port), '127.0.0.1');
    socket.write(bytes);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }
});

describe('a database that is away', () => {
  it('fails open when its store is away — here 503 overloaded with Retry-After at both doors, and nothing is spent meanwhile', async () => {
    const away = await startTestServer();
    const { key } = await away.workspace();
    await send(away.url, key, { operation: 'chat', prompt: 'hello' });
    const spent = (await away.ask('/api/usage', { key })).json.cost.spent.amount;
    const name = new URL(away.database.url).pathname.slice(1);
    const { pool } = first.database;
    await pool.query(`alter database ${name} with allow_connections false`);
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    const answers = await Promise.all([
      send(away.url, key, { operation: 'chat', prompt: 'hello' }),
      send(away.url, key, { model: 'auto', messages: [{ role: 'user', content: 'hello' }] }, {}, '/v1/chat/completions'),
    ]);
    await pool.query(`alter database ${name} with allow_connections true`);
    for (const { status, headers } of answers) expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true]);
    await expect
      .poll(async () => (await send(away.url, key, { operation: 'chat', prompt: 'hello' })).status, { timeout: 10_000 })
      .toBe(200);
    const after = (await away.ask('/api/usage', { key })).json;
    expect([after.cost.held.amount, after.meters.find(({ key: of }) => of === 'jobs')?.used]).toEqual(['0', 2]);
    expect(after.cost.spent.amount).not.toBe(spent);
    await away.close();
  });
});
