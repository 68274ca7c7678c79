import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { newId } from '@purser/database';
import { parseSettings } from '@purser/settings';
import { parseMoney } from '@purser/money';
import { raiseCeiling } from '@purser/policy';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startServer } from './start.ts';
import { fillMeter, like, startTestServer, type TestServer } from './testing/index.ts';

const SHIPPED = path.join(import.meta.dirname, '..', '..', '..', 'catalogs');
const POOL_LADDER = `
  - name: sending
    watches: pool
    pool: mailrelay
    levels:
      - { at: 0.8, quotas: { images_month: 7 } }
      - { at: 0.9, pause: [ai] }
`;

let folder: string;
let provider: StandIn;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'purser-ladder-'));
  await cp(SHIPPED, folder, { recursive: true });
  const file = path.join(folder, 'default.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('\noperations:', `${POOL_LADDER}\noperations:`));
  provider = await startStandIn();
  server = await startTestServer({
    PURSER_CATALOG: file,
    OPENAI_API_KEY: 'sk-test-0123456789',
    OPENAI_BASE_URL: provider.openai_url,
  });
});
afterAll(async () => {
  await server.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

const fill = (workspace: string, key: string, share: number) => fillMeter(server, workspace, key, share);
const usage = async (key: string) => (await server.ask('/api/usage?explain=1', { key })).json;
const degradedOf = async (key: string): Promise<string[]> =>
  (await usage(key)).degraded.map((one) => String(Reflect.get(one, 'what')));
const generate = (key: string, more: object = {}) =>
  server.ask('/api/ai/generate', { key, body: { operation: 'draft', complexity: 'complex', prompt: 'ships', ...more } });

describe('the ladder of the plan’s ceiling (F5)', () => {
  it('throttles in steps: a cheaper class, then shorter answers, then offers; each answer says what and why', async () => {
    const { id, key } = await server.workspace();
    const before = await generate(key);
    expect([before.status, before.json.degraded]).toEqual([200, []]);
    expect(Reflect.get(before.json, 'model')).toMatchObject({ name: 'gpt-4o' });

    await fill(id, 'cost', 0.76);
    await expect.poll(() => degradedOf(key)).toEqual(['models of class medium at most']);
    const first = await generate(key);
    expect(first.json.degraded[0]).toEqual({
      what: like(/ instead of openai\/gpt-4o$/),
      why: '75 % of what the plan includes is used',
    });

    await fill(id, 'cost', 0.96);
    await expect.poll(() => degradedOf(key)).toContain('answers of 500 tokens at most');
    const last = await generate(key, { max_output_tokens: 2_000 });
    expect(last.json.degraded.map((one) => String(Reflect.get(one, 'what')))).toEqual([
      'output cut to 500 tokens',
      expect.stringMatching(/ instead of /),
    ]);
    const body = { model: 'auto', max_tokens: 2_000, messages: [{ role: 'user', content: 'ships' }] };
    const openai = await server.ask('/v1/chat/completions', { key, body });
    expect(openai.headers.get('purser-degraded')).toContain('output cut to 500 tokens (95 % of what the plan includes is used)');
    const shown = await usage(key);
    expect(shown.offers.map((one) => one.id)).toContain('credits-500');
    expect(Reflect.get(shown, 'policy')).toContainEqual({
      name: 'priority',
      value: 'low',
      from: 'level',
      why: '95 % of what the plan includes is used',
    });
  });

  it('a model that is named and too dear for the level is replaced, and said so; a pin is never broken (T7)', async () => {
    const { id, key } = await server.workspace();
    await fill(id, 'cost', 0.86);
    await expect.poll(() => degradedOf(key)).toContain('models of class small at most');
    const named = await generate(key, { model: 'gpt-4o' });
    expect(named.json.degraded).toContainEqual({
      what: like(/^openai\/gpt-4\S+(nano|mini) instead of openai\/gpt-4o$/),
      why: '85 % of what the plan includes is used',
    });
    const gpt = server.running.composition.deps.catalog.models.find((model) => model.id === 'openai/gpt-4o');
    const pinned = await server.workspace('PRO', { overrides: { pinned: { text: { model: gpt?.id, version: gpt?.version } } } });
    await fill(pinned.id, 'cost', 0.86);
    await expect.poll(() => degradedOf(pinned.key)).toContain('models of class small at most');
    const { json } = await generate(pinned.key);
    expect(Reflect.get(json, 'model')).toMatchObject({ name: 'gpt-4o' });
    expect(JSON.stringify(json.degraded)).not.toContain('instead of');
  });

  it('is known on every server within two seconds of the spending, and written down once', async () => {
    const { catalog, log } = server.running.composition.deps;
    const other = await startServer({
      settings: parseSettings({ PORT: '0' }),
      database_url: server.database.url,
      admin_token: server.admin_token,
      catalog,
      log,
    });
    try {
      const { id, key } = await server.workspace();
      const there = async (): Promise<number> => {
        const response = await fetch(`${other.address}/api/usage`, { headers: { authorization: `Bearer ${key}` } });
        return ((await response.json()) as { degraded: unknown[] }).degraded.length;
      };
      expect(await there()).toBe(0);
      await fill(id, 'cost', 0.96);
      await expect.poll(there).toBeGreaterThan(0);
      const { rowCount } = await server.database.pool.query('select from policy.level where workspace_id = $1', [id]);
      expect(rowCount).toBe(1);
    } finally {
      await other.stop();
    }
  });

  it('an add-on raises the ceiling and climbs back at once, though use is within climb_back (F5)', async () => {
    const { id, key } = await server.workspace();
    await fill(id, 'cost', 0.86);
    await expect.poll(() => degradedOf(key)).toHaveLength(3);
    const { pool, policies, identity, clock } = server.running.composition.deps;
    const workspace = await identity.workspace(id);
    const policy = await policies.load(workspace!, clock.now());
    const raise = { id: newId(), amount: parseMoney('2', 'EUR'), reason: 'add-on' };
    const connection = await pool.connect();
    expect(await raiseCeiling(connection, policy, raise, clock.now())).toBe(true);
    expect(await raiseCeiling(connection, policy, raise, clock.now())).toBe(false);
    connection.release();
    await expect.poll(() => degradedOf(key)).toEqual([]);
    expect((await usage(key)).cost).toMatchObject({ ceiling: { amount: '15.5915', currency: 'EUR' } });
    expect(Reflect.get(await usage(key), 'policy')).toContainEqual(
      expect.objectContaining({ name: 'ceiling', from: 'raise', value: { amount: '15.5915', currency: 'EUR' } }),
    );
  });

  it('a new billing period begins on no level, with what was left of the raise', async () => {
    const { id, key } = await server.workspace();
    const { pool, policies, identity, clock } = server.running.composition.deps;
    const policy = await policies.load((await identity.workspace(id))!, clock.now());
    const connection = await pool.connect();
    await raiseCeiling(connection, policy, { id: newId(), amount: parseMoney('2', 'EUR'), reason: 'add-on' }, clock.now());
    connection.release();
    await expect.poll(async () => (await usage(key)).cost).toMatchObject({ ceiling: { amount: '15.5915' } });
    // 13.0915 is the plan's own; 14.5 takes 1.4085 of the 2.
    await fill(id, 'cost', 14.5 / 15.0915);
    await expect.poll(() => degradedOf(key)).toHaveLength(3);
    const next = policy.billing_period.end!.add({ hours: 1 });
    await server.admin('/api/admin/clock', { body: { now: next.toString() } });
    expect(await degradedOf(key)).toEqual([]);
    await expect
      .poll(async () =>
        Number((await usage(key)).cost && (Reflect.get((await usage(key)).cost, 'ceiling') as { amount: string }).amount),
      )
      .toBeCloseTo(13.5915 + 2 - 1.4085, 2);
  });
});

describe('ladders over what everybody shares (S4)', () => {
  let watcher: { id: string; key: string };
  beforeEach(async () => {
    watcher = await server.workspace('FREE');
  });
  const estimate = async () => (await server.ask('/api/limits/estimate', { key: watcher.key })).json;

  it('the global budget: candidates 30 → 20 → 10, finals 9 → 6 → 3, no new batch, a tighter week last (S5)', async () => {
    await server.admin('/api/admin/credits/gift', { body: { workspace_id: watcher.id, credits: 50_000, reason: 'room' } });
    const seen: unknown[] = [];
    for (const share of [0.5, 0.71, 0.81, 0.86, 0.91]) {
      await fill(watcher.id, 'budget', share);
      // What every server does twice a second.
      await server.running.composition.deps.policies.evaluate();
      const { candidate_count_allowed, quality_allowed, new_batch_allowed, finalize_max_allowed } =
        (await estimate()) as unknown as Record<string, unknown>;
      seen.push([candidate_count_allowed, finalize_max_allowed, quality_allowed, new_batch_allowed]);
    }
    expect(seen).toEqual([
      [30, 9, 'high', true],
      [20, 9, 'high', true],
      [10, 6, 'high', true],
      [10, 3, 'medium', true],
      [10, 3, 'medium', false],
    ]);
    await fill(watcher.id, 'budget', 0.96);
    await expect.poll(() => degradedOf(watcher.key)).toContain('posts_platform_week 1');
    const spender = await server.workspace();
    await fill(spender.id, 'cost', 0.86);
    await expect.poll(() => degradedOf(spender.key)).toContain('models of class small at most');
    const { json } = await server.admin('/api/admin/ladder');
    expect(Reflect.get(json, 'shared')).toContainEqual(
      expect.objectContaining({
        ladder: 'studio',
        watches: 'global_budget',
        workspace_id: null,
        level: 5,
        levels: 5,
        cap: '1000',
        spent: '960',
      }),
    );
    await expect
      .poll(async () => Reflect.get((await server.admin('/api/admin/ladder')).json, 'workspaces') as unknown)
      .toContainEqual(expect.objectContaining({ ladder: 'ceiling', workspace_id: spender.id, level: 2 }));
  });

  it('a pool: quotas tighten, then a feature pauses with its own code and what to buy (F6)', async () => {
    const paying = await server.workspace('BUSINESS');
    await fill(paying.id, 'pool:mailrelay', 0.81);
    await expect.poll(() => degradedOf(paying.key)).toContain('images_month 7');
    await fill(paying.id, 'pool:mailrelay', 0.9);
    await expect.poll(async () => (await generate(paying.key)).json.code).toBe('pool_paused');
    const { status, json, headers } = await generate(paying.key);
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(json.detail).toBe('ai is paused: 90 % of the shared pool mailrelay is used');
    expect(json.offers.length).toBeGreaterThan(0);
  });
});
