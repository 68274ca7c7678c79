import { afterAll, beforeAll, expect, test } from 'vitest';

import { createTestDatabase, type TestDatabase } from './testing/index.ts';
import { DatabaseClock } from './database-clock.ts';
import type { Queryable } from './pool.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([]);
});
afterAll(() => database.drop());

async function databaseTime(): Promise<number> {
  const { rows } = await database.pool.query<{ at: Temporal.Instant }>('select clock_timestamp() as at');
  return rows[0]!.at.epochMilliseconds;
}

/** The database as it would be with its clock set elsewhere. */
function shifted(ms: () => number): Queryable {
  const query = async (sql: string): Promise<unknown> => {
    const answer = await database.pool.query<{ ms: number }>(sql);
    return { rows: [{ ms: answer.rows[0]!.ms + ms() }] };
  };
  return { query } as unknown as Queryable;
}

test('the time is that of the database, between two of its own answers', async () => {
  const clock = await DatabaseClock.open(database.pool, () => {});
  const before = await databaseTime();
  const now = clock.now().epochMilliseconds;
  const after = await databaseTime();
  // The offset is known to half the time of an answer.
  expect(now).toBeGreaterThan(before - 5_000);
  expect(now).toBeLessThan(after + 5_000);
  await clock.close();
});

test('a machine whose clock is an hour behind or ahead of the database goes by the database, and the difference is told', async () => {
  for (const hours of [1, -1]) {
    const told: number[] = [];
    const clock = await DatabaseClock.open(
      shifted(() => hours * 3_600_000),
      (ahead_ms) => told.push(ahead_ms),
      5,
    );
    expect(Math.round((clock.now().epochMilliseconds - (await databaseTime())) / 3_600_000)).toBe(hours);
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(Math.round((told[0] ?? 0) / 3_600_000)).toBe(-hours);
    await clock.close();
  }
});

test('a database whose clock is set anew is followed, and one that is away leaves the time going on', async () => {
  let ahead_ms = 0;
  let away = false;
  const clock = await DatabaseClock.open(
    shifted(() => {
      if (away) throw new Error('away');
      return ahead_ms;
    }),
    () => {},
    5,
  );
  ahead_ms = 7_200_000;
  await expect.poll(async () => Math.round((clock.now().epochMilliseconds - (await databaseTime())) / 3_600_000)).toBe(2);
  away = true;
  const then = clock.now().epochMilliseconds;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(clock.now().epochMilliseconds).toBeGreaterThan(then);
  await clock.close();
});

test('an answer that is long on its way moves nothing', async () => {
  const ahead_ms = 1_000_000;
  let answers = 0;
  const slow = {
    async query(): Promise<unknown> {
      const rows = [{ ms: performance.now() + ahead_ms }];
      // The first ones, by which the clock is set, come at once.
      if (++answers > 3) await new Promise((resolve) => setTimeout(resolve, 600));
      return { rows };
    },
  } as unknown as Queryable;
  let told = 0;
  const clock = await DatabaseClock.open(slow, () => (told += 1), 5);
  await expect.poll(() => told, { timeout: 10_000 }).toBeGreaterThan(1);
  expect(Math.abs(clock.now().epochMilliseconds - (performance.now() + ahead_ms))).toBeLessThan(150);
  await clock.close();
});
