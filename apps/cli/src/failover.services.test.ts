import { setTimeout as wait } from 'node:timers/promises';

import { openPool, type Pool } from '@purser/database';
import { scratchFolder } from '@purser/embedded';
import { OwnPostgres } from '@purser/embedded/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { movingAddress } from './testing-address.ts';
import { runCli, serveCli, type ServingCli, TOKEN } from './testing.ts';

/* Two real clusters: one serves, a stand-by follows; the first is cut off like a machine without power, and the other is promoted. */

const LONG = { timeout: 180_000 };
let opened: AsyncDisposableStack;
let primary: OwnPostgres;
let folder: string;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  folder = opened.use(await scratchFolder()).folder;
  primary = opened.use(await OwnPostgres.start({ max_wal_senders: '4', wal_level: 'replica', fsync: 'off' }));
  await over(primary.url('postgres'), (pool) => pool.query('create database purser'));
}, 120_000);
afterEach(() => opened.disposeAsync());

async function over<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(url, { connections_max: 1 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

const generate = { operation: 'summarise', prompt: 'A text. And another sentence.' };

/** Calls one after the other until it is told to stop: the transactions that were acknowledged, and the statuses of the others. */
function callers(server: ServingCli, key: string, how_many: number) {
  const state = { stopped: false, acknowledged: [] as string[], refused: [] as number[] };
  const one = async (): Promise<void> => {
    while (!state.stopped) {
      const { status, json } = await server.ask('/api/ai/generate', key, generate);
      if (status === 200) state.acknowledged.push(String(json['transaction_id']));
      else state.refused.push(status);
      await wait(status === 200 ? 5 : 100);
    }
  };
  const all = Promise.all(Array.from({ length: how_many }, one));
  const stop = async (): Promise<void> => {
    state.stopped = true;
    await all;
  };
  return { state, stop, [Symbol.asyncDispose]: stop };
}

async function keyOn(server: ServingCli): Promise<string> {
  // Calls are to be many, whatever a plan allows.
  const { json } = await server.ask('/api/admin/workspaces', TOKEN, { name: 'A', plan: 'ENTERPRISE' });
  return String(json['key']);
}

test(
  'a synchronous stand-by promoted under load loses no acknowledged call; meanwhile 503, and then servers go on by themselves',
  LONG,
  async () => {
    const standby = opened.use(await primary.standby());
    await over(primary.url('postgres'), async (pool) => {
      await pool.query(`alter system set synchronous_standby_names = 'standby'`);
      await pool.query('select pg_reload_conf()');
      await expect
        .poll(async () => (await pool.query(`select from pg_stat_replication where sync_state = 'sync'`)).rowCount)
        .toBe(1);
    });
    const address = opened.use(await movingAddress(primary.url('purser')));
    await using server = await serveCli({ folder, database_url: address.url });
    await using load = callers(server, await keyOn(server), 4);
    await expect.poll(() => load.state.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(20);
    await primary.end('immediate');
    const before = load.state.acknowledged.length;
    await standby.promote();
    address.moveTo(standby.url('purser'));
    await expect.poll(() => load.state.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(before + 20);
    await load.stop();

    expect(load.state.refused.filter((status) => status !== 503 && status !== 429)).toEqual([]);
    await over(standby.url('purser'), async (pool) => {
      const { rows } = await pool.query<{ id: string }>('select id from meters.hold where id = any ($1::uuid[])', [
        load.state.acknowledged,
      ]);
      expect(new Set(load.state.acknowledged).difference(new Set(rows.map(({ id }) => id)))).toEqual(new Set());
    });
    expect(await server.ask('/api/admin/ledger/verify', TOKEN)).toMatchObject({ json: { mismatches: [] } });
    expect(server.said()).not.toMatch(/ledger entries are missing/);
  },
);

test(
  'an asynchronous one promoted behind is noticed by servers that go on: log, alert and verification say what is missing',
  LONG,
  async () => {
    const standby = opened.use(await primary.standby());
    const address = opened.use(await movingAddress(primary.url('purser')));
    const cli = { folder, database_url: address.url };
    await using server = await serveCli(cli);
    const key = await keyOn(server);
    await using load = callers(server, key, 2);
    await expect.poll(() => load.state.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(10);
    // From here on it receives nothing more.
    await standby.psql(`alter system set primary_conninfo = ''`, 'select pg_reload_conf()');
    await expect.poll(() => standby.psql('select count(*) from pg_stat_wal_receiver')).toBe('0\n');
    const caught_up = load.state.acknowledged.length;
    await expect.poll(() => load.state.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(caught_up + 20);
    await wait(3_000);
    await load.stop();
    await primary.end('immediate');
    await standby.promote();
    address.moveTo(standby.url('purser'));
    await expect
      .poll(server.said, { timeout: 60_000 })
      .toMatch(/about \d+ ledger entries, \d+ provider calls and \d+ audit events/);
    await expect
      .poll(async () => JSON.stringify((await server.ask('/api/admin/alerts', TOKEN)).json), { timeout: 60_000 })
      .toMatch(/Ledger entries are missing/);
    const verified = await runCli(cli, 'audit', 'verify');
    expect(verified.said).toMatch(/found \d{4}-[^\n]*: the database was restored to an older state/);
  },
);
