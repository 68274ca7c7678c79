import { openPool } from '@purser/database';
import { type StandIn, startStandIn } from '@purser/providers/standins';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { eventsIn, startTestServer, type TestServer } from './testing/index.ts';

let provider: StandIn;
beforeAll(async () => {
  provider = await startStandIn({ misbehaviour: 'drip', wait_ms: 150 });
});
afterAll(() => provider.close());

const behind = (environment: Record<string, string> = {}): Promise<TestServer> =>
  startTestServer({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: provider.openai_url, ...environment });

const BODY = { operation: 'chat', prompt: 'The harbour opened in 1887.' };

describe('a server that stops', () => {
  it('lets the stream it has begun end whole, takes nothing new, and then is gone', async () => {
    const server = await behind();
    const { key } = await server.workspace();
    const streaming = server.ask('/api/ai/generate', { key, body: BODY, headers: { accept: 'text/event-stream' } });
    await expect.poll(() => provider.requests.length).toBeGreaterThan(0);
    const stopping = server.running.stop();
    expect((await server.ask('/readyz')).json).toEqual({ status: 'stopping' });
    const late = await server.ask('/api/ai/generate', { key, body: BODY });
    expect([late.status, late.json.code, late.headers.get('retry-after')]).toEqual([503, 'overloaded', '5']);
    const events = eventsIn((await streaming).text);
    expect(events.at(-1)).toMatchObject({ event: 'end', data: { offline: false } });
    await stopping;
    await expect(server.ask('/healthz')).rejects.toThrow('fetch failed');
    const { rows } = await server.database.pool.query<{ state: string }>('select state from meters.hold');
    expect(rows.map(({ state }) => state)).toEqual(['settled']);
    await server.database.drop();
  });
});

describe('a server that has all it takes', () => {
  it('503: says so with Retry-After, answers its probes, and recovers', async () => {
    const server = await behind({ PURSER_QUEUE_MAX: '4' });
    try {
      const { key } = await server.workspace('BUSINESS');
      const answers = await Promise.all(
        Array.from({ length: 12 }, () =>
          server.ask('/api/ai/generate', { key, body: BODY, headers: { accept: 'text/event-stream' } }),
        ),
      );
      const refused = answers.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThanOrEqual(8);
      expect(refused[0]?.json.code).toBe('overloaded');
      expect(refused[0]?.headers.get('retry-after')).toBe('1');
      expect((await server.ask('/healthz')).status).toBe(200);
      expect((await server.ask('/api/ai/generate', { key, body: BODY })).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});

describe('a database that goes away', () => {
  it('503: calls are refused as overloaded and nothing is admitted; /readyz says so; then it goes on', async () => {
    const server = await startTestServer();
    try {
      const { key } = await server.workspace();
      expect((await server.ask('/api/ai/generate', { key, body: BODY })).status).toBe(200);
      const { pool } = server.running.composition.deps;
      const name = new URL(server.database.url).pathname.slice(1);
      // Cut every connection and let no new one in: what a restart of the database server looks like from here.
      const admin = openPool(Object.assign(new URL(server.database.url), { pathname: '/postgres' }).href, { connections_max: 1 });
      onTestFinished(() => admin.end());
      await admin.query(`alter database ${name} allow_connections false`);
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
      const away = await server.ask('/api/ai/generate', { key, body: BODY });
      expect([away.status, away.json.code]).toEqual([503, 'overloaded']);
      expect(away.text).not.toMatch(/terminat|postgres|connect/i);
      expect((await server.ask('/readyz')).json).toEqual({ status: 'database_away' });
      expect((await server.ask('/healthz')).status).toBe(200);
      await admin.query(`alter database ${name} allow_connections true`);
      await expect
        .poll(async () => (await server.ask('/api/ai/generate', { key, body: BODY })).status, { timeout: 15_000 })
        .toBe(200);
      await expect.poll(() => pool.query('select 1').then(() => 'there')).toBe('there');
      const { json } = await server.admin('/api/admin/ledger/verify');
      expect(json).toMatchObject({ balanced: true, mismatches: [] });
    } finally {
      await server.close();
    }
  });
});
