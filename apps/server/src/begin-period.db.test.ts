import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { startTestServer, type TestServer } from './testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** What is in the books of a workspace that nobody asks about. */
async function booked(id: string): Promise<{ revenue: number; granted: number }> {
  const { rows } = await server.database.pool.query<{ revenue: number; granted: number }>(
    `select count(*) filter (where credit = 'revenue:subscription')::integer as revenue,
       count(*) filter (where debit = 'granted:monthly')::integer as granted
     from ledger.posting where workspace_id = $1`,
    [id],
  );
  return rows[0] ?? { revenue: -1, granted: -1 };
}

async function until(id: string, wanted: { revenue: number; granted: number }): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (JSON.stringify(await booked(id)) === JSON.stringify(wanted)) return;
    await sleep(100);
  }
  expect(await booked(id)).toEqual(wanted);
}

it('C2, C8: who never calls is booked from the day it signed up, and has its credits from the moment it has another plan', async () => {
  const { json } = await server.admin('/api/admin/workspaces', { body: { name: 'Away', plan: 'STARTER' } });
  await until(json.id, { revenue: 1, granted: 0 });
  expect((await server.admin(`/api/admin/workspaces/${json.id}`, { method: 'PATCH', body: { plan: 'PRO' } })).status).toBe(200);
  await until(json.id, { revenue: 1, granted: 1 });
}, 60_000);
