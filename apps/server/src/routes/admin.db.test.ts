import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const generate = (key: string, headers: Record<string, string> = {}) =>
  server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' }, headers });

describe('workspaces', () => {
  it('201: are made with a key that opens at once, and found by either name', async () => {
    const made = await server.admin('/api/admin/workspaces', {
      body: { name: 'Acme', plan: 'BUSINESS', timezone: 'Europe/Helsinki', external_id: 'customer/42' },
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      id: like(/./),
      key: like(/^purser_ws_/),
      plan: 'BUSINESS',
      license: 'active',
    });
    expect((await generate(made.json.key)).status).toBe(200);
    const byId = await server.admin(`/api/admin/workspaces/${made.json.id}`);
    const byName = await server.admin(`/api/admin/workspaces/${encodeURIComponent('customer/42')}`);
    expect(byName.json).toEqual(byId.json);
    expect(byId.json.key).toBeUndefined();
    const list = await server.admin('/api/admin/workspaces?search=acme&limit=1');
    expect(list.json.workspaces[0]!.id).toBe(made.json.id);
  });

  it('are made once under an idempotency key, whose answer brings the key again', async () => {
    const wanted = { body: { name: 'Once', plan: 'PRO' }, headers: { 'idempotency-key': 'make-once' } };
    const [first, second] = await Promise.all([
      server.admin('/api/admin/workspaces', wanted),
      server.admin('/api/admin/workspaces', wanted),
    ]);
    expect(second.json).toEqual(first.json);
    expect((await generate(first.json.key)).status).toBe(200);
    expect((await server.admin('/api/admin/workspaces?search=Once')).json.workspaces).toHaveLength(1);
    const other = await server.admin('/api/admin/workspaces', { ...wanted, body: { name: 'Twice', plan: 'PRO' } });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
  });

  it.each([
    [{ plan: 'PRO' }, /"name": want a string, it is missing/],
    [{ name: 'X', plan: 'GOLD' }, /want one of FREE, STARTER, PRO/],
    [{ name: 'X', plan: 'PRO', timezone: 'Mars/Olympus' }, /timezone/i],
    [{ name: 'X', plan: 'PRO', overrides: { ceilings: 1 } }, /unknown member "ceilings"/],
    [{ name: 'X', plan: 'PRO', key: 'mine' }, /unknown member "key"/],
  ])('400: %j is refused in one sentence', async (body, detail) => {
    const { status, json } = await server.admin('/api/admin/workspaces', { body });
    expect([status, json.code]).toEqual([400, 'invalid_request']);
    expect(json.detail).toMatch(detail);
  });

  it('changes count from the next call on: another plan, a failed payment, an override (C5, T3)', async () => {
    const { id, key } = await server.workspace();
    const patch = (body: object) => server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body });
    expect((await patch({ license: 'grace' })).json.license).toBe('grace');
    const refused = await generate(key);
    expect([refused.status, refused.json.code]).toEqual([402, 'license_ai_disabled']);
    await patch({ license: 'active' });
    expect((await generate(key)).status).toBe(200);
    expect((await patch({ plan: 'STARTER' })).json.plan).toBe('STARTER');
    expect((await generate(key)).json.code).toBe('plan_feature_missing');
    expect((await patch({ plan: 'GOLD' })).status).toBe(400);
    expect((await patch({})).json.detail).toMatch(/at least one of/);
    expect(
      (await server.admin(`/api/admin/workspaces/${crypto.randomUUID()}`, { method: 'PATCH', body: { name: 'X' } })).status,
    ).toBe(404);
  });

  it('each making and change stands in the trail, with who did it and no secret (C9)', async () => {
    const { id, key } = await server.workspace();
    await server.admin(`/api/admin/workspaces/${id}`, { method: 'PATCH', body: { plan: 'BUSINESS' } });
    const { json, text } = await server.admin(`/api/admin/audit?workspace_id=${id}`);
    expect(json.entries).toEqual([
      expect.objectContaining({
        action: 'workspace.change',
        actor: 'admin',
        detail: { before: { plan: 'PRO' }, after: { plan: 'BUSINESS' } },
      }),
      expect.objectContaining({ action: 'workspace.create', actor: 'admin', workspace_id: id }),
    ]);
    expect(text).not.toContain(key);
  });
});

describe('gifts', () => {
  it('201: give credits once per idempotency key, with their reason in the trail (C12)', async () => {
    const { id, key } = await server.workspace();
    const gift = { body: { workspace_id: id, credits: 250, reason: 'sorry' }, headers: { 'idempotency-key': 'gift-1' } };
    const given = await server.admin('/api/admin/credits/gift', gift);
    expect([given.status, given.json]).toEqual([201, expect.objectContaining({ credits: 250, expires_at: null })]);
    await server.admin('/api/admin/credits/gift', gift);
    expect((await server.ask('/api/usage', { key })).json.credits.balance).toBe(1750);
    expect((await server.admin(`/api/admin/audit?workspace_id=${id}`)).json.entries[0]).toMatchObject({
      action: 'credits.gift',
      detail: { credits: 250, reason: 'sorry' },
    });
  });

  it('400 and 404: nothing is given for nothing, to nobody, or until yesterday', async () => {
    const { id } = await server.workspace();
    const give = (body: object) =>
      server.admin('/api/admin/credits/gift', { body: { workspace_id: id, credits: 1, reason: 'x', ...body } });
    expect((await give({ credits: 0 })).status).toBe(400);
    expect((await give({ credits: 1.5 })).status).toBe(400);
    expect((await give({ expires_at: '2001-01-01T00:00:00Z' })).json.detail).toMatch(/want a time after/);
    expect((await give({ workspace_id: crypto.randomUUID() })).status).toBe(404);
  });
});

describe('the books', () => {
  it('margin, postings and trial balance agree after calls, and verify (C8)', async () => {
    const { id, key } = await server.workspace();
    for (let i = 0; i < 3; i++) await generate(key);
    const margin = await server.admin('/api/admin/margin?by=workspace');
    const line = margin.json.find((one: { key: string }) => one.key === id);
    expect(line).toMatchObject({
      revenue: { amount: '15.99', currency: 'EUR' },
      margin_ratio: like(/^0\.\d+$/),
    });
    const usage = await server.ask('/api/usage', { key });
    expect(line!.cost).toEqual(usage.json.cost.spent);
    const postings = await server.admin(`/api/admin/ledger?workspace_id=${id}&limit=200`);
    expect(postings.json.postings.filter((one: { debit: string }) => one.debit === 'cost')).toHaveLength(3);
    const nets = new Map<string, number>();
    for (const one of (await server.admin('/api/admin/ledger/trial-balance')).json)
      nets.set(one.unit, (nets.get(one.unit) ?? 0) + Number(one.net));
    for (const net of nets.values()) expect(Math.abs(net)).toBeLessThan(1e-9);
    const verified = await server.admin('/api/admin/ledger/verify');
    expect(verified.json).toMatchObject({ balanced: true, open_holds: 0, overruns: 0, mismatches: [] });
    expect(verified.json.entries).toBeGreaterThan(5);
    expect((await server.admin('/api/admin/audit/verify')).json).toMatchObject({ intact: true, first_broken: null, guards: [] });
  });

  it('400: a span that ends before it begins, a time that is none', async () => {
    expect((await server.admin('/api/admin/margin?from=2026-02-01&to=2026-01-01')).json.detail).toMatch(/must lie before/);
    expect((await server.admin('/api/admin/margin?from=soon')).json.detail).toMatch(/want a time such as/);
    expect((await server.admin('/api/admin/margin?by=moon')).json.detail).toMatch(/want one of "plan", "workspace", "pack"/);
  });

  it('lists model versions with whether they are priced', async () => {
    const { json } = await server.admin('/api/admin/models');
    expect(json.length).toBeGreaterThan(10);
    expect(json.filter(({ priced }: { priced: boolean }) => !priced)).toEqual([]);
    // Without keys only the offline provider is configured, and nothing is closed.
    const models: readonly { id: string; configured: boolean; route: string }[] = JSON.parse(JSON.stringify(json)) as never;
    expect(models.filter(({ id, configured }) => configured !== id.startsWith('offline/'))).toEqual([]);
    expect(models.filter(({ route }) => route === 'closed')).toEqual([]);
  });
});

describe('a platform key', () => {
  it('acts for any workspace it names, by id or external_id, and for none unnamed', async () => {
    const { id } = await server.workspace('PRO', { external_id: 'shop-7' });
    const wanted = { body: { name: 'backend' }, headers: { 'idempotency-key': 'platform-key' } };
    const made = await server.admin('/api/admin/keys', wanted);
    expect([made.status, made.json]).toEqual([201, expect.objectContaining({ kind: 'platform', workspace_id: null })]);
    expect((await server.admin('/api/admin/keys', wanted)).json).toEqual(made.json);
    for (const name of [id, 'shop-7']) {
      const { status, json } = await generate(made.json.key, { 'purser-workspace': name, 'purser-user': 'someone' });
      expect([status, json.offline]).toEqual([200, true]);
    }
    expect((await generate(made.json.key)).json.detail).toMatch(/Purser-Workspace/);
    expect((await generate(made.json.key, { 'purser-workspace': 'nobody' })).status).toBe(404);
  });
});

describe('keys', () => {
  it('a second key opens beside the first; revoked, it opens nothing, and both stand in the trail', async () => {
    const { id, key } = await server.workspace();
    const second = await server.admin('/api/admin/keys', { body: { workspace_id: id, name: 'second' } });
    expect((await generate(second.json.key)).status).toBe(200);
    const listed = await server.admin(`/api/admin/keys?workspace_id=${id}`);
    expect(listed.json.keys.map(({ name }) => name)).toEqual(['first key', 'second']);
    expect(listed.text).not.toContain(second.json.key);
    const revoked = await server.admin(`/api/admin/keys/${second.json.id}`, { method: 'DELETE' });
    expect([revoked.status, revoked.json.revoked_at]).toEqual([200, like(/^20/)]);
    expect((await generate(second.json.key)).status).toBe(401);
    expect((await generate(key)).status).toBe(200);
    const trail = await server.admin(`/api/admin/audit?workspace_id=${id}`);
    expect(trail.json.entries.map(({ action }) => action)).toEqual(['key.revoke', 'key.create', 'workspace.create']);
    expect((await server.admin('/api/admin/keys', { body: { workspace_id: crypto.randomUUID(), name: 'x' } })).status).toBe(404);
    expect((await server.admin('/api/admin/keys/nothing', { method: 'DELETE' })).status).toBe(404);
  });
});

describe('the test clock', () => {
  it('moves forward, and with it windows and credits; never back', async () => {
    const { key } = await server.workspace();
    await generate(key);
    expect((await server.ask('/api/usage', { key })).json.credits.balance).toBe(1499);
    const past = await server.admin('/api/admin/clock', { body: { now: '2001-01-01T00:00:00Z' } });
    expect([past.status, past.json.code]).toEqual([400, 'invalid_request']);
    const next = server.running.composition.deps.clock.now().add({ hours: 24 * 32 });
    const moved = await server.admin('/api/admin/clock', { body: { now: next.toString() } });
    expect(moved.status).toBe(200);
    expect((await server.ask('/api/usage', { key })).json).toMatchObject({
      credits: { balance: 1500 },
      cost: { spent: { amount: '0' } },
    });
    expect((await server.admin('/api/admin/clock', { body: { now: 'tomorrow' } })).status).toBe(400);
  });

  it('404: is not there unless the server was started for it', async () => {
    const real = await startTestServer({ PURSER_TEST_CLOCK: '0' });
    try {
      expect((await real.admin('/api/admin/clock', { body: { now: '2030-01-01T00:00:00Z' } })).status).toBe(404);
    } finally {
      await real.close();
    }
  });
});
