import { systemClock } from '@purser/core';
import { newId } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { defineJob, Jobs, jobsMigrations } from '@purser/jobs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

import { LANES_LATE } from './lane-alerts.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
afterAll(() => database.drop());

async function alerts(): Promise<readonly { readonly subject: string; readonly text: string }[]> {
  const connection = await database.pool.connect();
  try {
    const position = { at: systemClock.now(), id: newId() } as never;
    return (await LANES_LATE.after(connection, position, 100)).alerts;
  } finally {
    connection.release();
  }
}

test('work that no worker takes is told of by its lane; what waits for its workspace’s own limit is not', async () => {
  const { pool } = database;
  const kind = defineJob({ kind: 'work', lane: 'critical', payload: z.strictObject({}), run: async () => undefined });
  const jobs = new Jobs({ pool, clock: systemClock, kinds: [kind] });
  const [waiting, busy] = [newId<'workspace'>(), newId<'workspace'>()];
  await jobs.enqueue(waiting, [{ kind: 'work', payload: {} }]);
  await jobs.enqueue(busy, [{ kind: 'work', payload: {}, lane: 'high' }]);
  expect(await alerts()).toEqual([]);
  await pool.query(`update jobs.job set due_at = due_at - interval '10 minutes'`);
  expect((await alerts()).map(({ subject }) => subject).toSorted()).toEqual(['critical', 'high']);
  await pool.query('update jobs.line set running = running_max where workspace_id = $1', [busy]);
  expect(await alerts()).toMatchObject([{ subject: 'critical', text: expect.stringContaining('purser worker') as string }]);
});
