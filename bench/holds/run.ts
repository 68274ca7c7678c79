import { systemClock } from '@purser/core';
import { baseMigrations, migrate, openPool, openRoles, type Pool } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import { ledgerMigrations } from '@purser/ledger';
import { Meters, metersMigrations } from '@purser/meters';

import { cpuOfTree } from '../processes.ts';
import { heading, machine, median, ms, table } from '../report.ts';
import { fillLedger } from './fill-ledger.ts';
import { batchedPair, closedLoop, type Figures, openLoop } from './load.ts';
import { naivePair, seedNaive } from './naive.ts';
import { seedWorkspaces } from './seed.ts';
import { type Workspace, workspaceAt } from './workload.ts';

const WORKSPACES = 1_000;
const RATES = [3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 12_000];
const P99_KEPT_MS = 50;
/** With less of what was asked, callers queue without end. */
const KEPT_SHARE = 0.9;
const LEGS = 'Six legs, one of them the same row for all; hold row, attempt and two postings a pair; fsync on.';

interface Stage extends AsyncDisposable {
  readonly pool: Pool;
  readonly meters: Meters;
}

/** Hold + settle with six legs, postings, attempt and fsync, on an embedded server of its own. */
export async function benchHolds(quick: boolean): Promise<void> {
  await using stage = await openStage();
  heading('Hold and settle');
  console.log(`${machine()}. ${LEGS}\n`);
  await speed(stage, quick ? 3 : 10);
}

/** The same load on more workspaces and on a longer ledger. */
export async function benchFlatness(quick: boolean): Promise<void> {
  await using stage = await openStage();
  heading('Flatness');
  console.log(`${machine()}. ${LEGS}\n`);
  await flatness(stage, quick);
}

async function openStage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await scratchDatabase({ durable: true }));
  const pool = openPool(url, { connections_max: 16 });
  opened.defer(() => pool.end());
  await migrate(pool, [baseMigrations, ledgerMigrations, metersMigrations]);
  // As a server does it: as the role that owns nothing.
  const batches = openPool((await openRoles(url, undefined)).purser_work, { connections_max: 1 });
  opened.defer(() => batches.end());
  await seedWorkspaces(pool, 0, WORKSPACES);
  await pool.query('vacuum analyze');
  const meters = new Meters({ pool: batches, clock: systemClock, queue_max: 100_000 }, pool);
  opened.defer(() => meters.idle());
  const kept = opened.move();
  return { pool, meters, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function speed({ meters, pool }: Stage, seconds: number): Promise<void> {
  await seedNaive(pool);
  const pick = picker(WORKSPACES);
  await closedLoop(batchedPair(meters), pick, 64, 2);
  const rows: (string | number)[][] = [];
  const add = ({ figures, postgres_us }: Costed, name: string): void => {
    rows.push([name, figures.pairs_per_s, ms(figures.p50_ms), ms(figures.p99_ms), ms(figures.max_ms), postgres_us.toFixed(0)]);
  };
  for (const callers of [1, 16, 64, 256]) {
    const name = `${callers} ${callers === 1 ? 'caller' : 'callers'}, closed loop`;
    add(await costed(closedLoop(batchedPair(meters), pick, callers, seconds)), name);
  }
  const batched: number[] = [];
  const naive: number[] = [];
  for (let round = 0; round < 3; round++) {
    const ours = await costed(closedLoop(batchedPair(meters), pick, 512, seconds / 2));
    const theirs = await costed(closedLoop(naivePair(pool), pick, 512, seconds / 2));
    batched.push(ours.figures.pairs_per_s);
    naive.push(theirs.figures.pairs_per_s);
    if (round === 0) {
      add(ours, '512 callers, closed loop');
      add(theirs, '512 callers, one transaction per call');
    }
  }
  let highest = 0;
  for (const rate of RATES) {
    const kept = await costed(openLoop(meters, pick, rate, seconds));
    add(kept, `open loop, ${rate}/s asked`);
    if (kept.figures.p99_ms <= P99_KEPT_MS) highest = rate;
    if (kept.figures.pairs_per_s < KEPT_SHARE * rate) break;
  }
  table(['hold + settle', 'pairs/s', 'p50 ms', 'p99 ms', 'max ms', 'CPU µs of Postgres a pair'], rows);
  console.log(`The highest rate kept with p99 under ${P99_KEPT_MS} ms: ${highest === 0 ? 'none of these' : `${highest}/s`}.`);
  const ratios = batched.map((pairs, index) => pairs / (naive[index] ?? Number.NaN));
  console.log(
    `Batched against one transaction per call at 512 callers: ${median(ratios).toFixed(1)} × (median of 3 rounds side by side).`,
  );
}

interface Costed {
  readonly figures: Figures;
  readonly postgres_us: number;
}

/** A load with what it cost the database's processes, which are children of this one. */
async function costed(load: Promise<Figures>): Promise<Costed> {
  const before = postgresMs();
  const figures = await load;
  return { figures, postgres_us: ((postgresMs() - before) * 1000) / figures.pairs };
}

function postgresMs(): number {
  let used = 0;
  for (const [name, cpu_ms] of cpuOfTree(process.pid)) if (name.startsWith('postgres')) used += cpu_ms;
  return used;
}

async function flatness({ meters, pool }: Stage, quick: boolean): Promise<void> {
  const seconds = quick ? 3 : 8;
  const rows: (string | number)[][] = [];
  let base = 0;
  const measure = async (name: string, workspaces: number): Promise<void> => {
    await pool.query('checkpoint');
    const pick = freshPicker(workspaces);
    await closedLoop(batchedPair(meters), pick, 256, seconds / 2);
    const runs: Costed[] = [];
    for (let round = 0; round < 3; round++) {
      runs.push(await costed(closedLoop(batchedPair(meters), pick, 256, seconds / 2)));
    }
    const pairs = median(runs.map(({ figures }) => figures.pairs_per_s));
    base ||= pairs;
    rows.push([name, pairs, `${(pairs / base).toFixed(2)} ×`, median(runs.map(({ postgres_us }) => postgres_us)).toFixed(0)]);
  };
  await measure('1,000 workspaces, short ledger', WORKSPACES);
  const postings = quick ? 200_000 : 10_000_000;
  await fillLedger(pool, postings, WORKSPACES);
  await measure(`1,000 workspaces, ${postings.toLocaleString('en')} postings`, WORKSPACES);
  const many = quick ? 20_000 : 1_000_000;
  await seedWorkspaces(pool, WORKSPACES, many);
  await pool.query('vacuum analyze meters.panel, meters.grant');
  await measure(`1,000 active of ${many.toLocaleString('en')} workspaces`, WORKSPACES);
  await measure(`all of ${many.toLocaleString('en')} workspaces, uniformly`, many);
  table(['256 callers, closed loop', 'pairs/s', 'of the first', 'CPU µs of Postgres a pair'], rows);
}

/** Draws workspaces uniformly; they are made once, so their meter ids are computed once, as a policy's are. */
function picker(workspaces: number): () => Workspace {
  const kept = Array.from({ length: workspaces }, (_, n) => workspaceAt(n));
  return () => kept[Math.floor(Math.random() * workspaces)] as Workspace;
}

/** Draws from so many that they are made anew each time: what that costs here is not the database's, so both sides pay it. */
function freshPicker(workspaces: number): () => Workspace {
  return () => workspaceAt(Math.floor(Math.random() * workspaces));
}
