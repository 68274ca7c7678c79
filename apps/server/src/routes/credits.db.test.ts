import { suiteClock } from '@purser/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const generate = (key: string, headers: Record<string, string> = {}) =>
  server.ask('/api/ai/generate', { key, headers, body: { operation: 'chat', prompt: 'one word', max_output_tokens: 64 } });

const moveTo = async (now: Temporal.Instant): Promise<void> => {
  expect((await server.admin('/api/admin/clock', { body: { now: now.toString() } })).status).toBe(200);
};

test('C12: a manager allocates credits to a member, whose calls stop there; the refusal says whose they were', async () => {
  const { id, key } = await server.workspace('PRO');
  const acting = { 'purser-workspace': id };
  const put = (path: string, body: object) => server.admin(path, { method: 'PUT', body, headers: acting });
  const set = await put('/api/members/ada/allocation', { credits: 2, team: 'design' });
  expect(set.json).toMatchObject({ kind: 'member', id: 'ada', credits: 2, team: 'design', used: 0 });
  expect((await put('/api/teams/design/allocation', { credits: 100 })).status).toBe(200);
  const user = { 'purser-user': 'ada' };
  expect([(await generate(key, user)).status, (await generate(key, user)).status]).toEqual([200, 200]);
  const refused = await generate(key, user);
  expect(refused.status).toBe(429);
  expect(refused.json).toMatchObject({ code: 'quota_exceeded', detail: like(/allocated to member ada/) });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await generate(key, { 'purser-user': 'bob' })).status).toBe(200);

  const seen = (await server.ask('/api/usage', { key, headers: user })).json;
  expect(seen.meters.find((meter) => meter.key === 'credits:member:ada')).toMatchObject({ cap: 2, used: 2 });
  const listed = await server.admin('/api/allocations', { headers: acting });
  expect(listed.json.allocations).toMatchObject([
    { kind: 'member', id: 'ada', credits: 2, used: 2 },
    { kind: 'team', id: 'design', credits: 100, used: 2 },
  ]);
  expect((await server.ask('/api/members/ada/allocation', { key, headers: user })).json).toMatchObject({ used: 2 });
  expect((await server.ask('/api/members/ada/allocation', { key, headers: { 'purser-user': 'bob' } })).status).toBe(403);
  expect((await server.ask('/api/members/ada/allocation', { key, method: 'PUT', body: { credits: 99 } })).status).toBe(403);
  const trail = await server.admin('/api/admin/audit');
  expect(trail.text).toContain('credits.allocate');
});

test('C2, C3, C9: the statement shows every movement with its transaction id, as JSON and as CSV, and another workspace’s never', async () => {
  const { id, key } = await server.workspace('PRO');
  const gift = { workspace_id: id, credits: 25, reason: '=thanks, "friend"' };
  expect((await server.admin('/api/admin/credits/gift', { body: gift })).status).toBe(201);
  const call = await generate(key);
  const { lines } = (await server.ask('/api/statement', { key })).json;
  const usage = (await server.ask('/api/usage', { key })).json;
  expect(lines[0]).toMatchObject({
    kind: 'spend',
    transaction_id: call.json.transaction_id,
    credits: -call.json.credits.charged,
  });
  expect(lines[0]?.balance).toBe(usage.credits.balance);
  expect(lines.map(({ kind }) => kind)).toEqual(['spend', 'grant', 'grant']);
  expect(usage.forecast.credits).toMatchObject({ outlook: 'unknown' });

  const csv = await server.ask('/api/statement?format=csv', { key });
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [heading, ...rows] = csv.text.trimEnd().split('\r\n');
  expect(heading).toBe('at,transaction_id,kind,source,credits,balance,reason');
  expect(rows).toHaveLength(3);
  expect(csv.text).toContain(`"'=thanks, ""friend"""`);
  const stranger = await server.workspace('PRO');
  expect((await server.ask('/api/statement', { key: stranger.key })).text).not.toContain(call.json.transaction_id);
  expect((await server.ask('/api/statement?cursor=nonsense', { key })).status).toBe(400);
  expect((await server.ask('/api/statement?to=2001-01-01', { key })).json.lines).toEqual([]);
});

test('C12: credits of a contract are there on their day though nobody calls, and what is paid as one goes is on the invoice', async () => {
  const overrides = { credits_monthly: 1, pay_as_you_go: { credits_max: 3, price: { amount: '0.05', currency: 'USD' } } };
  const { id, key } = await server.workspace('BUSINESS', { overrides });
  for (let call = 0; call < 4; call++) expect((await generate(key)).status).toBe(200);
  expect((await generate(key)).json).toMatchObject({ code: 'credits_exhausted' });
  const invoice = (await server.ask('/api/billing/invoice-lines', { key })).json;
  expect(invoice.lines).toEqual([
    {
      kind: 'pay_as_you_go',
      credits: 3,
      price: { amount: '0.05', currency: 'USD' },
      amount: { amount: '0.15', currency: 'USD' },
      final: false,
    },
  ]);
  const { meters } = (await server.ask('/api/usage', { key })).json;
  expect(meters.find((meter) => meter.key === 'credits:pay_as_you_go')).toMatchObject({ cap: 3, used: 3 });
  const start = suiteClock().now();
  const valid_from = start.add({ hours: 24 }).toString();
  const contract = {
    workspace_id: id,
    credits: 40,
    valid_from,
    expires_at: start.add({ hours: 96 }).toString(),
    reason: 'contract',
  };
  const allocated = await server.admin('/api/admin/credits/allocation', { body: contract });
  expect([allocated.status, allocated.json.valid_from]).toEqual([201, valid_from]);
  await moveTo(start.add({ hours: 25 }));
  await expect.poll(async () => (await server.ask('/api/usage', { key })).json.credits.balance, { timeout: 15_000 }).toBe(40);
  await moveTo(start.add({ hours: 24 * 32 }));
  const closed = async () => (await server.ask(`/api/billing/invoice-lines?period=${start.toString()}`, { key })).json.lines[0];
  await expect.poll(async () => (await closed())?.final, { timeout: 15_000 }).toBe(true);
  const late = { ...contract, expires_at: start.toString() };
  expect((await server.admin('/api/admin/credits/allocation', { body: late })).status).toBe(400);
});

test('C12: a member is the same one however its name is spelled on the way: in UTF-8 as curl sends it, in Latin-1, in the path or in a body', async () => {
  const { id, key } = await server.workspace('PRO');
  const acting = { 'purser-workspace': id };
  const latin = (text: string): string => text;
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
  for (const [name, spelled] of [
    ['Jörg', latin],
    ['Jörg Ä', utf8],
    ['漢', utf8],
    ['Łukasz', utf8],
    ['À', utf8],
  ] as const) {
    const path = `/api/members/${encodeURIComponent(name)}/allocation`;
    expect((await server.admin(path, { method: 'PUT', body: { credits: 1 }, headers: acting })).status, name).toBe(200);
    const statuses = [];
    for (let call = 0; call < 2; call++) statuses.push((await generate(key, { 'purser-user': spelled(name) })).status);
    expect(statuses, name).toEqual([200, 429]);
    const body = { model: 'auto', user: name, messages: [{ role: 'user', content: 'one word' }], max_tokens: 64 };
    expect((await server.ask('/v1/chat/completions', { key, body })).status, name).toBe(429);
  }
});

test('C12: the longest name a member may have can be given an allocation', async () => {
  const { id, key } = await server.workspace('PRO');
  const name = '漢'.repeat(255) + '𝄞';
  const path = `/api/members/${encodeURIComponent(name)}/allocation`;
  const acting = { 'purser-workspace': id };
  expect((await server.admin(path, { method: 'PUT', body: { credits: 0 }, headers: acting })).status).toBe(200);
  expect((await generate(key, { 'purser-user': Buffer.from(name).toString('latin1') })).status).toBe(429);
  const body = { model: 'auto', user: name, messages: [{ role: 'user', content: 'one word' }], max_tokens: 64 };
  expect((await server.ask('/v1/chat/completions', { key, body })).status).toBe(429);
  expect((await server.ask('/v1/chat/completions', { key, body: { ...body, user: '' } })).status).toBe(200);
  expect((await server.ask('/v1/chat/completions', { key, body: { ...body, user: `${name}!` } })).status).toBe(400);
  expect((await server.ask('/v1/chat/completions', { key, body: { ...body, user: 'a\tb' } })).status).toBe(400);
  const trail = await server.admin('/api/admin/audit');
  expect(trail.text).toContain(`member:${name}`);
  const asking = { ...acting, 'purser-user': Buffer.from(name).toString('latin1') };
  const platform = (await server.admin('/api/admin/keys', { body: { name: 'backend' } })).json.key;
  expect(
    (await server.ask('/api/teams/x/allocation', { key: platform, method: 'PUT', body: { credits: 1 }, headers: asking })).status,
  ).toBe(200);
  const longer = await server.admin(`/api/members/${'a'.repeat(257)}/allocation`, { headers: acting });
  expect([longer.status, longer.json.code]).toEqual([400, 'invalid_request']);
});

test('C12: an allocation that no server would keep is refused, and those there are go on binding', async () => {
  const { id, key } = await server.workspace('PRO');
  const acting = { 'purser-workspace': id };
  const put = (path: string, body: object) => server.admin(path, { method: 'PUT', body, headers: acting });
  expect((await put('/api/members/zed/allocation', { credits: 5, team: 'zteam' })).status).toBe(200);
  await server.database.pool.query(
    `insert into wallet.allocation (workspace_id, kind, name, credits, team, changed_at)
     select $1, 'member', 'a' || n, 5, null, now() from generate_series(1, 9998) n`,
    [id],
  );
  const last = await Promise.all([
    put('/api/teams/zteam/allocation', { credits: 1 }),
    put('/api/teams/other/allocation', { credits: 1 }),
  ]);
  expect(last.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(last.find(({ status }) => status === 409)?.json).toMatchObject({ code: 'limit_reached', detail: like(/10000/) });
  expect((await put('/api/members/zed/allocation', { credits: 1 })).status).toBe(200);
  const user = { 'purser-user': 'zed' };
  expect([(await generate(key, user)).status, (await generate(key, user)).status]).toEqual([200, 429]);
  // Lifting what nobody has is no allocation more; what is lifted makes room.
  expect((await put('/api/members/nobody/allocation', { credits: null })).status).toBe(200);
  expect((await put('/api/members/a7/allocation', { credits: null })).status).toBe(200);
  expect((await put('/api/members/aa/allocation', { credits: 1 })).status).toBe(200);
});

test('C2: the invoice of a time before the first billing period is refused, not that of another period', async () => {
  const { key } = await server.workspace('PRO');
  const answer = await server.ask('/api/billing/invoice-lines?period=1900-01-01', { key });
  expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request']);
});
