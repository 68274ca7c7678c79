import { Agent, request } from 'node:http';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const PATH = '/api/admin/reconciliation?provider=elevenlabs&from=2026-01-01&to=2026-01-03';
const csv = { 'content-type': 'text/csv' };
const EXPORT = 'date,model,cost\n2026-01-01,large,1.5\n2026-01-02,large,0.25\n2026-02-01,large,9\n';

test('an export is compared first, posted when it is said so, and posted once', async () => {
  const compared = await server.admin(PATH, { body: EXPORT, headers: csv });
  expect(compared).toMatchObject({ status: 200, json: { outcome: 'compared' } });
  expect(compared.json.lines).toMatchObject([
    { day: '2026-01-01', model: 'large', booked: '0', billed: '1.5', difference: '1.5' },
    { day: '2026-01-02', model: 'large', billed: '0.25', difference: '0.25' },
  ]);
  expect(await server.admin(`${PATH}&post=1`, { body: EXPORT, headers: csv })).toMatchObject({ json: { outcome: 'posted' } });
  expect(await server.admin(`${PATH}&post=1`, { body: EXPORT, headers: csv })).toMatchObject({ json: { outcome: 'known' } });
  const { json } = await server.admin('/api/admin/ledger');
  expect(json.postings).toMatchObject([
    { debit: 'cost', credit: 'payable:elevenlabs', amount: '0.25' },
    { debit: 'cost', credit: 'payable:elevenlabs', amount: '1.5' },
  ]);
});

test.each([
  ['an export without a cost', { body: 'date,model\n2026-01-01,large\n', headers: csv }, 'row 1: no column is called cost'],
  ['one row that is wrong', { body: 'date,cost\n2026-01-01,much\n', headers: csv }, "row 2: 'much' is no amount"],
  ['no body', { method: 'POST' }, 'content-type: text/csv'],
])('%s is refused in words that name the place, and nothing is written', async (_what, asked, why) => {
  const answered = await server.admin(`${PATH}&post=1`, asked);
  expect([answered.status, answered.json.detail]).toEqual([400, expect.stringContaining(why)]);
});

test('an export of a provider that nobody knows is refused, by the names of those that are known', async () => {
  const answered = await server.admin(PATH.replace('elevenlabs', 'opnai'), { body: EXPORT, headers: csv });
  expect([answered.status, answered.json.detail]).toEqual([
    400,
    expect.stringMatching(/^provider: got 'opnai'; want one of .*openai/),
  ]);
});

test('an export of another kind is refused by the kind that is taken', async () => {
  const answered = await server.admin(PATH, { body: '{}', headers: { 'content-type': 'application/json' } });
  expect([answered.status, answered.json.detail]).toEqual([415, 'content-type: got "application/json", want text/csv']);
});

test('an export that is refused half read leaves its connection to the next request', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (path: string, method: string, body: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { ...csv, authorization: `Bearer ${server.admin_token}` };
      const sent = request(server.url + path, { agent, method, headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      });
      sent.once('error', reject).end(body);
    });
  expect(await send(PATH, 'POST', `no,such\n${'a,b\n'.repeat(600_000)}`)).toBe(400);
  expect(await send('/api/admin/workspaces', 'GET', '')).toBe(200);
  agent.destroy();
});

test('without a key for payments there is nothing to take in, in words', async () => {
  const answered = await server.admin('/api/admin/payments/take-in', { body: { since: '2026-01-01' } });
  expect([answered.status, answered.json.code]).toEqual([501, 'not_configured']);
});
