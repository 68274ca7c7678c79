import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { isRefusal } from '@purser/core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { postgresQueue } from './index.ts';
import { type Bench, openBench, workspaceId } from './testing.ts';

const FIXTURE = new URL('./worker-process.fixture.ts', import.meta.url).pathname;
const JOBS = 120;

let bench: Bench;
let folder: string;
const workers = new Set<ChildProcess>();
beforeAll(async () => {
  bench = await openBench(postgresQueue);
  folder = await mkdtemp(path.join(tmpdir(), 'purser-jobs-'));
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await bench.close();
  await rm(folder, { recursive: true, force: true });
});

async function startWorker(file: string): Promise<ChildProcess> {
  const orders = { database_url: bench.database.url, file, lease_s: 1, job_ms: 60 };
  const worker = spawn(process.execPath, [FIXTURE, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'inherit'] });
  workers.add(worker);
  await new Promise((resolve) => worker.stdout.once('data', resolve));
  return worker;
}

test('what a killed worker was at is done by another; no job is lost, and each that was done is written down as done once', async () => {
  const file = path.join(folder, 'done');
  const names = Array.from({ length: JOBS }, (_, index) => `job ${index}`);
  const put = await bench.jobs.enqueue(
    workspaceId(),
    names.map((name) => ({ kind: 'work', payload: { name } })),
    { running_max: 100 },
  );
  expect(isRefusal(put)).toBe(false);
  await bench.pool.query('update jobs.job set attempts_max = 50');
  let victim = await startWorker(file);
  for (let kills = 0; kills < 4; kills++) {
    const [next] = await Promise.all([startWorker(file), wait(150)]);
    victim.kill('SIGKILL');
    victim = next;
  }
  await expect.poll(() => bench.statuses()).toEqual({ succeeded: JOBS });
  const done = new Set((await readFile(file, 'utf8')).trim().split('\n'));
  expect(done).toEqual(new Set(names));
  await bench.assertCounted();
});
