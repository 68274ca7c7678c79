import { cp, glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type RefusalCode, REFUSALS } from '@purser/core';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOUNDS } from '@purser/http';
import { createMetrics } from '@purser/metrics';

import { buildServer } from './server.ts';
import { type Answered, fillMeter, startTestServer, type TestServer } from './testing/index.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const CALL_TIMEOUT_MS = 1_000;
const POOL_LADDER = `
  - name: sending
    watches: pool
    pool: mailrelay
    levels: [{ at: 0.9, pause: [images] }]
`;

/** One wrong request blocks, and a second within a minute is too soon. */
const HURRIED = `
    abuse: { requests_minute: 1000, gap_ms: 60000, credits_hour_alert: 500, failures_block: 1, block_seconds: 900 }`;

/** Codes of the contract that no call can be answered with yet, and what will. When one is given, it wants its line below. */
const NOT_YET = {
  selection_too_large: 'the studio: more finals are selected than may be made',
} as const satisfies Partial<Record<RefusalCode, string>>;

let folder: string;
let broken: StandIn;
let silent: StandIn;
/** Answers by the offline provider. */
let sound: TestServer;
/** OpenAI fails, Gemini never answers, and one model has no price yet. */
let ailing: TestServer;
/** What all share is used up. */
let spent: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-refusals-'));
  await cp(path.join(ROOT, 'catalogs'), folder, { recursive: true });
  const edit = async (name: string, from: string | RegExp, to: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
    return file;
  };
  await edit('default.yaml', 'covers: unpaid', 'covers: all');
  await edit('default.yaml', /(code: ENTERPRISE[^]*?)\n    abuse: .*/, `$1${HURRIED}`);
  const catalog = await edit('default.yaml', '\noperations:', `${POOL_LADDER}\noperations:`);
  [broken, silent] = await Promise.all([startStandIn({ misbehaviour: 'server_error' }), startStandIn({ misbehaviour: 'hang' })]);
  [sound, spent] = await Promise.all([
    startTestServer({ PURSER_CATALOG: catalog, PURSER_FREE_STARTS_PER_ADDRESS: '1' }),
    startTestServer({ PURSER_CATALOG: catalog }),
  ]);
  await edit('provider_costs.yml', /(key: openai\/gpt-4o-mini\s+currency: USD\s+from: )[\d-]+/, '$12999-01-01');
  ailing = await startTestServer({
    PURSER_CATALOG: catalog,
    PURSER_ALLOW_UNPROVEN_CATALOG: '1',
    PURSER_CALL_TIMEOUT_MS: String(CALL_TIMEOUT_MS),
    OPENAI_API_KEY: 'sk-test-0123456789',
    OPENAI_BASE_URL: broken.openai_url,
    GEMINI_API_KEY: 'test-0123456789',
    GEMINI_BASE_URL: silent.gemini_url,
  });
});
afterAll(async () => {
  await Promise.all([sound.close(), ailing.close(), spent.close()]);
  await Promise.all([broken.close(), silent.close()]);
  await rm(folder, { recursive: true, force: true });
});

const chat = (server: TestServer, key: string, more: object = {}, headers = {}): Promise<Answered> =>
  server.ask('/api/ai/generate', { key, headers, body: { operation: 'chat', prompt: 'The harbour opened in 1887.', ...more } });

/** One call in a workspace of its own. */
async function once(server: TestServer, wanted: { plan?: string; overrides?: object; body?: object }): Promise<Answered> {
  const { key } = await server.workspace(wanted.plan, wanted.overrides && { overrides: wanted.overrides });
  return chat(server, key, wanted.body);
}

/** The second of two calls, the first of which is answered. */
async function second(overrides: object, body: object = {}, headers = {}, plan = 'PRO'): Promise<Answered> {
  const { key } = await sound.workspace(plan, { overrides });
  expect((await chat(sound, key, {}, headers)).status).toBe(200);
  return chat(sound, key, body, headers);
}

const TOO_LONG = 'x'.repeat(100_001);

/** How each code is met. A new one is a type error here until it has its line. */
const REACHED: Record<Exclude<RefusalCode, keyof typeof NOT_YET>, () => Promise<Answered>> = {
  invalid_request: () => once(sound, { body: { operation: 'no such thing' } }),
  unauthenticated: () => chat(sound, 'purser_ws_nobody'),
  license_ai_disabled: async () => {
    const { id, key } = await sound.workspace();
    await sound.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license: 'grace' } });
    return chat(sound, key);
  },
  license_sync_disabled: async () => {
    const { id, key } = await sound.workspace();
    await sound.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { license: 'cancelled' } });
    return sound.ask('/api/features/sync/check', { key, method: 'POST' });
  },
  credits_exhausted: () => once(sound, { overrides: { credits_monthly: 0 } }),
  cost_ceiling_reached: () => once(sound, { overrides: { ceiling: { amount: '0.5000001', currency: 'EUR' } } }),
  budget_exhausted: async () => {
    const { id, key } = await spent.workspace('BUSINESS');
    await fillMeter(spent, id, 'budget', 1);
    return chat(spent, key);
  },
  plan_feature_missing: () => once(sound, { plan: 'STARTER' }),
  temporarily_blocked: async () => {
    const { key } = await sound.workspace('ENTERPRISE');
    await chat(sound, key, { operation: 'no such thing' });
    return chat(sound, key);
  },
  forbidden: async () => sound.ask('/api/admin/audit', { key: (await sound.workspace()).key }),
  not_found: () => sound.admin(`/api/admin/workspaces/${crypto.randomUUID()}`),
  limit_reached: async () => {
    const start = () => sound.ask('/api/auth/sign-in/anonymous', { body: { cookie: false } });
    await start();
    return start();
  },
  no_model_allowed: () => once(ailing, { plan: 'FREE', body: { model: 'gpt-5-mini' } }),
  price_unknown: () => once(ailing, { body: { model: 'gpt-4o-mini' } }),
  frozen: async () => {
    await sound.admin('/api/admin/freeze', { body: { on: true } });
    const { text } = (await sound.admin('/api/admin/catalog')).json as unknown as { text: string };
    const refused = await sound.admin('/api/admin/rollouts', { body: { catalog: `${text}\n# another`, share: 0.1 } });
    await sound.admin('/api/admin/freeze', { body: { on: false } });
    return refused;
  },
  unsupported_media_type: async () =>
    sound.ask('/api/ai/generate', {
      key: (await sound.workspace()).key,
      body: '{}',
      headers: { 'content-encoding': 'zstd' },
    }),
  request_too_large: () => once(sound, { body: { prompt: TOO_LONG } }),
  idempotency_mismatch: () => second({}, { prompt: 'other words' }, { 'idempotency-key': crypto.randomUUID() }),
  quota_exceeded: () => second({ quotas: { jobs_day: 1 } }),
  rate_limited: () => second({ rate: { rps: 10, rpm: 1, burst: 1 } }),
  min_gap: () => second({}, {}, {}, 'ENTERPRISE'),
  concurrency_exceeded: async () => {
    const { key } = await ailing.workspace('PRO', { overrides: { concurrency: 1 } });
    const running = chat(ailing, key, { model: 'gemini-2.5-flash' });
    const held = async () => (await ailing.ask('/api/usage', { key })).json.cost.held.amount;
    await expect.poll(held, { timeout: CALL_TIMEOUT_MS, interval: 10 }).not.toBe('0');
    const refused = await chat(ailing, key);
    await running;
    return refused;
  },
  pool_paused: async () => {
    const { id, key } = await spent.workspace('FREE');
    await fillMeter(spent, id, 'pool:mailrelay', 0.95);
    const check = () => spent.ask('/api/features/images/check', { key, method: 'POST' });
    await expect.poll(async () => (await check()).status).not.toBe(200);
    return check();
  },
  not_configured: () => sound.ask('/api/auth/sign-in/magic-link', { body: { email: 'ann@harbour.example' } }),
  provider_failed: () => once(ailing, { body: { model: 'gpt-5-mini' } }),
  overloaded: async () => {
    const { deps } = sound.running.composition;
    const { app } = await buildServer({ ...deps, metrics: createMetrics(), bounds: { ...BOUNDS, requests_max: 0 } });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/api/usage`, { headers: { connection: 'close' } });
    const text = await response.text();
    await app.close();
    return { status: response.status, headers: response.headers, text, json: JSON.parse(text) as Answered['json'] };
  },
  provider_timeout: () => once(ailing, { body: { model: 'gemini-2.5-flash' } }),
};

describe('every code of the contract (C7)', () => {
  it.each(Object.entries(REACHED))('%s is met over HTTP, as a problem with its status and what to do', async (code, reach) => {
    const { status, headers, json } = await reach();
    const expected = REFUSALS[code as RefusalCode];
    expect([status, json.code, json.detail]).toEqual([expected.status, code, expect.stringMatching(/\S/)]);
    expect(json).toMatchObject({ type: `/problems/${code}`, title: expected.title, status });
    expect(headers.get('content-type')).toContain('application/problem+json');
    if (status === 429 || status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    if (status === 402 || code === 'pool_paused') expect(json.offers.length).toBeGreaterThan(0);
    // Credits bought now could not be spent before the budget that all share starts anew.
    if (code === 'budget_exhausted') expect(json.offers.map(({ kind }) => kind)).not.toContain('pack');
  });

  it.each(Object.keys(NOT_YET))('%s is given by nothing yet', async (code) => {
    const giving: string[] = [];
    for await (const file of glob(['apps/*/src/**/*.ts', 'packages/*/src/**/*.ts'], { cwd: ROOT })) {
      if (file.endsWith('.test.ts') || file.endsWith('core/src/refusal.ts')) continue;
      if ((await readFile(path.join(ROOT, file), 'utf8')).includes(`'${code}'`)) giving.push(file);
    }
    expect(giving).toEqual([]);
  });
});
