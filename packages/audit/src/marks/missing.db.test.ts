import { appendFile, readdir } from 'node:fs/promises';
import path from 'node:path';

import { TestClock } from '@purser/core';
import { openPool, type Pool } from '@purser/database';
import { scratchFolder } from '@purser/embedded';
import type { TestDatabase } from '@purser/database/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { call, createAuditLog, auditEvent, NOON } from '../testing/audit-log.ts';
import { appendAudit } from '../append-audit.ts';
import { readMark } from './mark.ts';
import { appendMark, readMarks } from './mark-file.ts';
import { findMissing, missingAfter, recordedMissing } from './missing.ts';
import { reportMissing } from './watch-marks.ts';

/* A database put back to an older state is a copy of it that was made in between. */

let opened: AsyncDisposableStack;
let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = await createAuditLog(2);
  opened.defer(() => database.drop());
  folder = opened.use(await scratchFolder()).folder;
});
afterEach(() => opened.disposeAsync());

const at = (seconds: number): Temporal.Instant => NOON.add({ seconds });

/** A call each second, and a mark after it. */
async function work(pool: Pool, from: number, to: number, name = 'server-1'): Promise<void> {
  for (let second = from; second < to; second++) {
    await call(pool);
    await appendAudit(pool, auditEvent({ at: at(second) }));
    await appendMark(folder, name, await readMark(pool, at(second)), 0);
  }
}

/** The database as it is now, under another name. */
async function olderState(): Promise<Pool> {
  await database.pool.end();
  const address = new URL(database.url);
  const name = `${address.pathname.slice(1)}_older`;
  const server = new URL(address);
  server.pathname = '/postgres';
  const admin = openPool(server.href, { connections_max: 1 });
  await admin.query(`create database ${name} template ${address.pathname.slice(1)}`);
  address.pathname = `/${name}`;
  const pool = openPool(address.href, { connections_max: 2 });
  opened.defer(async () => {
    await pool.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  });
  return pool;
}

test('a database that holds all that was marked outside misses nothing', async () => {
  await work(database.pool, 0, 5);
  expect(await findMissing(database.pool, await readMarks([folder]))).toBeUndefined();
});

test('one put back to an older state is told by the span of time and the number of rows that are gone', async () => {
  await work(database.pool, 0, 4);
  const older = await olderState();
  const ahead = openPool(database.url, { connections_max: 2 });
  await work(ahead, 4, 13);
  await ahead.end();
  expect(await findMissing(older, await readMarks([folder]))).toEqual({
    after: at(3),
    through: at(12),
    postings: 18n,
    attempts: 9n,
    entries: 9n,
  });
});

test('the same is told when the older state was written to again, under the same numbers, before anybody looked', async () => {
  await work(database.pool, 0, 4);
  const older = await olderState();
  const ahead = openPool(database.url, { connections_max: 2 });
  await work(ahead, 4, 8);
  await ahead.end();
  for (let calls = 0; calls < 6; calls++) {
    await call(older);
    await appendAudit(older, auditEvent());
  }
  expect(await findMissing(older, await readMarks([folder]))).toMatchObject({ after: at(3), through: at(7), postings: 8n });
});

test('what is missing is written down once, told to readers of the audit log, and its marks are put aside', async () => {
  await work(database.pool, 0, 2);
  const older = await olderState();
  const ahead = openPool(database.url, { connections_max: 2 });
  await work(ahead, 2, 5);
  await ahead.end();
  const clock = new TestClock(at(60));
  const places = { folders: [folder, path.join(folder, 'not-there')], name: 'server-1' };
  expect(await reportMissing(older, clock, places)).toMatchObject({ after: at(1), through: at(4) });
  expect(await reportMissing(older, clock, places)).toBeUndefined();
  expect(await recordedMissing(older)).toMatchObject([{ found_at: at(60), after: at(1), through: at(4), postings: 6n }]);
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^server-1\.marks\.missing-/)]);
  await expect.poll(async () => (await missingAfter(older, { xid: 0n, id: 0n }, 100)).found).toHaveLength(1);
});

test('another installation, an empty folder and a line that was cut by a crash tell of nothing', async () => {
  await work(database.pool, 0, 2);
  const [mark] = await readMarks([folder]);
  expect(await findMissing(database.pool, [])).toBeUndefined();
  expect(await findMissing(database.pool, [{ ...mark!, installation: 'another', newest: {} }])).toBeUndefined();
  await appendFile(path.join(folder, 'server-1.marks'), '{"at":"2026-03-10T12:00:09Z","installation":"');
  expect(await readMarks([folder])).toHaveLength(2);
});

test('a file of marks is bounded: past its size the past becomes coarser, the latest stay, and the oldest is kept', async () => {
  await work(database.pool, 0, 1);
  const mark = await readMark(database.pool, at(0));
  const many = Array.from({ length: 4_001 }, (_, second) => `${JSON.stringify({ ...mark, at: at(second).toString() })}\n`);
  await appendFile(path.join(folder, 'long.marks'), many.join(''));
  const kept = await appendMark(folder, 'long', { ...mark, at: at(9_000).toString() }, 4_001);
  const marks = (await readMarks([folder])).map((one) => one.at);
  expect([kept < 2_600, marks.at(-1), marks.includes(at(3_999).toString()), marks.includes(at(0).toString())]).toEqual([
    true,
    at(9_000).toString(),
    true,
    true,
  ]);
});
