import { systemClock } from '@purser/core';
import type { Pool } from '@purser/database';
import { marginReport } from '@purser/ledger';
import { type RunningServer, startServer } from '@purser/server';

import { scratchGiven } from '../given.ts';
import { heading, machine, ms, percentile, table } from '../report.ts';
import { seedCustomers } from './seed.ts';

const CALLERS = 8;
const QUIET_S = 5;

/** 100,000 customers whose billing periods are all due at once: start, refresh beside calls, sweep, reports. */
export async function benchScale(quick: boolean): Promise<void> {
  const customers = quick ? 5_000 : 100_000;
  await using opened = new AsyncDisposableStack();
  const { given, pool } = opened.use(await scratchGiven(2));

  const before = await startServer(given);
  const key = await customerKey(before);
  const quiet = await callWhile(before, key, pause(QUIET_S));
  await before.stop();
  await seedCustomers(pool, customers, given.catalog.version, systemClock.now());

  const starting = performance.now();
  const server = await startServer(given);
  opened.defer(async () => server.stop());
  const started_ms = performance.now() - starting;
  const refreshing = performance.now();
  const during = await callWhile(server, key, refreshed(pool));
  const refresh_s = (performance.now() - refreshing) / 1000;

  heading('Scale');
  console.log(`${machine()}. ${customers.toLocaleString('en')} customers, all of whose billing periods are due at once.\n`);
  table(
    ['', 'had'],
    [
      ['start of the server', `${ms(started_ms)} ms`],
      ['every period opened: price booked, credits granted', `${refresh_s.toFixed(1)} s`],
      [`p99 of calls, ${CALLERS} callers, before`, `${ms(quiet)} ms`],
      ['p99 of the same meanwhile', `${ms(during)} ms`],
      ['sweep of holds and grants', `${ms(await timed(() => server.composition.deps.meters.sweep()))} ms`],
      ...(await reports(pool)),
    ],
  );
}

async function reports(pool: Pool): Promise<[string, string][]> {
  const to = systemClock.now().add({ hours: 1 });
  const span = { from: to.subtract({ hours: 24 * 31 }), to };
  const rows: [string, string][] = [];
  for (const by of ['plan', 'workspace', 'pack'] as const) {
    rows.push([`margin of the month by ${by}`, `${ms(await timed(() => marginReport(pool, { ...span, by })))} ms`]);
  }
  return rows;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function customerKey({ composition }: RunningServer): Promise<string> {
  const created = await composition.deps.identity.createWorkspace({
    name: 'Caller',
    plan: 'ENTERPRISE',
    overrides: { rate: { rps: 100_000, rpm: 1_000_000, burst: 100_000 } },
  });
  if ('refused' in created) throw new Error(created.detail);
  return created.key;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function refreshed(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ due: boolean }>(
      'select exists (select 1 from wallet.refresh where due_at <= now()) as due',
    );
    if (!rows[0]?.due) return;
    await pause(0.25);
  }
}

/** The p99 of calls in milliseconds while something else goes on. */
async function callWhile({ address }: RunningServer, key: string, until: Promise<void>): Promise<number> {
  let done = false;
  const ended = until.then(() => {
    done = true;
  });
  const samples: number[] = [];
  const caller = async (): Promise<void> => {
    while (!done) {
      const started = performance.now();
      const answer = await fetch(`${address}/api/ai/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ operation: 'summarise', prompt: 'A purser keeps the money of a ship. Nobody sails without one.' }),
      });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`a call was answered ${answer.status}`);
      samples.push(performance.now() - started);
      await pause(0.02);
    }
  };
  await Promise.all([ended, ...Array.from({ length: CALLERS }, caller)]);
  return percentile(
    samples.toSorted((a, b) => a - b),
    0.99,
  );
}
