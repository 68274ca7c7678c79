import { setTimeout as wait } from 'node:timers/promises';

import { TestClock } from '@purser/core';
import { suiteClock } from '@purser/core/testing';
import { newId } from '@purser/database';
import { createTestDatabase, type TestDatabase } from '@purser/database/testing';
import { jobsMigrations } from '@purser/jobs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { endStopped } from './end-stopped.ts';
import { campaignsMigrations } from './module.ts';
import { sharedRate } from './shared-rate.ts';

const clock = new TestClock(suiteClock().now());
const workspace = newId<'workspace'>();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([jobsMigrations, campaignsMigrations]);
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query('delete from campaigns.campaign; delete from campaigns.send_rate'));

/** Campaigns that are sent by this job, each by one that is gone where none is given; ids go up. */
async function campaigns(count: number, job: string | null): Promise<void> {
  await database.pool.query(
    `insert into campaigns.campaign (workspace_id, campaign_id, subject, plain_text, overflow, status, actor, link_key, created_at, job_id)
     select $1, uuidv7, 'S', 'T', 'refuse', 'sending', 'key', sha256('k'), $2, coalesce($3, gen_random_uuid())
     from (select ('01900000-0000-7000-8000-' || lpad(to_hex((select count(*) from campaigns.campaign) + n), 12, '0'))::uuid as uuidv7
           from generate_series(1, $4) n) ids`,
    [workspace, clock.now().toString(), job, count],
  );
}

async function jobWaits(): Promise<string> {
  const id = newId<'job'>();
  await database.pool.query(
    `insert into jobs.job (workspace_id, job_id, kind, lane, request_hash, payload, due, run_at, attempts_max, created_at)
     values ($1, $2, 'campaign_send', 'low', repeat('0', 64), '{}', false, $3::timestamptz + interval '1 day', 3, $3)`,
    [workspace, id, clock.now().toString()],
  );
  return id;
}

async function statuses(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query<{ status: string; count: number }>(
    'select status, count(*)::integer as count from campaigns.campaign group by status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

test('campaigns whose job is gone are ended, however many older ones wait for theirs', async () => {
  await campaigns(2_300, await jobWaits());
  await campaigns(2, null);
  expect(await endStopped({ pool: database.pool, clock })).toBe(2);
  await campaigns(1, null);
  expect(await endStopped({ pool: database.pool, clock })).toBe(1);
  expect(await statuses()).toEqual({ sending: 2_300, sent: 3 });
});

test('a worker that is told to stop waits neither for a token nor for the account, and takes none', async () => {
  const rate = sharedRate(database.pool);
  const slow = async () => ({ per_second: 1, left_24h: undefined });
  const never = new AbortController().signal;
  expect(await rate.take('ses', 5, slow, never)).toBe(1);
  for (const read of [slow, () => new Promise<never>(() => {})]) {
    const stop = new AbortController();
    const began = performance.now();
    const taken = rate.take(read === slow ? 'ses' : 'other', 5, read, stop.signal);
    await wait(50);
    stop.abort();
    expect(await taken).toBe(0);
    expect(performance.now() - began).toBeLessThan(900);
  }
  expect(await rate.take('ses', 5, slow, AbortSignal.abort())).toBe(0);
});
