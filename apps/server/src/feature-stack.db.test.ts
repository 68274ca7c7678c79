import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Answered, startTestServer, type TestServer } from './testing/index.ts';

const CATALOG = new URL('../../../catalogs/saas-credits.yaml', import.meta.url).pathname;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PURSER_CATALOG: CATALOG });
});
afterAll(() => server.close());

/** The third brief's own feature: six lines of its catalog, and nothing else. */
const goal = (key: string, more: object = {}): Promise<Answered> =>
  server.ask('/api/ai/generate', {
    key,
    body: { operation: 'generate_goal', prompt: 'Save for a boat within two years.', ...more },
  });
const set = (id: string, change: object): Promise<Answered> =>
  server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: change });
const balance = async (key: string): Promise<number> => (await server.ask('/api/usage', { key })).json.credits.balance;
const TOO_LARGE = { prompt: 'x'.repeat(200_000) };

describe('C7 the stack of a feature, in its order: whoever fails two checks is told of the first', () => {
  it('plan before license', async () => {
    const { id, key } = await server.workspace('STARTER');
    await set(id, { license: 'grace' });
    expect((await goal(key)).json).toMatchObject({ status: 403, code: 'plan_feature_missing' });
  });

  it('license before limits', async () => {
    const { id, key } = await server.workspace('PRO');
    await set(id, { license: 'grace' });
    expect((await goal(key, TOO_LARGE)).json).toMatchObject({
      status: 402,
      code: 'license_ai_disabled',
      offers: [{ kind: 'pay' }],
    });
  });

  it('limits before balance', async () => {
    const { key } = await server.workspace('PRO', { overrides: { credits_monthly: 0 } });
    expect((await goal(key, TOO_LARGE)).json).toMatchObject({ status: 422, code: 'request_too_large' });
    const broke = (await goal(key)).json;
    expect(broke).toMatchObject({ status: 402, code: 'credits_exhausted' });
    expect(broke.offers.map(({ id }) => id).filter((id) => id.startsWith('credits'))).not.toEqual([]);
  });

  it('then the call: charged once, in the answer and in the books alike, and nothing for whoever comes too soon', async () => {
    const { key } = await server.workspace('PRO');
    const before = await balance(key);
    const done = await goal(key);
    expect(done.status).toBe(200);
    expect(done.json.credits.charged).toBeGreaterThanOrEqual(3);
    expect(done.json.credits.balance).toBe(before - done.json.credits.charged);
    const soon = await goal(key);
    expect([soon.status, soon.json.code]).toEqual([429, 'min_gap']);
    expect(await balance(key)).toBe(done.json.credits.balance);
  });
});
