import { baseMigrations, migrate, openPool, openRoles } from '@purser/database';
import { scratchDatabase } from '@purser/embedded';
import {
  type Announcer,
  type JetStreamOptions,
  jetStreamAnnouncer,
  jetStreamQueue,
  jobsMigrations,
  postgresQueue,
} from '@purser/jobs';

import { heading, machine, median, ms, percentile, table } from '../report.ts';
import { bareGraphile, bareJetStream } from './bare.ts';
import { contest, type Contestant } from './contest.ts';
import { ours } from './ours.ts';

const JOBS = { quick: 4_000, full: 20_000 };
const SINGLES = { quick: 40, full: 200 };

/** Trivial jobs beside the bare libraries, in turns, on an embedded server with fsync; NATS where `NATS_URL` is set. */
export async function benchJobs(quick: boolean): Promise<void> {
  heading('Jobs');
  const [jobs, singles] = quick ? [JOBS.quick, SINGLES.quick] : [JOBS.full, SINGLES.full];
  console.log(`${machine()}. ${jobs} jobs that do nothing, 50 places, fsync on; then single jobs into an idle queue.\n`);
  await using opened = new AsyncDisposableStack();
  const { url } = opened.use(await scratchDatabase({ durable: true }));
  const owner = openPool(url, { connections_max: 12, connect_timeout_ms: 60_000 });
  opened.defer(() => owner.end());
  await migrate(owner, [baseMigrations, jobsMigrations]);
  const pool = openPool((await openRoles(url, undefined)).purser_work, { connections_max: 12 });
  opened.defer(() => pool.end());
  const nats_url = process.env['NATS_URL'];
  const contestants: Contestant[] = [ours('jobs on Postgres', pool, postgresQueue(pool)), await bareGraphile(owner, url)];
  if (nats_url !== undefined) {
    const options: JetStreamOptions = { url: nats_url, name: `purser_bench_jobs_${Date.now()}`, log: console };
    const announcer: Announcer = await jetStreamAnnouncer(options);
    opened.defer(() => announcer.close());
    contestants.push(ours('jobs on JetStream', pool, jetStreamQueue(options), announcer), await bareJetStream(owner, nats_url));
  }
  const rows: string[][] = [];
  for (const contestant of contestants) {
    const { put_per_s, done_per_s, idle_ms } = await contest(contestant, jobs, singles);
    const sorted = idle_ms.toSorted((a, b) => a - b);
    rows.push([contestant.name, put_per_s.toFixed(0), done_per_s.toFixed(0), ms(median(sorted)), ms(percentile(sorted, 0.95))]);
  }
  table(['', 'put in a second', 'done a second', 'idle until begun, p50 ms', 'p95 ms'], rows);
}
