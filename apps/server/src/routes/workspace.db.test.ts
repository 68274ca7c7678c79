import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let workspace: { id: string; key: string };
beforeAll(async () => {
  server = await startTestServer();
  workspace = await server.workspace();
});
afterAll(() => server.close());

const get = (path: string, key = workspace.key) => server.ask(path, { key });

describe('GET /api/usage', () => {
  it('shows a new workspace its credits, its ceiling and its meters before its first call (F1: €13.5915)', async () => {
    const { status, json, headers } = await get('/api/usage');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toMatchObject({
      workspace_id: workspace.id,
      plan: 'PRO',
      license: 'active',
      credits: { balance: 1500, held: 0, expiring: [{ credits: 1500, source: 'monthly' }] },
      cost: {
        ceiling: { amount: '13.5915', currency: 'EUR' },
        spent: { amount: '0', currency: 'EUR' },
        held: { amount: '0', currency: 'EUR' },
      },
      degraded: [],
      forecast: { ceiling_reached_at: null },
    });
    const known = (key: string): string => key.replace(/:.*/u, ':<user>');
    expect(json.meters.map(({ key }: { key: string }) => known(key)).toSorted()).toEqual([
      'audio_seconds_month',
      'concurrency',
      'cost',
      'emails_day',
      'emails_month',
      'emails_user_day:<user>',
      'images_month',
      'jobs',
      'tokens',
    ]);
  });

  it('follows each call: what it was charged is gone, and what it cost is spent', async () => {
    const { json: answer } = await server.ask('/api/ai/generate', {
      key: workspace.key,
      body: { operation: 'chat', prompt: 'hello' },
    });
    const { json } = await get('/api/usage');
    expect(json.credits.balance).toBe(1500 - answer.credits.charged);
    expect(json.credits.balance).toBe(answer.credits.balance);
    expect(Number(json.cost.spent.amount)).toBeGreaterThan(0);
    expect(json.meters.find(({ key }: { key: string }) => key === 'jobs')).toMatchObject({ used: 1, window: 'billing_period' });
    expect(json.forecast.text).toBe('A forecast is available after a day of use.');
  });
});

describe('GET /api/calls', () => {
  it('lists the calls of the own workspace with cost and outcome, newest first, a page at a time', async () => {
    for (const prompt of ['one', 'two', 'three']) {
      await server.ask('/api/ai/generate', { key: workspace.key, body: { operation: 'rewrite', prompt } });
    }
    const { json: first } = await get('/api/calls?limit=2');
    expect(first.calls).toHaveLength(2);
    expect(first.calls[0]).toMatchObject({ operation: 'rewrite', provider: 'offline', outcome: 'ok', cost: { currency: 'USD' } });
    const { json: second } = await get(`/api/calls?limit=2&cursor=${first.next_cursor}`);
    expect(second.calls[0]!.at < first.calls[1]!.at).toBe(true);
    const stranger = await server.workspace();
    expect((await get('/api/calls', stranger.key)).json).toEqual({ calls: [], next_cursor: null });
  });

  it('400: a cursor that is not one of ours, a limit that is none', async () => {
    expect((await get('/api/calls?cursor=abc')).json.code).toBe('invalid_request');
    expect((await get('/api/calls?limit=1000')).json.detail).toBe('"limit": want at most 200, got 1000');
  });
});

describe('what is for sale', () => {
  it('lists the operations of the catalog with what they cost at least', async () => {
    const { json } = await server.ask('/api/operations');
    expect(json.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['chat', 'research', 'outline', 'draft', 'assess', 'refine', 'summarise', 'rewrite']),
    );
    expect(json[0]).toMatchObject({ task: 'text', feature: 'ai', credits_min: 1 });
  });

  it('lists the packs (C6: 500 for $29, 2,000 for $79)', async () => {
    const { json } = await server.ask('/api/packs');
    expect(json).toEqual([
      expect.objectContaining({ credits: 500, price: { amount: '29', currency: 'USD' } }),
      expect.objectContaining({ credits: 2000, price: { amount: '79', currency: 'USD' } }),
    ]);
  });
});
