import type { Clock } from '@purser/core';
import type { Pool } from '@purser/database';
import {
  type JobKind,
  Jobs,
  type JetStreamOptions,
  jetStreamAnnouncer,
  jetStreamQueue,
  JobWatcher,
  postgresQueue,
  startWorker,
} from '@purser/jobs';
import type { BackgroundLog, Metrics } from '@purser/metrics';
import type { Settings } from '@purser/settings';

export interface JobParts<Needs> {
  readonly settings: Settings;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logOf: (work: string) => BackgroundLog;
  readonly kinds: readonly JobKind<Needs>[];
}

/** What a stopping worker gives the jobs it runs before it asks them to end. */
const GRACE_MS = 20_000;

/** Where jobs are put in and watched. They are told of on NATS where `NATS_URL` is set. @throws Fault when it cannot be had. */
export async function openJobs<Needs>(
  opened: AsyncDisposableStack,
  { settings, pool, clock, logOf, kinds }: JobParts<Needs>,
): Promise<{ jobs: Jobs; jobWatcher: JobWatcher }> {
  const nats = natsOptions(settings, logOf);
  const announcer = nats && (await jetStreamAnnouncer(nats));
  if (announcer) opened.defer(() => announcer.close());
  const jobWatcher = new JobWatcher(pool, (err) => logOf('jobs').error({ err }, 'watched jobs could not be read'));
  opened.defer(() => jobWatcher.close());
  return { jobs: new Jobs({ pool, clock, kinds, ...(announcer && { announcer }) }), jobWatcher };
}

/** Runs jobs in this process until it is closed; with no slots it runs none. */
export async function openWorker<Needs>(opened: AsyncDisposableStack, parts: JobParts<Needs>, needs: Needs): Promise<void> {
  const { settings, pool, clock, metrics, logOf, kinds } = parts;
  if (settings.worker_slots === 0) return;
  const nats = natsOptions(settings, logOf);
  const worker = await startWorker({
    pool,
    clock,
    log: logOf('jobs'),
    kinds,
    needs,
    openQueue: nats ? jetStreamQueue(nats) : postgresQueue(pool),
    slots: settings.worker_slots,
    observer: {
      started: (kind, lane, waited_s) => metrics.jobStarted(kind, lane, waited_s),
      ended: (kind, outcome, seconds) => metrics.jobEnded(kind, outcome, seconds),
    },
  });
  opened.defer(() => worker.stop(GRACE_MS));
}

function natsOptions({ nats_url, nats_name }: Settings, logOf: JobParts<never>['logOf']): JetStreamOptions | undefined {
  return nats_url === undefined ? undefined : { url: nats_url, name: nats_name, log: logOf('jobs on NATS') };
}
