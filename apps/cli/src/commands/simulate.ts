import { writeFile } from 'node:fs/promises';

import { Fault, systemClock, TestClock } from '@purser/core';
import { migrate, openPool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import { loadSettings } from '@purser/settings';
import { createLog } from '@purser/log';
import { openSimulatedEngine, provenCatalog, MIGRATIONS } from '@purser/server';
import { describeSimulation, playedProviders, simulate, simulationPage } from '@purser/simulation';

export interface SimulateOptions {
  readonly customers: string;
  readonly months: string;
  readonly seed: string;
  readonly html?: string;
}

/**
 * Simulated customers on a database made for it and thrown away; prints what came of each plan, exit 1 when a guarantee broke.
 * @throws Fault in one line for an option that is no such number.
 */
export async function printSimulation(options: SimulateOptions): Promise<void> {
  const customers = whole('--customers', options.customers, 1, 1_000_000);
  const months = whole('--months', options.months, 1, 36);
  const seed = whole('--seed', options.seed, 0, 2 ** 31 - 1);
  const settings = { ...loadSettings(process.cwd()), redis_url: undefined, nats_url: undefined };
  const log = createLog({ level: 'error' });
  const begin = nextMonth(systemClock.now());
  const catalog = await provenCatalog(settings, begin, log);
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await scratchDatabase());
  await bringForward(database.url);
  const engine = await openSimulatedEngine({
    settings,
    database_url: database.url,
    admin_token: 'simulation-without-administrators',
    catalog,
    log,
    clock: new TestClock(begin),
    providers: playedProviders(catalog, seed),
  });
  opened.use(engine);
  const started = performance.now();
  const result = await simulate({ engine, seed, customers, months, onDay: progress(months, started) });
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(result.calls / seconds);
  const finished = `${customers} customers, ${months} months, seed ${seed}: ${seconds.toFixed(0)} s, ${rate} calls a second`;
  console.log(describeSimulation(result));
  console.log(finished);
  if (options.html !== undefined) await writeFile(options.html, simulationPage(result, finished));
  if (result.broken.length > 0) process.exitCode = 1;
}

/** Months of the calendar are then months of the simulation. */
function nextMonth(now: Temporal.Instant): Temporal.Instant {
  return now.toZonedDateTimeISO('UTC').with({ day: 1 }).add({ months: 1 }).startOfDay().toInstant();
}

async function bringForward(url: string): Promise<void> {
  const pool = openPool(url, { connections_max: 1 });
  try {
    await migrate(pool, MIGRATIONS);
  } finally {
    await pool.end();
  }
}

/** A line that is written over, where somebody watches. */
function progress(months: number, started: number): (day: number, calls: number) => void {
  return (day, calls) => {
    if (!process.stderr.isTTY) return;
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stderr.write(`\rday ${day} of about ${months * 30}, ${calls} calls, ${seconds} s `);
  };
}

function whole(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Fault(`${option} wants a whole number from ${min} to ${max}; got '${text}'`, { retryable: false });
}
