import { setTimeout as wait } from 'node:timers/promises';

import { newId } from '@purser/database';
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
  const keep = { answers_days: 30, payloads_days: 90, alerts_days: 400, jobs_days: 30 };
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

const DAY_H = 24;
const KEEP = { answers_days: 30, payloads_days: 90, alerts_days: 400, jobs_days: 30 };
it.each([
  [
    'answers',
    'meters.idempotency',
    30,
    `(workspace_id, key, request_hash, hold_id, claimed_at) values ($1, $2::text, 'hash', $2::uuid, $3)`,
  ],
  [
    'creations',
    'server.answer',
    30,
    `(workspace_id, actor, key_hash, request_hash, status, sealed, answered_at) values ($1, 'admin', sha256($2::text::bytea), 'hash', 201, '', $3)`,
  ],
  [
    'payloads',
    `(select workspace_id from marketplace.event where payload <> '{}')`,
    90,
    `marketplace.event (workspace_id, event_id, type, created_at, received_at, outcome, payload) values ($1, $2, 'charge', $3, $3, 'applied', '{"a": 1}')`,
  ],
  [
    'alerts',
    'notify.alert',
    400,
    `(workspace_id, alert_id, kind, subject, window_start, severity, title, text, for_workspace, raised_at)
     values ($1, $2::uuid, 'overrun', $2::text, $3, 'info', '', '', false, $3)`,
  ],
] as const)('%s go when their days are over, and not a day before', async (kind, table, days, row) => {
  const { pool } = server.database;
  const { clock } = server.running.composition.deps;
  const workspace = newId<'workspace'>();
  for (const age of [days - 1, days + 1]) {
    const at = clock.now().subtract({ hours: age * DAY_H });
    const into = row.startsWith('(') ? `${table} ${row}` : row;
    await pool.query(`insert into ${into}`, [workspace, newId(), at.toString()]);
  }
  expect((await forgetOld({ pool, clock }, KEEP))[kind]).toBeGreaterThan(0);
  expect(await count(`${table} kept`, workspace)).toBe(1);
});
