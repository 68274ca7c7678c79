import { parseSettings } from '@purser/settings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startServer } from '../start.ts';
import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
let other: { url: string; stop(): Promise<void> };
beforeAll(async () => {
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

const explained = async (key: string, url = server.url): Promise<Map<string, { value: unknown; from: string; why: string }>> => {
  const response = await fetch(`${url}/api/usage?explain=1`, { headers: { authorization: `Bearer ${key}` } });
  const { policy } = (await response.json()) as { policy: { name: string; value: unknown; from: string; why: string }[] };
  return new Map(policy.map((one) => [one.name, one]));
};
const patch = (id: string, body: object) => server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body });

describe('GET /api/usage?explain=1 (T3)', () => {
  it('says for each value whether plan, override, license, cost cap or freeze gave it', async () => {
    const { id, key } = await server.workspace('BUSINESS', {
      overrides: { concurrency: 7, quotas: { tokens_month: 5, jobs_month: null }, valid_until: '2099-01-01T00:00:00Z' },
    });
    await patch(id, { license: 'grace' });
    await server.admin('/api/admin/freeze', { body: { on: true } });
    await expect.poll(async () => (await explained(key)).get('frozen')).toMatchObject({ value: true, from: 'freeze' });
    const policy = await explained(key);
    expect(policy.get('rate.rpm')).toMatchObject({ value: 600, from: 'plan', why: like(/^the plan BUSINESS of default@/) });
    expect(policy.get('concurrency')).toMatchObject({ value: 7, from: 'override', why: like(/until 2099-01-01T00:00:00Z$/) });
    expect(policy.get('quotas.jobs_month')).toMatchObject({ value: null, from: 'override' });
    expect(policy.get('features.ai')).toMatchObject({ value: false, from: 'license', why: like(/stage grace since 20/) });
    expect(policy.get('cost_cap')).toMatchObject({ value: { amount: '120', currency: 'USD' }, from: 'cost_cap' });
    expect([...policy.keys()].filter((name) => name.startsWith('quotas.'))).toHaveLength(16);
    await server.admin('/api/admin/freeze', { body: { on: false } });
    await expect.poll(async () => (await explained(key)).get('frozen')).toMatchObject({ value: false, from: 'plan' });
    const { json } = await server.ask('/api/usage', { key });
    expect(json).not.toHaveProperty('policy');
  });

  it('an override holds only within its dates (T2 negotiated caps)', async () => {
    const { key } = await server.workspace('PRO', { overrides: { concurrency: 3, valid_from: '2099-01-01T00:00:00Z' } });
    expect((await explained(key)).get('concurrency')).toMatchObject({ value: 16, from: 'plan' });
  });
});

describe('what changes the policy', () => {
  it('counts on every server within a second: overrides, license, freeze (T3)', async () => {
    const { id, key } = await server.workspace();
    const seen = (name: string) => expect.poll(async () => (await explained(key, other.url)).get(name)?.value, { interval: 10 });
    await explained(key, other.url);
    await patch(id, { overrides: { concurrency: 5 } });
    await seen('concurrency').toBe(5);
    await patch(id, { license: 'grace' });
    await seen('features.ai').toBe(false);
    await server.admin('/api/admin/freeze', { body: { on: true } });
    await seen('frozen').toBe(true);
    await server.admin('/api/admin/freeze', { body: { on: false } });
    await seen('frozen').toBe(false);
  });
});

describe('while nobody hears of changes', () => {
  it('what is read again counts within a second all the same: listeners that are cut off as soon as they connect (T3)', async () => {
    const { id, key } = await server.workspace();
    await explained(key, other.url);
    const cut = async (): Promise<void> => {
      await server.database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'purser-listen'`,
      );
    };
    let cutting = true;
    const cutter = (async () => {
      while (cutting) {
        await cut();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await patch(id, { overrides: { concurrency: 4 } });
    await server.admin('/api/admin/freeze', { body: { on: true } });
    const seen = async () => {
      const policy = await explained(key, other.url);
      return [policy.get('concurrency')?.value, policy.get('frozen')?.value];
    };
    await expect.poll(seen).toEqual([4, true]);
    cutting = false;
    await cutter;
    await server.admin('/api/admin/freeze', { body: { on: false } });
  });
});

describe('overrides that name nothing there is', () => {
  it.each([
    [{ providers: { text: ['nope'] } }, /^overrides\.providers\.text: the catalog has no 'nope'; there is .*gemini/],
    [{ pinned: { text: { model: 'no', version: '1' } } }, /^overrides\.pinned\.text\.model: .* 'no'; there is .*openai\/gpt-4o/],
    [{ pinned: { text: { model: 'openai/gpt-4o', version: '0' } } }, /^overrides\.pinned\.text\.version: .* '0'; there is \d/],
    [{ features: ['ai', 'zzz'] }, /^overrides\.features: the catalog has no 'zzz'; there is .*ai, /],
  ])('%j: refused with the member and what there is, and nothing is written', async (overrides, detail) => {
    const { id } = await server.workspace();
    const body = { name: 'Nothing', plan: 'PRO', overrides };
    for (const { status, json } of [await patch(id, { overrides }), await server.admin('/api/admin/workspaces', { body })]) {
      expect([status, json.code]).toEqual([400, 'invalid_request']);
      expect(json.detail).toMatch(detail);
    }
    expect((await server.admin(`/api/admin/workspaces/${id}`)).json).toMatchObject({ overrides: {} });
  });

  it('what there is, is taken', async () => {
    const { id } = await server.workspace();
    const gpt = server.running.composition.deps.catalog.models.find((model) => model.id === 'openai/gpt-4o');
    for (const overrides of [
      { providers: { text: ['openai', 'gemini'] } },
      { pinned: { text: { model: gpt?.id, version: gpt?.version } } },
      { features: ['ai', 'teams'] },
    ]) {
      expect((await patch(id, { overrides })).status).toBe(200);
    }
  });
});

describe('overrides that could lose money (F1)', () => {
  it('are refused, and what binds is named', async () => {
    const { id } = await server.workspace();
    const refused = await patch(id, { overrides: { ceiling: { amount: '20', currency: 'EUR' } } });
    expect([refused.status, refused.json.code]).toEqual([400, 'invalid_request']);
    expect(refused.json.detail).toMatch(
      /^overrides: PRO would not keep its margin: .*; what bounds a month is the .*, .* EUR \(.*\)\. Lower them, or accepted_loss/,
    );
    const { json } = await server.admin(`/api/admin/workspaces/${id}`);
    expect(json).toMatchObject({ overrides: {} });
    const made = await server.admin('/api/admin/workspaces', {
      body: { name: 'Loss', plan: 'PRO', overrides: { ceiling: { amount: '20', currency: 'EUR' } } },
    });
    expect([made.status, made.json.code]).toEqual([400, 'invalid_request']);
  });

  it('are refused where credits are sold one by one below what they cost', async () => {
    const { id } = await server.workspace();
    const cheap = { pay_as_you_go: { credits_max: 10, price: { amount: '0.01', currency: 'EUR' } } };
    const refused = await patch(id, { overrides: cheap });
    expect([refused.status, refused.json.code]).toEqual([400, 'invalid_request']);
    expect(refused.json.detail).toMatch(/^overrides\.pay_as_you_go\.price: PRO would not keep its margin/);
    expect((await patch(id, { overrides: { ...cheap, accepted_loss: { reason: 'a pilot' } } })).status).toBe(200);
  });

  it('stand when an administrator accepts the loss, and trail and explanation say so', async () => {
    const { id, key } = await server.workspace();
    const overrides = { ceiling: { amount: '20', currency: 'EUR' }, accepted_loss: { reason: 'a launch customer' } };
    expect((await patch(id, { overrides })).status).toBe(200);
    expect((await explained(key)).get('ceiling')).toMatchObject({
      value: { amount: '20', currency: 'EUR' },
      from: 'override',
      why: like(/its loss was accepted: a launch customer$/),
    });
    const { text } = await server.admin('/api/admin/audit');
    expect(text).toContain('a launch customer');
  });

  it('are looked at again when the plan changes under them', async () => {
    const { id } = await server.workspace('BUSINESS', { overrides: { ceiling: { amount: '100', currency: 'USD' } } });
    const moved = await patch(id, { plan: 'STARTER', overrides: { ceiling: { amount: '100', currency: 'EUR' } } });
    expect(moved.json.detail).toMatch(/STARTER would not keep its margin/);
  });

  it('a ceiling that is lower, a quota that is higher under the same ceiling: no loss, no question', async () => {
    const { id } = await server.workspace();
    for (const overrides of [
      { ceiling: { amount: '5', currency: 'EUR' } },
      { credits_monthly: 1_000_000, quotas: { tokens_month: null } },
    ]) {
      expect((await patch(id, { overrides })).status).toBe(200);
    }
  });
});
