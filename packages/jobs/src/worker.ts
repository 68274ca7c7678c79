import { assert, type Clock, inBackground, repeat, type Repetition } from '@purser/core';
import { newId, type Pool } from '@purser/database';
import type { Log } from '@purser/log';

import { FinishBatch } from './finish-batch.ts';
import { JOB_COLUMNS, type JobId } from './job.ts';
import type { JobKind } from './job-kind.ts';
import { type Lane, laneLimits, LANES, LaneTurns, perLane } from './lanes.ts';
import { PROGRESS_EVERY_MS, ProgressBatch } from './progress-batch.ts';
import type { OpenQueue, Queue } from './queue.ts';
import { Attempt, type ClaimedJob, runAttempt } from './run-job.ts';

export interface WorkerOptions<Needs> {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly kinds: readonly JobKind<Needs>[];
  readonly needs: Needs;
  readonly openQueue: OpenQueue;
  /** Jobs under way at once. */
  readonly slots: number;
  /** How long a job is kept from others after the last sign of life. */
  readonly lease_s?: number;
  readonly observer?: WorkerObserver;
}

export interface WorkerObserver {
  started(kind: string, lane: Lane, waited_s: number): void;
  ended(kind: string, outcome: string, seconds: number): void;
}

const LEASE_S = 30;
const SWEEP_EVERY_MS = 1_000;
const SWEEP_ROWS_MAX = 1_000;
/** After a look that met lines which others had locked. */
const AGAIN_MS = 5;

/** Starts a worker: it claims jobs of the kinds it knows, runs them, and does what time does to jobs. */
export async function startWorker<Needs>(options: WorkerOptions<Needs>): Promise<Worker<Needs>> {
  const worker = new Worker(options);
  await worker.start();
  return worker;
}

export class Worker<Needs> {
  readonly #options: WorkerOptions<Needs>;
  readonly #kinds: ReadonlyMap<string, JobKind<Needs>>;
  /** One for the life of this worker: what it holds is its own. */
  readonly #lease = newId<'lease'>();
  readonly #lease_s: number;
  readonly #running = new Map<JobId, Attempt>();
  /** Of jobs whose code has ended and whose end is not written yet: they are this worker's still, and take no slot. */
  readonly #ending = new Set<JobId>();
  readonly #ended = new Map<JobId, Promise<void>>();
  readonly #turns = new LaneTurns();
  readonly #finishes: FinishBatch;
  readonly #progress: ProgressBatch;
  #queue: Queue | undefined;
  #repetitions: Repetition[] = [];
  #renewed_ms = performance.now();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #stopping = false;
  #stopped: Promise<void> | undefined;

  constructor(options: WorkerOptions<Needs>) {
    const { pool, clock, log, kinds } = options;
    this.#options = options;
    this.#kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
    assert(this.#kinds.size === kinds.length, 'a kind of job is defined twice');
    this.#lease_s = options.lease_s ?? LEASE_S;
    this.#finishes = new FinishBatch({
      pool,
      clock,
      lease: this.#lease,
      written: (opened) => {
        if (opened.length === 0) return;
        this.#queue?.opened(opened);
        this.#look();
      },
      failed: (err) => log.error({ err }, 'the end of jobs could not be written'),
    });
    this.#progress = new ProgressBatch(pool, this.#lease);
  }

  async start(): Promise<void> {
    const { openQueue, log, slots } = this.#options;
    this.#queue = await openQueue(() => this.#look(), slots);
    this.#repetitions = [
      repeat(
        SWEEP_EVERY_MS,
        () => this.#sweep(),
        (err) => log.error({ err }, 'due and lost jobs could not be swept'),
      ),
      repeat(
        (this.#lease_s * 1_000) / 3,
        () => this.#renew(),
        (err) => log.error({ err }, 'leases of jobs could not be renewed'),
      ),
      repeat(
        PROGRESS_EVERY_MS,
        () => this.#progress.write(),
        (err) => log.warn({ err }, 'the progress of jobs could not be written'),
      ),
    ];
    this.#look();
  }

  /**
   * Claims nothing more, gives what runs `grace_ms` to end, then asks it to; what heeds that goes back to its lane with its attempt. It
   * waits for the rest as long as it takes: a process that cannot wait ends, and the leases run out.
   */
  stop(grace_ms: number): Promise<void> {
    this.#stopped ??= this.#stop(grace_ms);
    return this.#stopped;
  }

  async #stop(grace_ms: number): Promise<void> {
    this.#stopping = true;
    await this.#looking;
    const late = setTimeout(() => this.#stopAll(), grace_ms);
    if (grace_ms === 0) this.#stopAll();
    while (this.#ended.size > 0) await Promise.all(this.#ended.values());
    clearTimeout(late);
    await Promise.all(this.#repetitions.map((repetition) => repetition.stop()));
    await this.#queue?.close();
  }

  #stopAll(): void {
    for (const attempt of this.#running.values()) attempt.stop('stopping');
  }

  /** One look at a time; what comes meanwhile leads to another. */
  #look(): void {
    if (this.#stopping) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#lookAll().finally(() => {
      this.#looking = undefined;
      if (this.#lookAgain) this.#look();
    });
  }

  async #lookAll(): Promise<void> {
    this.#lookAgain = false;
    try {
      while (!this.#stopping && (await this.#claim())) this.#lookAgain = false;
    } catch (err) {
      this.#options.log.error({ err }, 'jobs could not be claimed');
    }
  }

  /** Whether it is worth another look at once. */
  async #claim(): Promise<boolean> {
    const { pool, slots } = this.#options;
    const queue = this.#queue;
    const free = slots - this.#running.size;
    if (queue === undefined || free <= 0) return false;
    const hints = queue.hints();
    const limits = laneLimits(slots);
    const under_way = this.#perLaneRunning();
    const most = perLane((lane) => Math.max(0, Math.min(hints.get(lane) ?? 0, limits[lane] - under_way[lane], free)));
    const lanes = LANES.filter((lane) => most[lane] > 0);
    if (lanes.length === 0) return false;
    const wants = this.#turns.take(free, new Set(lanes));
    queue.looking(new Map(lanes.map((lane) => [lane, most[lane]])));
    const { rows } = await pool.query<ClaimedJob>(
      `select ${JOB_COLUMNS}, payload, deadline_at, extract(epoch from started_at - due_at)::float8 as waited_s
       from jobs.claim($1, $2, $3, $4, $5, $6)`,
      [
        this.#lease,
        this.#lease_s,
        lanes,
        lanes.map((lane) => Math.min(wants[lane], most[lane])),
        lanes.map((lane) => most[lane]),
        free,
      ],
    );
    for (const job of rows) this.#begin(job);
    const counts = Map.groupBy(rows, ({ lane }) => lane);
    queue.found(new Map([...counts].map(([lane, { length }]) => [lane, length])), rows.length < free);
    if (rows.length >= free) return false;
    const open = await this.#openLanes();
    queue.seen(open);
    const blocked = lanes.some((lane) => open.has(lane) && limits[lane] > this.#perLaneRunning()[lane]);
    if (rows.length === 0 && blocked) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return blocked;
  }

  #perLaneRunning(): Record<Lane, number> {
    const running = perLane(() => 0);
    for (const { job } of this.#running.values()) running[job.lane] += 1;
    return running;
  }

  async #openLanes(): Promise<ReadonlySet<Lane>> {
    const { rows } = await this.#options.pool.query<{ open_lanes: Lane }>('select open_lanes from jobs.open_lanes()');
    return new Set(rows.map(({ open_lanes }) => open_lanes));
  }

  #begin(job: ClaimedJob): void {
    const attempt = new Attempt(job);
    this.#running.set(job.id, attempt);
    const ended = this.#run(attempt).finally(() => {
      this.#ending.delete(job.id);
      this.#ended.delete(job.id);
    });
    this.#ended.set(job.id, ended);
    inBackground(ended, (err) => this.#options.log.error({ err, job: job.id }, 'a job could not be ended'));
  }

  async #run(attempt: Attempt): Promise<void> {
    const { needs, clock, log, observer } = this.#options;
    const { job } = attempt;
    const kind = this.#kinds.get(job.kind);
    const began_ms = performance.now();
    observer?.started(job.kind, job.lane, job.waited_s);
    const finish =
      kind === undefined
        ? ({
            job: job.id,
            // Not an attempt: a worker of another version may know the kind.
            outcome: 'released',
            code: 'unknown_kind',
            detail: `no worker knows jobs of the kind ${job.kind}`,
            run_at: clock.now().add({ seconds: 30 }),
          } as const)
        : await runAttempt(
            { needs, clock, log, progress: (id, done, total) => this.#progress.set(id, done, total) },
            kind,
            attempt,
          );
    this.#running.delete(job.id);
    this.#ending.add(job.id);
    this.#look();
    // The last word on progress comes before the end, after which none counts.
    if (this.#progress.has(job.id))
      await this.#progress.write().catch((err: unknown) => log.warn({ err }, 'the progress of jobs could not be written'));
    if (attempt.reason !== 'lost') await this.#finishes.add(finish, () => this.#renewed_ms + this.#lease_s * 1_000);
    observer?.ended(job.kind, finish.outcome, (performance.now() - began_ms) / 1_000);
  }

  async #sweep(): Promise<void> {
    const { pool, clock } = this.#options;
    await pool.query('select from jobs.sweep($1, $2)', [clock.now().toString(), SWEEP_ROWS_MAX]);
    await this.#heedCancels();
    this.#queue?.seen(await this.#openLanes());
    this.#look();
  }

  async #heedCancels(): Promise<void> {
    if (this.#running.size === 0) return;
    const { rows } = await this.#options.pool.query<{ job_id: JobId }>(
      'select job_id from jobs.job where job_id = any ($1) and cancel_asked and lease_id = $2',
      [[...this.#running.keys()], this.#lease],
    );
    for (const { job_id } of rows) this.#running.get(job_id)?.stop('cancelled');
  }

  async #renew(): Promise<void> {
    const asked_ms = performance.now();
    const ids = [...this.#running.keys(), ...this.#ending];
    if (ids.length > 0) {
      const { rows } = await this.#options.pool.query<{ renew: JobId }>('select renew from jobs.renew($1, $2, $3)', [
        this.#lease,
        this.#lease_s,
        ids,
      ]);
      const ours = new Set(rows.map(({ renew }) => renew));
      for (const id of ids) if (!ours.has(id)) this.#running.get(id)?.stop('lost');
    }
    this.#renewed_ms = asked_ms;
  }
}
