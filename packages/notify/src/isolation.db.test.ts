import { newId, type Pool, transaction, workspaceTransaction } from '@purser/database';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { listAlerts, markSeen } from './list-alerts.ts';
import { replaceSubscriptions } from './subscriptions.ts';
import { type AlertBench, openAlertBench, raiseOne } from './testing.ts';

let bench: AlertBench;
let pool: Pool;
const [one, other] = [newId<'workspace'>(), newId<'workspace'>()];
beforeAll(async () => {
  bench = await openAlertBench();
  ({ pool } = bench.database);
  for (const workspace of [one, other]) {
    await raiseOne(bench, workspace, { kind: 'threshold', subject: 'mine' });
    await raiseOne(bench, workspace, { kind: 'overrun', subject: 'the operator’s' });
    await replaceSubscriptions(
      pool,
      {
        thresholds: {},
        digest: { messages_max: 5, within_minutes: 10 },
        channels: [{ kind: 'webhook', address: 'https://example.com/', kinds: null }],
      },
      { workspace, now: bench.clock.now(), mail_possible: false, private_allowed: false, also: async () => {} },
    );
  }
});
afterAll(() => bench.close());

const TABLES = ['alert', 'channel', 'setting', 'message'] as const;

test('C10: a workspace sees its own alerts and addresses, and neither another’s nor what is the operator’s', async () => {
  for (const table of TABLES) {
    const seen = await workspaceTransaction(pool, one, async (connection) => {
      const { rows } = await connection.query<{ workspace_id: string }>(`select workspace_id from notify.${table}`);
      return new Set(rows.map((row) => row.workspace_id));
    });
    expect([table, [...seen].filter((id) => id !== one)]).toEqual([table, []]);
  }
  const page = await listAlerts(pool, one, {});
  expect(page).toMatchObject({ alerts: [{ subject: 'mine', workspace: one }] });
});

test('C10: without a workspace set, the application role sees nothing', async () => {
  for (const table of TABLES) {
    const seen = await transaction(pool, async (connection) => {
      await connection.query('set local role purser_app');
      return (await connection.query(`select 1 from notify.${table}`)).rowCount;
    });
    expect([table, seen]).toEqual([table, 0]);
  }
});

test('C10: it marks no alert of another as seen, and none that it may not see', async () => {
  const { rows } = await pool.query<{ id: string }>(
    `select alert_id as id from notify.alert where workspace_id = $1 or kind = 'overrun'`,
    [other],
  );
  expect(rows).toHaveLength(3);
  for (const { id } of rows) {
    expect(await markSeen(pool, one, { id, by: 'key:1', now: bench.clock.now() })).toMatchObject({ code: 'not_found' });
  }
});

test.each(['spend', 'credit_peak', 'position', 'delivery'])(
  'C10: what the watch keeps for itself (%s) is closed to it',
  async (table) => {
    const reading = workspaceTransaction(pool, one, (connection) => connection.query(`select 1 from notify.${table}`));
    await expect(reading).rejects.toThrow(/permission denied/);
  },
);
