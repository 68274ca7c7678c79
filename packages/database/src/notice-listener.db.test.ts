import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { NoticeListener } from './notice-listener.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([]);
});
afterAll(() => database.drop());

const cutListeners = () =>
  database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'purser-listen' and datname = current_database()`,
  );

test('T3: who hears of changes relies on that for 0.7 s after each sign of life, and believes what it read for 30 s meanwhile', async () => {
  const listener = new NoticeListener(
    database.pool,
    'listened',
    () => {},
    () => {},
  );
  const started_ms = performance.now();
  await listener.start();
  const answered_ms = performance.now();
  const alive_ms = listener.alive_until_ms;
  // Counted from the question, not from the answer: what happened between was told before the answer.
  expect(alive_ms - 700).toBeGreaterThanOrEqual(started_ms);
  expect(alive_ms - 700).toBeLessThanOrEqual(answered_ms);
  const while_alive_ms = alive_ms - 1;
  expect(listener.isFresh(while_alive_ms - 29_999, while_alive_ms)).toBe(true);
  expect(listener.isFresh(while_alive_ms - 30_000, while_alive_ms)).toBe(false);
  await listener.close();
});

test('T3: who hears nothing believes what it read for 0.7 s, so that it sees a change within a second', async () => {
  const heard: string[] = [];
  let lost = 0;
  const listener = new NoticeListener(
    database.pool,
    'listened',
    (payload) => heard.push(payload),
    () => (lost += 1),
  );
  // Not started, cut off, closed: nothing is heard.
  expect([listener.isFresh(0, 699), listener.isFresh(0, 700)]).toEqual([true, false]);
  await listener.start();
  await cutListeners();
  await vi.waitUntil(() => listener.alive_until_ms === 0, { timeout: 20_000, interval: 1 });
  expect([listener.isFresh(0, 699), listener.isFresh(0, 700)]).toEqual([true, false]);

  // It comes back by itself, says that anything may have changed meanwhile, and hears again.
  await vi.waitUntil(() => lost === 2, { timeout: 20_000 });
  await database.pool.query(`notify listened, 'again'`);
  await vi.waitUntil(() => heard.includes('again'), { timeout: 20_000 });
  await listener.close();
  expect([listener.isFresh(0, 699), listener.isFresh(0, 700)]).toEqual([true, false]);
});
