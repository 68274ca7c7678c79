import { suiteClock } from '@purser/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startTestServer, type TestServer } from '../testing/index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const balance = async (key: string): Promise<number> => (await server.ask('/api/usage', { key })).json.credits.balance;
const takeBack = (id: string, reason = 'given by mistake') =>
  server.admin(`/api/admin/credits/gifts/${id}/take-back`, { body: { reason } });
const giftsOf = async (id: string) => (await server.admin(`/api/admin/credits/gifts?workspace_id=${id}`)).json.gifts;

test('a gift is taken back as far as it is unspent: what was spent stays spent, and no other credits go', async () => {
  const { id, key } = await server.workspace('PRO');
  const before = await balance(key);
  const gift = { workspace_id: id, credits: 40, expires_at: null, reason: 'welcome' };
  const given = await server.admin('/api/admin/credits/gift', { body: gift });
  // Before the month's own credits, whatever the day.
  const soon = suiteClock().now().add({ minutes: 30 }).toString();
  const expiring = { ...gift, credits: 5, expires_at: soon, reason: 'burns first' };
  await server.admin('/api/admin/credits/gift', { body: expiring });
  const spent = await server.ask('/api/ai/generate', { key, body: { operation: 'chat', prompt: 'one word' } });
  expect(spent.json.credits.charged).toBeGreaterThan(0);

  const burning = (await giftsOf(id)).find(({ reason }) => reason === 'burns first');
  expect(burning).toMatchObject({ used: spent.json.credits.charged, left: 5 - spent.json.credits.charged });
  const taken = await takeBack(given.json.grant_id);
  expect([taken.status, taken.json]).toMatchObject([200, { workspace_id: id, taken: 40, held: 0 }]);
  expect(await balance(key)).toBe(before + 5 - spent.json.credits.charged);
  expect((await takeBack(burning?.id as unknown as string)).json).toMatchObject({ taken: 5 - spent.json.credits.charged });
  expect(await balance(key)).toBe(before);
  expect((await takeBack(given.json.grant_id)).json).toMatchObject({ taken: 0 });

  const audit = await server.admin('/api/admin/audit');
  expect(audit.text.split('credits.gift.take_back')).toHaveLength(3);
  const statement = await server.ask('/api/statement', { key });
  expect(statement.text).toContain('taken back: given by mistake');
  expect((await server.admin('/api/admin/ledger/verify')).json).toMatchObject({ balanced: true, mismatches: [] });
});

test('only gifts are taken back: not what a plan granted, and not what does not exist', async () => {
  const { id, key } = await server.workspace('PRO');
  await balance(key);
  const { rows } = await server.database.pool.query<{ id: string }>(
    `select id from meters.grant where workspace_id = $1 and source = 'monthly'`,
    [id],
  );
  expect(rows).toHaveLength(1);
  for (const gift of [rows[0]?.id ?? '', crypto.randomUUID(), 'none']) {
    expect([gift, (await takeBack(gift)).status]).toEqual([gift, 404]);
  }
  expect((await takeBack(rows[0]?.id ?? '', '')).status).toBe(400);
});
