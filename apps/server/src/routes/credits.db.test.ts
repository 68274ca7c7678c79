import { systemClock } from '@purser/base';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PURSER_TEST_CLOCK: '1' });
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
  const start = systemClock.now();
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
