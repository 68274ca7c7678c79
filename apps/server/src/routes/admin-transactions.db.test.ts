import { afterAll, beforeAll, expect, it } from 'vitest';

import { like, startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

it('200: the transaction id of an answer leads to its postings and calls, and to the block that seals them (C3, C9)', async () => {
  const { id, key } = await server.workspace();
  const answer = await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'hello' } });
  const look = () => server.admin(`/api/admin/transactions/${answer.json.transaction_id}`);
  await expect.poll(async () => (await look()).status, { timeout: 10_000 }).toBe(200);
  const { json } = await look();
  expect(json).toMatchObject({
    transaction_id: answer.json.transaction_id,
    postings: [
      { debit: 'wallet', workspace_id: id },
      { debit: 'cost', workspace_id: id },
    ],
    calls: [{ id: answer.json.transaction_id, attempt: 1, operation: 'chat', outcome: 'ok', actor: like(/./) }],
  });
  await expect
    .poll(async () => (await look()).json, { timeout: 20_000, interval: 200 })
    .toMatchObject({ postings: [{ sealed_in: expect.any(Number) as unknown }, { sealed_in: expect.any(Number) as unknown }] });
});

it('404: a transaction nobody made; 400: what cannot be one; 401 and 403: for others', async () => {
  const unknown = await server.admin(`/api/admin/transactions/${crypto.randomUUID()}`);
  expect([unknown.status, unknown.json.code]).toEqual([404, 'not_found']);
  const nonsense = await server.admin('/api/admin/transactions/x');
  expect([nonsense.status, nonsense.json.code]).toEqual([400, 'invalid_request']);
  const { key } = await server.workspace();
  const path = `/api/admin/transactions/${crypto.randomUUID()}`;
  expect((await server.ask(path, { key })).status).toBe(403);
  expect((await server.ask(path, { key: 'purser_ws_wrong' })).status).toBe(401);
});
