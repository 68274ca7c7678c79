import { readFile } from 'node:fs/promises';

import { parseSettings } from '@purser/settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startServer } from '../start.ts';
import { like, startTestServer, type TestServer } from '../testing/index.ts';

const SHIPPED = new URL('../../../../catalogs/default.yaml', import.meta.url);

let server: TestServer;
let other: { url: string; stop(): Promise<void> };
let shipped: string;
/** PRO with one call at once, and no credits to speak of: easily told from the shipped one. */
let proposed: string;
beforeAll(async () => {
  shipped = await readFile(SHIPPED, 'utf8');
  proposed = shipped.replace('credits_monthly: 1500', 'credits_monthly: 1400').replace('concurrency: 16', 'concurrency: 15');
  server = await startTestServer();
  const { catalog, log } = server.running.composition.deps;
  const running = await startServer({
    settings: parseSettings({ PORT: '0' }),
    database_url: server.database.url,
    admin_token: server.admin_token,
    catalog,
    log,
  });
  other = { url: running.address, stop: () => running.stop() };
});
afterAll(async () => {
  await other.stop();
  await server.close();
});

const concurrencyOf = async (key: string, url = other.url): Promise<unknown> => {
  const response = await fetch(`${url}/api/usage?explain=1`, { headers: { authorization: `Bearer ${key}` } });
  const { policy } = (await response.json()) as { policy: { name: string; value: unknown }[] };
  return policy.find(({ name }) => name === 'concurrency')?.value;
};
const start = (body: object) => server.admin('/api/admin/rollouts', { body });
/** What every server does twice a second. */
const looked = () => server.running.composition.deps.policies.evaluate();
const change = (id: string, body: object) => server.admin(`/api/admin/rollouts/${id}`, { method: 'PATCH', body });

describe('a staged rollout of a catalog (C13)', () => {
  it('moves a share, the same on both servers; compares both sides; then moves all, and takes back', async () => {
    const workspaces = await Promise.all(Array.from({ length: 30 }, () => server.workspace()));
    const seen = (url: string) => Promise.all(workspaces.map(({ key }) => concurrencyOf(key, url)));
    const moved = async (url = other.url) => (await seen(url)).filter((value) => value === 15).length;
    expect(await moved()).toBe(0);

    const started = await start({ catalog: proposed, share: 0.5 });
    expect(started.status).toBe(201);
    expect(started.json).toMatchObject({
      state: 'running',
      share: 0.5,
      from_version: like(/^default@/),
      to_version: like(/^default@/),
    });
    const { id } = started.json;
    await expect.poll(() => moved()).toBeGreaterThan(4);
    expect(await moved()).toBeLessThan(26);
    expect(await seen(server.url)).toEqual(await seen(other.url));
    const half = await seen(other.url);

    for (const { key } of workspaces.slice(0, 10)) {
      await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
      await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'x'.repeat(100_001) } });
    }
    const compare = async () => (await server.admin(`/api/admin/rollouts/${id}`)).json;
    const arms = async () =>
      Reflect.get(await compare(), 'arms') as {
        arm: string;
        workspaces: number;
        calls: number;
        refused: Record<string, number>;
        refusal_ratio: string;
        margin: { cost: { amount: string } }[];
      }[];
    await expect.poll(async () => (await arms()).reduce((sum, arm) => sum + arm.calls, 0)).toBe(20);
    const [there, here] = await arms();
    expect([there?.arm, here?.arm]).toEqual(['treatment', 'control']);
    expect(there!.workspaces + here!.workspaces).toBe(30);
    expect(there!.workspaces).toBe(await moved());
    expect(there!.refused['request_too_large']! + here!.refused['request_too_large']!).toBe(10);
    expect([there!.refusal_ratio, here!.refusal_ratio]).toEqual(['0.500000', '0.500000']);
    expect(Number(there!.margin[0]!.cost.amount)).toBeGreaterThan(0);

    await change(id, { share: 0.9 });
    await expect.poll(() => moved()).toBeGreaterThan(20);
    const most = await seen(other.url);
    expect(half.every((value, index) => value === 16 || most[index] === 15)).toBe(true);

    await change(id, { state: 'completed' });
    await expect.poll(() => moved()).toBe(30);
    const late = await server.workspace();
    expect(await concurrencyOf(late.key)).toBe(15);

    await change(id, { state: 'rolled_back' });
    await expect.poll(() => moved()).toBe(0);
    expect((await change(id, { state: 'completed' })).json.code).toBe('limit_reached');
    const { text } = await server.admin('/api/admin/audit');
    expect(text.match(/rollout\.change/g)).toHaveLength(3);
  });

  it('writes down for each workspace what it is granted less of, and nothing where what was agreed stays; going back grants no less', async () => {
    const plain = await server.workspace();
    const agreed = await server.workspace('PRO', { overrides: { credits_monthly: 2_000, concurrency: 20 } });
    const { id } = (await start({ catalog: proposed, share: 1 })).json;
    const told = async ({ id: workspace }: { id: string }) => {
      const { entries } = (await server.admin(`/api/admin/audit?workspace_id=${workspace}`)).json as unknown as {
        entries: { action: string; subject: string; detail: { plan: string; terms: object[] } }[];
      };
      return entries.filter(({ action, subject }) => action === 'rollout.lower' && subject === `rollout:${id}`);
    };
    expect(await told(plain)).toMatchObject([
      {
        detail: {
          plan: 'PRO',
          terms: [
            { name: 'credits_monthly', from: '1500', to: '1400' },
            { name: 'concurrency', from: '16', to: '15' },
          ],
        },
      },
    ]);
    expect(await told(agreed)).toEqual([]);
    await change(id, { state: 'rolled_back' });
    expect(await told(plain)).toHaveLength(1);
  });

  it('moves prices of providers the same way: dearer for a share, compared, for all, and back', async () => {
    const costs = await readFile(new URL('provider_costs.yml', SHIPPED), 'utf8');
    const stand_in = /(- key: offline\/stand-in[\s\S]*?input_token: )([\d.]+)/;
    const dearer = costs.replace(stand_in, (_, before: string, price: string) => `${before}${Number(price) * 10}`);
    expect(dearer).not.toBe(costs);
    const workspaces = await Promise.all(Array.from({ length: 20 }, () => server.workspace()));
    const costOf = async ({ key }: { key: string }) => {
      const { json } = await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello '.repeat(300) } });
      return Number((json as unknown as { cost: { amount: string } }).cost.amount);
    };
    const least = await costOf(workspaces[0]!);
    const started = await start({ prices: dearer, share: 0.5 });
    expect([started.status, started.json]).toEqual([
      201,
      expect.objectContaining({ from_version: like(/^prices:[0-9a-f]{12}$/), to_version: like(/^prices:[0-9a-f]{12}$/) }),
    ]);
    const { id } = started.json;
    const dear = async () => {
      const now = await Promise.all(workspaces.map(costOf));
      return now.filter((cost) => cost > least).length;
    };
    await looked();
    const some = await dear();
    expect(some).toBeGreaterThan(2);
    expect(some).toBeLessThan(18);
    type Arms = { arms: { arm: string; calls: number; margin: { cost: { amount: string } }[] }[] };
    const arms = async () => ((await server.admin(`/api/admin/rollouts/${id}`)).json as unknown as Arms).arms;
    await expect.poll(async () => (await arms()).map(({ calls }) => calls)).toEqual([some, 20 - some]);
    const [there, here] = await arms();
    const each = (arm: typeof there) => Number(arm?.margin[0]?.cost.amount) / (arm?.calls ?? 0);
    expect(each(there)).toBeGreaterThan(each(here));
    await change(id, { state: 'completed' });
    await looked();
    expect(await dear()).toBe(20);
    await change(id, { state: 'rolled_back' });
    await looked();
    expect(await dear()).toBe(0);
  });

  it('refuses prices with mistakes, the same ones, and both at once', async () => {
    const costs = await readFile(new URL('provider_costs.yml', SHIPPED), 'utf8');
    const without = await start({
      prices: 'prices:\n  - { key: a/b, from: 2026-01-01, currency: USD, each: { email: 1 } }\n',
      share: 1,
    });
    expect([without.status, without.json.detail]).toEqual([400, like(/^the price list has mistakes: /)]);
    expect((await start({ prices: costs, share: 1 })).json.detail).toMatch(
      /^the version is prices:[0-9a-f]{12} already: there is nothing to move$/,
    );
    expect((await start({ prices: costs, catalog: shipped, share: 1 })).status).toBe(400);
  });

  it('gives operators alone the catalog now for sale, to begin another from; as it is there is nothing to move', async () => {
    const { status, json } = await server.admin('/api/admin/catalog');
    expect([status, json]).toEqual([200, { version: like(/^default@[0-9a-f]{12}$/), text: shipped }]);
    const { key } = await server.workspace();
    expect((await server.ask('/api/admin/catalog', { key })).status).toBe(403);
    expect((await start({ catalog: shipped, share: 0.1 })).status).toBe(400);
  });

  it('leaves subscribers of another version where they are', async () => {
    const older = await start({ catalog: proposed, share: 1, from_version: 'default@000000000000' });
    expect(older.status).toBe(201);
    const { key } = await server.workspace();
    expect(await concurrencyOf(key)).toBe(16);
    await change(older.json.id, { state: 'rolled_back' });
  });

  it('refuses a catalog with mistakes, one that loses its margin, and a second from the same version', async () => {
    const mistaken = await start({ catalog: shipped.replace('rpm: 120', 'rpm: many'), share: 0.1 });
    expect([mistaken.status, mistaken.json.detail]).toEqual([400, like(/^the catalog has mistakes: .*rpm/)]);
    const losing = await start({
      catalog: shipped.replace('price: 15.99 EUR', 'price: 15.99 EUR\n    ceiling: 15 EUR'),
      share: 0.1,
    });
    expect([losing.status, losing.json.detail]).toEqual([400, like(/^the catalog does not keep its margin: PRO /)]);
    const first = await start({ catalog: proposed, share: 0.1 });
    const second = await start({ catalog: proposed.replace('concurrency: 15', 'concurrency: 14'), share: 0.1 });
    expect([second.status, second.json.code]).toEqual([409, 'limit_reached']);
    await change(first.json.id, { state: 'rolled_back' });
  });

  it('waits while versions are frozen (T8)', async () => {
    await server.admin('/api/admin/freeze', { body: { on: true } });
    const frozen = await start({ catalog: proposed, share: 0.1 });
    expect([frozen.status, frozen.json.code]).toEqual([409, 'frozen']);
    await server.admin('/api/admin/freeze', { body: { on: false } });
    const started = await start({ catalog: proposed, share: 0.1 });
    await server.admin('/api/admin/freeze', { body: { on: true } });
    expect((await change(started.json.id, { state: 'completed' })).json.code).toBe('frozen');
    await server.admin('/api/admin/freeze', { body: { on: false } });
    expect((await change(started.json.id, { state: 'rolled_back' })).status).toBe(200);
  });
});
