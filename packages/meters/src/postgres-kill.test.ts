import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { openPool, type Pool } from '@purser/database';
import { startEmbedded } from '@purser/embedded';
import { suiteClock } from '@purser/core/testing';
import { verifyPostings } from '@purser/ledger';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Meters } from './meters.ts';
import { loadUntil, migrateAll } from './testing-load.ts';
import { verifyMeters } from './verify.ts';

const OWNER = fileURLToPath(new URL('database-owner.fixture.ts', import.meta.url));

let root: string;
let dataDir: string;
let stage: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'purser-meters-'));
  await chmod(root, 0o755);
  dataDir = path.join(root, 'data');
  stage = path.join(root, 'stage');
});
afterEach(async () => {
  // Whatever a test left behind when it failed is stopped as an orphan.
  await (await startEmbedded({ dataDir, stage })).stop();
  await rm(root, { recursive: true, force: true });
});

const statesOf = async (pool: Pool): Promise<Map<string, string>> => {
  const { rows } = await pool.query<{ id: string; state: string }>('select id, state::text from meters.hold');
  return new Map(rows.map(({ id, state }) => [id, state]));
};

async function expectWhole(pool: Pool): Promise<void> {
  expect(await verifyMeters(pool)).toMatchObject({ open_holds: 0n, mismatches: [] });
  expect((await verifyPostings(pool)).mismatches).toEqual([]);
}

test('kill -9 of Postgres under 64 callers: every acknowledged hold and settle is there, nothing is half done, callers meet faults worth retrying', async () => {
  const database = await startEmbedded({ dataDir, stage });
  const reads = openPool(database.url, { connections_max: 2 });
  const batches = openPool(database.url, { connections_max: 1 });
  try {
    await migrateAll(reads);
    const clock = suiteClock();
    const meters = new Meters({ pool: batches, clock }, reads);
    let stopped = false;
    const load = loadUntil(meters, clock, { callers: 64, stopped: () => stopped });
    // The callers march in step, so a kill may meet nothing but settles, which are sent again unseen; one that comes just then asks to hold.
    const probes: ReturnType<typeof loadUntil>[] = [];
    for (let kill = 0; kill < 3; kill++) {
      await sleep(400);
      const killed = database.pid();
      process.kill(killed, 'SIGKILL');
      probes.push(loadUntil(meters, clock, { callers: 1, stopped: () => stopped }));
      while (database.pid() === killed) await sleep(50);
    }
    await sleep(800);
    stopped = true;
    const told = await load;
    await meters.idle();

    for (const probe of await Promise.all(probes)) told.faults.push(...probe.faults);
    expect(told.faults.length).toBeGreaterThan(0);
    expect(told.faults.every(({ retryable }) => retryable)).toBe(true);
    const states = await statesOf(reads);
    expect([...told.held].filter((id) => !states.has(id))).toEqual([]);
    expect([...told.settled].filter((id) => states.get(id) !== 'settled')).toEqual([]);
    // An end whose answer was lost is sent again, so what was held has been settled by now, whoever was told.
    expect([...told.held].filter((id) => states.get(id) !== 'settled')).toEqual([]);
    clock.moveTo(clock.now().add({ minutes: 5 }));
    await meters.sweep();
    await expectWhole(reads);
  } finally {
    await batches.end();
    await reads.end();
    await database.stop();
  }
});

test('kill -9 of the owner of the database: its orphan is taken over, and what it had acknowledged is in the books', async () => {
  const owner = spawn(process.execPath, [OWNER, dataDir, stage], { stdio: ['ignore', 'pipe', 'inherit'] });
  const settled: string[] = [];
  let orphan = 0;
  const { promise: loaded, resolve } = Promise.withResolvers<void>();
  createInterface(owner.stdout).on('line', (text) => {
    const line = JSON.parse(text) as { pid: number } | { settled: string };
    if ('pid' in line) orphan = line.pid;
    else if (settled.push(line.settled) === 500) resolve();
  });
  await loaded;
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  expect(() => process.kill(orphan, 0)).not.toThrow();

  const database = await startEmbedded({ dataDir, stage });
  const pool = openPool(database.url, { connections_max: 2 });
  try {
    const states = await statesOf(pool);
    expect(settled.filter((id) => states.get(id) !== 'settled')).toEqual([]);
    const clock = suiteClock();
    clock.moveTo(clock.now().add({ minutes: 5 }));
    await new Meters({ pool, clock }, pool).sweep();
    await expectWhole(pool);
  } finally {
    await pool.end();
    await database.stop();
  }
});
