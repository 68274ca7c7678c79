import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { forgetOld } from '@purser/privacy';

import { startTestServer, type TestServer } from './testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ PURSER_TEST_CLOCK: '1', PURSER_KEEP_ANSWERS_DAYS: '30' });
});
afterAll(() => server.close());

async function count(table: string, workspace: string): Promise<number> {
  const { rows } = await server.database.pool.query<{ count: bigint }>(
    `select count(*) as count from ${table} where workspace_id = $1`,
    [workspace],
  );
  return Number(rows[0]?.count ?? 0n);
}

it('kept answers go when they have had their time on the clock, and the same key is a new request then', async () => {
  const { id, key } = await server.workspace('PRO');
  const asked = {
    key,
    headers: { 'idempotency-key': 'the same' },
    body: { operation: 'chat', prompt: 'The harbour opened in 1887.' },
  };
  const first = await server.ask('/api/ai/generate', asked);
  expect(first.status, first.text).toBe(200);
  const { pool } = server.database;
  const { clock } = server.running.composition.deps;
  const keep = { answers_days: 30, payloads_days: 90, alerts_days: 400 };
  while ((await count('meters.idempotency', id)) === 0) await wait(20);
  await forgetOld({ pool, clock }, keep);
  expect(await count('meters.idempotency', id)).toBe(1);

  const later = clock
    .now()
    .add({ hours: 31 * 24 })
    .toString();
  expect((await server.admin('/api/admin/clock', { body: { now: later } })).status).toBe(200);
  await forgetOld({ pool, clock }, keep);
  expect(await count('meters.idempotency', id)).toBe(0);
  const again = await server.ask('/api/ai/generate', asked);
  expect(again.status, again.text).toBe(200);
  expect(again.json.transaction_id).not.toBe(first.json.transaction_id);
});
